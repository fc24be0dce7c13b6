// Written by `python -m foretell.kernels.boundary` from `foretell/kernels/schema.py`: change that.
// clang-format off
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

namespace foretell {

// The cells that the compiled scan knows.
enum class CellKind : int64_t { rnn_tanh, rnn_relu, lstm, gru, gru_reset_before };

// The heads that a WaveNet's generation samples from.
enum class HeadKind : int64_t { categorical, mixture_of_logistics, gaussian };

// In what a WaveNet's generation keeps matrices, from the most exact to the least.
enum class WeightKind : int64_t { float32, bfloat16, int8 };

// T steps, B sequences, I input features, H hidden features, R of the output: R = H but for an LSTM with a projection.
// Three layouts of the sequences: a padded batch (T, B, .), the same with `lengths` (B,), or packed rows (N, .) with
// `batch_sizes` (T,), never increasing, as torch's PackedSequence has them.
struct ScanShape {
    int64_t cell;  // CellKind
    int64_t layer_norm, reverse;  // 0 or 1
    int64_t half;  // 1 where weight_ih, weight_hh, weight_hr and their gradients are bfloat16, in half precision alone
    int64_t steps, batch, inputs, hidden, outputs;
    int64_t slices;  // equal parts of the batch with weight gradients of their own, one after another; 0 or 1 for none
    const int64_t *lengths, *batch_sizes;
};

// A cell's parameters by torch's names and in its order of gates, row-major; null for those that it does not have.
struct ScanWeights {
    const void *weight_ih, *weight_hh, *bias_ih, *bias_hh;
    const void *weight_hr;  // (R, H)
    const void *weight_peephole;  // (3, H): i, f, o
    const void *ln_ih_weight, *ln_hh_weight;  // of the norms of the two products (gates * H,)
    const void *ln_weight, *ln_bias;  // of an RNN's one norm (H,)
    const void *ln_c_weight, *ln_c_bias;  // of the norm of the cell state (H,)
};

// What the sequences bring along, and what a scan leaves. Features are contiguous; null stands for what is absent.
struct ScanState {
    const void *x;
    int64_t x_step, x_row;  // strides
    const void *initial_h, *initial_c;  // (B, R) and (B, H), as are the final states
    const void *recurrent_mask;  // (B, R): multiplies h(t-1) on its way into the gates
    const void *keep_h, *keep_c;  // zoneout: shares of the old value, in the layout of the outputs,
    double rate_h, rate_c;  // or one share for all where these are null
    void *output, *final_h, *final_c;
    void *gates, *cells;  // what backward needs, in the kernel's own layout; null where no gradient is wanted
};

// The gradients of the parameters of the same names; null for those that are not wanted.
struct ScanWeightGradients {
    void *weight_ih, *weight_hh, *bias_ih, *bias_hh;
    void *weight_hr;  // (R, H)
    void *weight_peephole;  // (3, H): i, f, o
    void *ln_ih_weight, *ln_hh_weight;  // of the norms of the two products (gates * H,)
    void *ln_weight, *ln_bias;  // of an RNN's one norm (H,)
    void *ln_c_weight, *ln_c_bias;  // of the norm of the cell state (H,)
};

// Those of the results, which come in, and those of what was given, which are left.
struct ScanGradients {
    const void *output;
    int64_t output_step, output_row;  // strides
    const void *final_h, *final_c;
    void *x, *initial_h, *initial_c;
    ScanWeightGradients weights;
};

// A layer's scan in one direction.
struct Scan {
    int64_t threads;
    int64_t following;  // scans of the same form, one after another behind this one: all are run side by side
    const void *ask;  // int (*)(), called now and then on the caller's thread: other than 0 ends the call; may be null
    ScanShape shape;
    ScanWeights weights;
    ScanState state;
    ScanGradients gradients;
};

// A WaveNet, as `foretell/nn/layers/wavenet.py` has it. Matrices are torch's, row-major, in single precision: of layer
// k `gated` (2R, R, kernel), `gated_bias` (2R,), `mixed` (R + S, R) with the rows of the residual first, or (S, R) in
// the last layer, `mixed_bias`. `constants` (B, layers, 2R) is what the global conditioning adds, null for nothing.
struct WaveNetNetwork {
    int64_t inputs;  // levels that a look-up takes, or 1 for a scalar
    int64_t residual, skip, outputs, layers, kernel, batch;
    int64_t threads;  // that calls will probably have: the weights are laid out for it
    const int64_t *dilations;
    const float *input, *input_bias;  // (R, inputs), (R,)
    const float *const *gated, *const *gated_bias, *const *mixed, *const *mixed_bias;
    const float *hidden, *hidden_bias;  // (S, S), (S,)
    const float *output, *output_bias;  // (outputs, S), (outputs,)
    const float *constants;
    int64_t weights;  // WeightKind
    int64_t head;  // HeadKind
    int64_t bits;  // of the grid that a mixture's values lie on
    float least_log_scale, greatest_log_scale;
    const float *log_widths;  // (outputs,) of levels, whose density then has the temperature; null for all the same
};

// One call of the generator. `uniforms` (steps, B, 2) in [0, 1) are all the chance there is. `local` (steps, B, layers,
// 2R) is what the local conditioning adds, null for nothing. Values are levels or scalars, by the head: those generated
// (B, steps), and the last ones before them, `before` (B,), which the first step reads.
struct WaveNetCall {
    int64_t steps, threads;
    const float *uniforms, *local;
    double temperature;
    const float *temperatures;  // (steps,), null for the same at all steps
    int64_t top_k;  // 0 for all
    double top_p;  // 1 for all
    const int64_t *levels_before;
    const float *scalars_before;
    int64_t *levels;
    float *scalars;
};

// A WaveNet's layers over whole sequences. Of B sequences of T time steps layer k has `x[k]` (B, past + T, R), its
// inputs, of which the first `past` = (kernel - 1) dilation rows are from before; and `gates[k]` (B, T, units, 2,
// lanes), the filter's tanh and the gate's sigma of each vector of units. Forwards x[0] is given, and the rest is left
// for backward. Weights as in `WaveNetNetwork`, layer by layer; `extra[k]` (B, T, 2R) or, the same for all time steps,
// (B, 1, 2R) is what conditioning adds, null for nothing. To it comes the product of `local` (B, T, L) with
// `local_weights[k]` (2R, L); L is `local_size`, 0 for none.
struct WaveNetStack {
    int64_t layers, residual, skip, kernel, batch, steps, threads;
    int64_t extra_steps, local_size;  // T or 1, and L
    const int64_t *dilations;
    const void *const *gated, *const *gated_bias, *const *mixed, *const *mixed_bias, *const *extra;
    const void *local;
    const void *const *local_weights;
    void *const *x, *const *gates;
    void *skips;  // (B, T, S)
    const void *grad_skips;  // (B, T, S)
    void *grad_x;  // (B, T, R), of x[0] without the past
    void *const *grad_gated, *const *grad_gated_bias;  // (kernel, 2R, R), (2R,)
    void *const *grad_residual, *const *grad_residual_bias, *const *grad_skip, *const *grad_skip_bias;
    void *const *grad_extra;  // (B, T, units, 2, lanes) each, null where not wanted
    void *grad_local;  // (B, T, L), null where not wanted
    void *const *grad_local_weights;  // (2R, L)
};

// A network that predicts a token from the one before: an embedding, recurrent layers, maybe attention, a linear head.
// All in single precision; B sequences. The outputs are head p + head_bias, p = projection f + projection_bias or,
// where that is null, the features f. Attention, where `memory` is not null: score = query . key, context = sum of the
// memory under softmax(score), and the head sees tanh(combine [context; query] + combine_bias).
struct DecoderNetwork {
    int64_t sequences, rows, threads;  // B, and how many rows there may be at most: more than B in a beam search
    int64_t vocabulary, embedded, constant, features, outputs, layers;
    const float *embedding;  // (vocabulary, embedded)
    const float *constants;  // (B, constant): beside the embedded token at every step; null where constant = 0
    const Scan *recurrent;  // each with its weights, its sizes, and the initial state (B, .)
    int64_t projected;  // the size of p
    const float *projection, *projection_bias, *head, *head_bias;
    int64_t memory_steps, memory_size;
    const float *memory, *keys;  // (B, S, memory_size) and (B, S, features)
    const uint8_t *mask;  // (B, S): zero for a step without weight; null: all count
    const float *combine, *combine_bias;
};

// Some steps of all sequences that have not ended, each token drawn from the outputs and fed back.
struct DecoderCall {
    int64_t first, steps, end;  // the number of the first step; the token that ends a sequence, -1 for none
    double temperature;  // 0 takes the likeliest token
    int64_t top_k;  // 0 for all
    double top_p;  // 1 for all
    const float *uniforms;  // (steps, B) in [0, 1); null where nothing is drawn
    int64_t *tokens;  // (B): those to be fed, and then those to be fed next
    int64_t *ids, *lengths;  // (B, row) and (B): `end` itself is not stored, but the step at which it came is
    int64_t row;
    int64_t going;  // how many sequences have not ended
};

// One step of rows that a beam search chooses.
struct DecoderExpansion {
    int64_t rows, top;
    const int64_t *tokens, *origins;  // (rows): what is fed, and the row of the step before whose state it continues
    float *likely;  // (rows, top): the greatest outputs, falling
    int64_t *likely_tokens;  // (rows, top)
    float *log_sum;  // (rows): log of the sum of exp(outputs)
};

// B series of T steps on one time grid, NaN where nothing was seen; leading NaN come before a series began. Infinities
// and what is beyond 1e300 count as NaN, so that all results are finite. Everything at a step is computed from the
// values up to that step alone. P exponential smoothings; those from `first_of_second` on follow the second season
// where there is one.
struct CandidateScan {
    int64_t series, steps, threads;
    int64_t season, second;  // season lengths in steps; 1 and 0 for none
    const double *values;  // (B, T)
    int64_t smoothings, first_of_second;
    const double *level_gain, *trend_gain, *damping, *season_gain;  // (P)
    const uint8_t *theta, *logarithmic;  // (P)
    int64_t window;  // features are wanted of the last W steps
    float *features;  // (B, W, F)
    int64_t anchors, ahead, each;  // A, H; whether the steps ahead differ from anchor to anchor
    const int64_t *anchor;  // (B, A) ascending: the steps to forecast from
    const int64_t *step_ahead;  // (H), or (B, A, H) with `each`
    float *candidates;  // (B, A, K, H): in units from the last value
    double *unit, *last;  // (B, A)
};

// FNV-1a of all names, places, sizes and kinds: a library and a Python package of different layouts part here.
struct LayoutHash {
    uint64_t value = 0xcbf29ce484222325;

