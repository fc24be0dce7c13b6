// The one structure that crosses from Python (`foretell/kernels/structures.py` mirrors it field by field).
#pragma once

#include <cstdint>

namespace foretell {

enum class Cell : int64_t { rnn_tanh, rnn_relu, lstm, gru, gru_reset_before };

// A layer's scan in one direction: T steps, B sequences, I input features, H hidden features, R of the output: R = H but
// for an LSTM with a projection. All matrices are row-major with contiguous features; a pointer that is null stands for
// what is absent. Gates are in torch's order.
//
// Three layouts of the sequences: a padded batch (T, B, .), the same with `lengths` (B,), or packed rows (N, .) with
// `batch_sizes` (T,), never increasing, as torch's PackedSequence has them.
struct Scan {
    int64_t cell, layer_norm, reverse, threads;
    int64_t steps, batch, inputs, hidden, outputs;
    const int64_t *lengths, *batch_sizes;

    const void* x;
    int64_t x_step, x_row;  // strides
    const void *weight_ih, *weight_hh, *bias_ih, *bias_hh;
    const void* weight_hr;                         // (R, H)
    const void* peephole;                          // (3, H): i, f, o
    const void* ln_ih_weight;                      // of the norm of the input's product (gates * H,)
    const void *ln_weight, *ln_bias;               // of that of the recurrent product (gates * H,), or an RNN's (H,)
    const void *ln_c_weight, *ln_c_bias;           // (H,)
    const void *initial_h, *initial_c;             // (B, R) and (B, H), as are the final states
    const void* recurrent_mask;                    // (B, R): multiplies h(t-1) on its way into the gates
    const void *keep_h, *keep_c;                   // zoneout: shares of the old value, in the layout of the outputs,
    double rate_h, rate_c;                         // or one share for all where these are null

    void *output, *final_h, *final_c;
    // What backward needs, in the kernel's own layout, see `layer.h`; null where no gradient is wanted.
    void *gates, *cells;

    const void* grad_output;
    int64_t grad_output_step, grad_output_row;
    const void *grad_final_h, *grad_final_c;
    void *grad_x, *grad_weight_ih, *grad_weight_hh, *grad_bias_ih, *grad_bias_hh, *grad_weight_hr;
    void *grad_peephole, *grad_ln_ih_weight, *grad_ln_weight, *grad_ln_bias, *grad_ln_c_weight, *grad_ln_c_bias;
    void *grad_initial_h, *grad_initial_c;
};

}  // namespace foretell