    constexpr void add(const char* name, size_t first, size_t second = 0, uint32_t kind = 0) {
        for (; *name; ++name) add_byte(uint8_t(*name));
        for (const uint32_t number : {uint32_t(first), uint32_t(second), kind})
            for (int shift = 0; shift < 32; shift += 8) add_byte(uint8_t(number >> shift));
    }

  private:
    constexpr void add_byte(uint8_t byte) { value = (value ^ byte) * 0x100000001b3; }
};

template <class Field>
constexpr uint32_t field_kind =
    std::is_pointer_v<Field> ? 1 : std::is_floating_point_v<Field> ? 2 : std::is_class_v<Field> ? 3 : 0;

#define FIELD(structure, name) \
    hash.add(#name, offsetof(structure, name), sizeof(structure::name), field_kind<decltype(structure::name)>)

constexpr uint64_t layout_hash() {
    LayoutHash hash;
    hash.add("rnn_tanh", size_t(CellKind::rnn_tanh));
    hash.add("rnn_relu", size_t(CellKind::rnn_relu));
    hash.add("lstm", size_t(CellKind::lstm));
    hash.add("gru", size_t(CellKind::gru));
    hash.add("gru_reset_before", size_t(CellKind::gru_reset_before));
    hash.add("categorical", size_t(HeadKind::categorical));
    hash.add("mixture_of_logistics", size_t(HeadKind::mixture_of_logistics));
    hash.add("gaussian", size_t(HeadKind::gaussian));
    hash.add("float32", size_t(WeightKind::float32));
    hash.add("bfloat16", size_t(WeightKind::bfloat16));
    hash.add("int8", size_t(WeightKind::int8));
    hash.add("ScanShape", sizeof(ScanShape));
    FIELD(ScanShape, cell);
    FIELD(ScanShape, layer_norm);
    FIELD(ScanShape, reverse);
    FIELD(ScanShape, half);
    FIELD(ScanShape, steps);
    FIELD(ScanShape, batch);
    FIELD(ScanShape, inputs);
    FIELD(ScanShape, hidden);
    FIELD(ScanShape, outputs);
    FIELD(ScanShape, slices);
    FIELD(ScanShape, lengths);
    FIELD(ScanShape, batch_sizes);
    hash.add("ScanWeights", sizeof(ScanWeights));
    FIELD(ScanWeights, weight_ih);
    FIELD(ScanWeights, weight_hh);
    FIELD(ScanWeights, bias_ih);
    FIELD(ScanWeights, bias_hh);
    FIELD(ScanWeights, weight_hr);
    FIELD(ScanWeights, weight_peephole);
    FIELD(ScanWeights, ln_ih_weight);
    FIELD(ScanWeights, ln_hh_weight);
    FIELD(ScanWeights, ln_weight);
    FIELD(ScanWeights, ln_bias);
    FIELD(ScanWeights, ln_c_weight);
    FIELD(ScanWeights, ln_c_bias);
    hash.add("ScanState", sizeof(ScanState));
    FIELD(ScanState, x);
    FIELD(ScanState, x_step);
    FIELD(ScanState, x_row);
    FIELD(ScanState, initial_h);
    FIELD(ScanState, initial_c);
    FIELD(ScanState, recurrent_mask);
    FIELD(ScanState, keep_h);
    FIELD(ScanState, keep_c);
    FIELD(ScanState, rate_h);
    FIELD(ScanState, rate_c);
    FIELD(ScanState, output);
    FIELD(ScanState, final_h);
    FIELD(ScanState, final_c);
    FIELD(ScanState, gates);
    FIELD(ScanState, cells);
    hash.add("ScanWeightGradients", sizeof(ScanWeightGradients));
    FIELD(ScanWeightGradients, weight_ih);
    FIELD(ScanWeightGradients, weight_hh);
    FIELD(ScanWeightGradients, bias_ih);
    FIELD(ScanWeightGradients, bias_hh);
    FIELD(ScanWeightGradients, weight_hr);
    FIELD(ScanWeightGradients, weight_peephole);
    FIELD(ScanWeightGradients, ln_ih_weight);
    FIELD(ScanWeightGradients, ln_hh_weight);
    FIELD(ScanWeightGradients, ln_weight);
    FIELD(ScanWeightGradients, ln_bias);
    FIELD(ScanWeightGradients, ln_c_weight);
    FIELD(ScanWeightGradients, ln_c_bias);
    hash.add("ScanGradients", sizeof(ScanGradients));
    FIELD(ScanGradients, output);
    FIELD(ScanGradients, output_step);
    FIELD(ScanGradients, output_row);
    FIELD(ScanGradients, final_h);
    FIELD(ScanGradients, final_c);
    FIELD(ScanGradients, x);
    FIELD(ScanGradients, initial_h);
    FIELD(ScanGradients, initial_c);
    FIELD(ScanGradients, weights);
    hash.add("Scan", sizeof(Scan));
    FIELD(Scan, threads);
    FIELD(Scan, following);
    FIELD(Scan, ask);
    FIELD(Scan, shape);
    FIELD(Scan, weights);
    FIELD(Scan, state);
    FIELD(Scan, gradients);
    hash.add("WaveNetNetwork", sizeof(WaveNetNetwork));
    FIELD(WaveNetNetwork, inputs);
    FIELD(WaveNetNetwork, residual);
    FIELD(WaveNetNetwork, skip);
    FIELD(WaveNetNetwork, outputs);
    FIELD(WaveNetNetwork, layers);
    FIELD(WaveNetNetwork, kernel);
    FIELD(WaveNetNetwork, batch);
    FIELD(WaveNetNetwork, threads);
    FIELD(WaveNetNetwork, dilations);
    FIELD(WaveNetNetwork, input);
    FIELD(WaveNetNetwork, input_bias);
    FIELD(WaveNetNetwork, gated);
    FIELD(WaveNetNetwork, gated_bias);
    FIELD(WaveNetNetwork, mixed);
    FIELD(WaveNetNetwork, mixed_bias);
    FIELD(WaveNetNetwork, hidden);
    FIELD(WaveNetNetwork, hidden_bias);
    FIELD(WaveNetNetwork, output);
    FIELD(WaveNetNetwork, output_bias);
    FIELD(WaveNetNetwork, constants);
    FIELD(WaveNetNetwork, weights);
    FIELD(WaveNetNetwork, head);
    FIELD(WaveNetNetwork, bits);
    FIELD(WaveNetNetwork, least_log_scale);
    FIELD(WaveNetNetwork, greatest_log_scale);
    FIELD(WaveNetNetwork, log_widths);
    hash.add("WaveNetCall", sizeof(WaveNetCall));
    FIELD(WaveNetCall, steps);
    FIELD(WaveNetCall, threads);
    FIELD(WaveNetCall, uniforms);
    FIELD(WaveNetCall, local);
    FIELD(WaveNetCall, temperature);
    FIELD(WaveNetCall, temperatures);
    FIELD(WaveNetCall, top_k);
    FIELD(WaveNetCall, top_p);
    FIELD(WaveNetCall, levels_before);
    FIELD(WaveNetCall, scalars_before);
    FIELD(WaveNetCall, levels);
    FIELD(WaveNetCall, scalars);
    hash.add("WaveNetStack", sizeof(WaveNetStack));
    FIELD(WaveNetStack, layers);
    FIELD(WaveNetStack, residual);
    FIELD(WaveNetStack, skip);
    FIELD(WaveNetStack, kernel);
    FIELD(WaveNetStack, batch);
    FIELD(WaveNetStack, steps);
    FIELD(WaveNetStack, threads);
    FIELD(WaveNetStack, extra_steps);
    FIELD(WaveNetStack, local_size);
    FIELD(WaveNetStack, dilations);
    FIELD(WaveNetStack, gated);
    FIELD(WaveNetStack, gated_bias);
    FIELD(WaveNetStack, mixed);
    FIELD(WaveNetStack, mixed_bias);
    FIELD(WaveNetStack, extra);
    FIELD(WaveNetStack, local);
    FIELD(WaveNetStack, local_weights);
    FIELD(WaveNetStack, x);
    FIELD(WaveNetStack, gates);
    FIELD(WaveNetStack, skips);
    FIELD(WaveNetStack, grad_skips);
    FIELD(WaveNetStack, grad_x);
    FIELD(WaveNetStack, grad_gated);
    FIELD(WaveNetStack, grad_gated_bias);
    FIELD(WaveNetStack, grad_residual);
    FIELD(WaveNetStack, grad_residual_bias);
    FIELD(WaveNetStack, grad_skip);
    FIELD(WaveNetStack, grad_skip_bias);
    FIELD(WaveNetStack, grad_extra);
    FIELD(WaveNetStack, grad_local);
    FIELD(WaveNetStack, grad_local_weights);
    hash.add("DecoderNetwork", sizeof(DecoderNetwork));
    FIELD(DecoderNetwork, sequences);
    FIELD(DecoderNetwork, rows);
    FIELD(DecoderNetwork, threads);
    FIELD(DecoderNetwork, vocabulary);
    FIELD(DecoderNetwork, embedded);
    FIELD(DecoderNetwork, constant);
    FIELD(DecoderNetwork, features);
    FIELD(DecoderNetwork, outputs);
    FIELD(DecoderNetwork, layers);
    FIELD(DecoderNetwork, embedding);
    FIELD(DecoderNetwork, constants);
    FIELD(DecoderNetwork, recurrent);
    FIELD(DecoderNetwork, projected);
    FIELD(DecoderNetwork, projection);
    FIELD(DecoderNetwork, projection_bias);
    FIELD(DecoderNetwork, head);
    FIELD(DecoderNetwork, head_bias);
    FIELD(DecoderNetwork, memory_steps);
    FIELD(DecoderNetwork, memory_size);
    FIELD(DecoderNetwork, memory);
    FIELD(DecoderNetwork, keys);
    FIELD(DecoderNetwork, mask);
    FIELD(DecoderNetwork, combine);
    FIELD(DecoderNetwork, combine_bias);
    hash.add("DecoderCall", sizeof(DecoderCall));
    FIELD(DecoderCall, first);
    FIELD(DecoderCall, steps);
    FIELD(DecoderCall, end);
    FIELD(DecoderCall, temperature);
    FIELD(DecoderCall, top_k);
    FIELD(DecoderCall, top_p);
    FIELD(DecoderCall, uniforms);
    FIELD(DecoderCall, tokens);
    FIELD(DecoderCall, ids);
    FIELD(DecoderCall, lengths);
    FIELD(DecoderCall, row);
    FIELD(DecoderCall, going);
    hash.add("DecoderExpansion", sizeof(DecoderExpansion));
    FIELD(DecoderExpansion, rows);
    FIELD(DecoderExpansion, top);
    FIELD(DecoderExpansion, tokens);
    FIELD(DecoderExpansion, origins);
    FIELD(DecoderExpansion, likely);
    FIELD(DecoderExpansion, likely_tokens);
    FIELD(DecoderExpansion, log_sum);
    hash.add("CandidateScan", sizeof(CandidateScan));
    FIELD(CandidateScan, series);
    FIELD(CandidateScan, steps);
    FIELD(CandidateScan, threads);
    FIELD(CandidateScan, season);
    FIELD(CandidateScan, second);
    FIELD(CandidateScan, values);
    FIELD(CandidateScan, smoothings);
    FIELD(CandidateScan, first_of_second);
    FIELD(CandidateScan, level_gain);
    FIELD(CandidateScan, trend_gain);
    FIELD(CandidateScan, damping);
    FIELD(CandidateScan, season_gain);
    FIELD(CandidateScan, theta);
    FIELD(CandidateScan, logarithmic);
    FIELD(CandidateScan, window);
    FIELD(CandidateScan, features);
    FIELD(CandidateScan, anchors);
    FIELD(CandidateScan, ahead);
    FIELD(CandidateScan, each);
    FIELD(CandidateScan, anchor);
    FIELD(CandidateScan, step_ahead);
    FIELD(CandidateScan, candidates);
    FIELD(CandidateScan, unit);
    FIELD(CandidateScan, last);
    return hash.value;
}

#undef FIELD

}  // namespace foretell
