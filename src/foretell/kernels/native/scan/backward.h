// The scan backwards: from the gradients of the outputs to those of the pre-activations of every step, of the input
// and of the initial state; then those of the weights, see `weight_gradients.h`.
#pragma once

#include "scan/packed_weights.h"
#include "scan/vector_gradients.h"
#include "core/weight_gradients.h"

namespace foretell {

template <class T, class U>
class Backward {
  public:
    Backward(const Scan& scan, const Sequences& sequences)
        : s(scan), q(sequences), layout(scan.hidden, scan.layer_norm), w(scan, layout),
          weights(scan, layout, Packing::backwards),
          scratch_(Scratch::gradients, sequences.total() * layout.gradient_row() * int64_t(sizeof(T))),
          grads(static_cast<T*>(scratch_.data())),
          seen(scan.recurrent_mask ? sequences.total() * scan.outputs : 0),
          through_(U::reset_before ? sequences.total() * scan.hidden : 0),
          output_width_(round_up(scan.outputs, lanes<T>)),
          projected_(scan.weight_hr ? sequences.total() * output_width_ : 0),
          unprojected_(scan.weight_hr ? sequences.total() * layout.padded : 0) {}

    void run() {
        const int64_t groups = group_count(s, U::input_blocks, q.total());
        std::vector<VectorGradients<T, U>> sums;
        for (int64_t g = 0; g < groups; ++g) sums.emplace_back(layout);
        parallel(groups, s.threads, [&](int64_t g) { scan(Group::of(g, groups, q, s.batch), sums[size_t(g)]); });
        VectorGradients<T, U> all(layout);
        for (auto& sum : sums) all.add(sum);
        all.write(s, layout);
        of_weights();
    }

  private:
    const Scan& s;
    const Sequences& q;
    const Layout<T, U> layout;
    const Vectors<T, U> w;
    const PackedWeights<T, U> weights;
    const Scratch scratch_;
    // The gradients of the pre-activations, in blocks; under a norm of the recurrent product those of the product.
    T* const grads;

    const Buffer<T> seen, through_;
    // Of a projection: the gradients of its results, and what it projected.
    const int64_t output_width_;
    const Buffer<T> projected_, unprojected_;
    const Buffer<T> zeros_{s.outputs, T(0)};

    static const T* at(const void* p) { return static_cast<const T*>(p); }
    static T* at(void* p) { return static_cast<T*>(p); }

    bool first(int64_t t, int64_t position) const { return s.reverse ? t + 1 == q.length(position) : t == 0; }
    int64_t earlier(int64_t t) const { return s.reverse ? t + 1 : t - 1; }

    const T* before(int64_t t, int64_t position) const {
        if (!first(t, position))
            return at(s.output) + q.offset(earlier(t), position, s.batch * s.outputs, s.outputs);
        return s.initial_h ? at(s.initial_h) + q.row(position) * s.outputs : static_cast<const T*>(zeros_);
    }

    struct Row {
        const T *h, *c, *seen, *gates, *grad_output, *keep_h, *keep_c;
        T* through;
        T *grad_h, *grad_c, *grads;  // the first two: of this step on the way in, of the step before on the way out
        T *projected, *unprojected, *grad_unprojected;
    };

    void scan(Group group, VectorGradients<T, U>& sums) {
        constexpr int L = lanes<T>;
        const int64_t n = group.count, chunk = chunk_steps(n, s.steps), padded = layout.padded;
        Buffer<Row> rows(n);
        Buffer<T> grad_h(n * output_width_), grad_unprojected(s.weight_hr ? n * padded : 0);
        Buffer<T> grad_c(U::has_cell ? n * padded : 0), start_c(U::has_cell ? n * padded : 0);
        Buffer<T> through(s.layer_norm && U::has_cell ? 3 * n * padded : 0);
        Buffer<Weighed<T>> weighed(s.layer_norm ? n : 0);
        Buffer<const T*> left(n), chunk_grads(chunk * n);
        Buffer<T*> chunk_x(chunk * n);
        for (int64_t j = 0; j < n; ++j) {
            const int64_t row = q.row(group.position(j));
            const auto start = [&](const void* from, int64_t width, T* to) {
                to_blocks(from ? at(from) + row * width : nullptr, whole, 1, width, to, 1);
            };
            start(s.grad_final_h, s.outputs, grad_h + j * output_width_);
            if constexpr (U::has_cell) {
                start(s.grad_final_c, s.hidden, grad_c + j * padded);
                start(s.initial_c, s.hidden, start_c + j * padded);
            }
        }
        for (int64_t i = s.steps; i > 0; i -= chunk) {
            const int64_t begin = i > chunk ? i - chunk : 0;
            int64_t count = 0;
            for (int64_t k = i - 1; k >= begin; --k) {
                const int64_t t = s.reverse ? s.steps - 1 - k : k, running = group.running(q.running(t));
                for (int64_t j = 0; j < running; ++j, ++count) {
                    const int64_t position = group.position(j), packed = q.packed(t, position);
                    const int64_t offset = q.offset(t, position, s.batch * s.outputs, s.outputs);
                    Row& row = rows[j];
                    row.h = before(t, position);
                    if (U::has_cell)
                        row.c = first(t, position) ? start_c + j * padded
                                                   : at(s.cells) + q.packed(earlier(t), position) * padded;
                    row.gates = at(s.gates) + packed * layout.row();
                    row.grad_output =
                        s.grad_output
                            ? at(s.grad_output) + q.offset(t, position, s.grad_output_step, s.grad_output_row)
                            : nullptr;
                    row.keep_h = s.keep_h ? at(s.keep_h) + offset : nullptr;
                    row.keep_c =
                        s.keep_c ? at(s.keep_c) + q.offset(t, position, s.batch * s.hidden, s.hidden) : nullptr;
                    row.projected = projected_ + packed * output_width_;
                    row.unprojected = unprojected_ + packed * padded;
                    row.grad_unprojected = grad_unprojected + j * padded;
                    row.grad_h = grad_h + j * output_width_;
                    row.grad_c = grad_c + j * padded;
                    row.grads = grads + packed * layout.gradient_row();
                    left[j] = row.projected;
                    chunk_grads[count] = row.grads;
                    chunk_x[count] =
                        s.grad_x ? at(s.grad_x) + q.offset(t, position, s.batch * s.inputs, s.inputs) : nullptr;
                    row.seen = row.h;
                    row.through = through_ + packed * s.hidden;
                    if (s.recurrent_mask) {
                        const T* mask = at(s.recurrent_mask) + q.row(position) * s.outputs;
                        T* to = seen + packed * s.outputs;
                        for (int64_t f = 0; f < s.outputs; ++f) to[f] = row.h[f] * mask[f];
                        row.seen = to;
                    }
                }
                if (s.weight_hr) through_projection(rows, left, running);
                if (s.layer_norm)
                    a_few_at_a_time(running, [&](int64_t first, int64_t few) {
                        if constexpr (U::has_cell) step_normed(rows + first, few, sums, through, weighed);
                        else for (int64_t j = 0; j < few; ++j) row_plain(rows[first + j], sums);
                        clear_padding(rows + first, few);
                        norms_backward(rows + first, few, sums, weighed);
                    });
                else
                    for (int64_t j = 0; j < running; ++j) row_plain(rows[j], sums);
                if (!s.layer_norm) clear_padding(rows, running);
                for (int64_t j = 0; j < running; ++j) left[j] = rows[j].grads;
                if constexpr (U::reset_before) {
                    through_reset(left, rows, running, group);
                    clear_padding(rows, running);
                }
                recur(left, running, group, grad_h);
            }
            sums.end_chunk();
            if (s.grad_x)
                multiply<T>(
                    chunk_grads, count, layout.input_depth(), weights.input,
                    [&](int64_t panel, int64_t, Vec<T>* tile) {
                        for (int v = 0; v < weights.input.in(panel); ++v) tile[v] = Vec<T>{};
                    },
                    [&](int64_t panel, int64_t r, const Vec<T>* tile) {
                        for (int v = 0; v < weights.input.in(panel); ++v) {
                            const int64_t column = (panel * weights.input.width + v) * L;
                            store_first(chunk_x[r] + column, tile[v], int(s.inputs - column));
                        }
                    });
            i = begin + chunk;
        }
        for (int64_t j = 0; j < n; ++j) {
            const int64_t row = q.row(group.position(j));
            if (s.grad_initial_h)
                std::memcpy(at(s.grad_initial_h) + row * s.outputs, grad_h + j * output_width_,
                            size_t(s.outputs) * sizeof(T));
            if (U::has_cell && s.grad_initial_c)
                std::memcpy(at(s.grad_initial_c) + row * s.hidden, grad_c + j * padded, size_t(s.hidden) * sizeof(T));
        }
    }

    // The gradient of the projection's result, and from it that of what was projected.
    void through_projection(const Row* rows, const T* const* left, int64_t running) const {
        constexpr int L = lanes<T>;
        for (int64_t j = 0; j < running; ++j)
            for (int64_t at = 0; at < output_width_; at += L) {
                const Split h = split(grad_of_output(rows[j], at), rows[j].keep_h, s.rate_h, at, s.outputs);
                store(rows[j].projected + at, first_only<T>(h.next, int(s.outputs - at)));
                store(rows[j].grad_h + at, h.kept);
            }
        multiply<T>(
            left, running, {0, 1, output_width_, 0}, weights.projection,
            [&](int64_t panel, int64_t, Vec<T>* tile) {
                for (int v = 0; v < weights.projection.in(panel); ++v) tile[v] = Vec<T>{};
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                for (int v = 0; v < weights.projection.in(panel); ++v)
                    store(rows[j].grad_unprojected + (panel * weights.projection.width + v) * L, tile[v]);
            });
    }

    // An infinite input makes NaN of the padding, which the products to come run over.
    void clear_padding(const Row* rows, int64_t running) const {
        const int64_t last = layout.units - 1, real = s.hidden - last * lanes<T>;
        for (int64_t j = 0; j < running && real < lanes<T>; ++j)
            for (int block = 0; block < U::blocks; ++block) {
                T* at = rows[j].grads + (last * U::blocks + block) * lanes<T>;
                store(at, first_only<T>(load(at), int(real)));
            }
    }

    // What the recurrent product hands back to h of the step before.
    void recur(const T* const* left, int64_t running, Group group, T* grad_h) const {
        constexpr int L = lanes<T>;
        multiply<T>(
            left, running, layout.hidden_depth(), weights.hidden,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                const T* from = grad_h + j * output_width_ + panel * weights.hidden.width * L;
                for (int v = 0; v < weights.hidden.in(panel); ++v) tile[v] = s.recurrent_mask ? Vec<T>{} : load(from + v * L);
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                const int64_t column = panel * weights.hidden.width * L;
                T* to = grad_h + j * output_width_ + column;
                const T* mask =
                    s.recurrent_mask ? at(s.recurrent_mask) + q.row(group.position(j)) * s.outputs + column : nullptr;
                for (int v = 0; v < weights.hidden.in(panel); ++v) {
                    Vec<T> grad = tile[v];
                    if (mask)
                        grad = load(to + v * L) + grad * load_first(mask + v * L, int(s.outputs - column - v * L));
                    store(to + v * L, grad);
                }
            });
    }

    // What the reset gate let through hands back: to the gate, and past it to h of the step before.
    void through_reset(const T* const* left, const Row* rows, int64_t running, Group group) const {
        constexpr int L = lanes<T>;
        multiply<T>(
            left, running, layout.reset_depth(), weights.reset,
            [&](int64_t panel, int64_t, Vec<T>* tile) {
                for (int v = 0; v < weights.reset.in(panel); ++v) tile[v] = Vec<T>{};
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                for (int v = 0; v < weights.reset.in(panel); ++v) {
                    const Row& row = rows[j];
                    const int64_t u = panel * weights.reset.width + v, unit = u * L;
                    const int here = int(s.hidden - unit);
                    const T* gates = row.gates + u * U::blocks * L;
                    const Vec<T> h = load_first(row.seen + unit, here);
                    store_first(row.through + unit, U::template let_through<T>(gates, h), here);
                    Vec<T> grad = U::template backward_let_through<T>(gates, h, tile[v], row.grads + u * U::blocks * L);
                    if (s.recurrent_mask)
                        grad *= load_first(at(s.recurrent_mask) + q.row(group.position(j)) * s.hidden + unit, here);
                    store<T>(row.grad_h + unit, load(row.grad_h + unit) + grad);
                }
            });
    }

    Unit<T> unit(const Row& row, int64_t u) const {
        const int64_t at = u * lanes<T>;
        return {U::has_cell ? Vec<T>{} : load_first(row.h + at, int(s.hidden - at)), U::has_cell ? load(row.c + at) : Vec<T>{},
                s.peephole ? w.peephole + at : nullptr, layout.padded};
    }

    // The gradient that reaches the new state past zoneout, and what zoneout hands to the old state.
    struct Split {
        Vec<T> next, kept;
    };
    static Split split(Vec<T> grad, const T* keep, double rate, int64_t at, int64_t width) {
        if (!keep && rate == 0) return {grad, Vec<T>{}};
        const Vec<T> kept = grad * (keep ? load_first(keep + at, int(width - at)) : broadcast<T>(T(rate)));
        return {grad - kept, kept};
    }
    Vec<T> grad_of_output(const Row& row, int64_t at) const {
        const Vec<T> later = load(row.grad_h + at);
        return row.grad_output ? later + load_first(row.grad_output + at, int(s.outputs - at)) : later;
    }
    // Of h as the cell gives it. Past a projection, zoneout has had its share already.
    Split split_h(const Row& row, int64_t at) const {
        if (s.weight_hr) return {load(row.grad_unprojected + at), Vec<T>{}};
        return split(grad_of_output(row, at), row.keep_h, s.rate_h, at, s.hidden);
    }
    Split split_c(const Row& row, int64_t at) const {
        return split(load(row.grad_c + at), row.keep_c, s.rate_c, at, s.hidden);
    }

    void leave(const Row& row, int64_t at, const Carried<T>& carried, Split h, Split c) const {
        if (!s.weight_hr) store<T>(row.grad_h + at, carried.h + h.kept);
        if (U::has_cell) store<T>(row.grad_c + at, carried.c + c.kept);
    }

    void row_plain(const Row& row, VectorGradients<T, U>& sums) const {
        constexpr int L = lanes<T>;
        for (int64_t u = 0; u < layout.units; ++u) {
            const Unit<T> old = unit(row, u);
            const T* gates = row.gates + u * U::blocks * L;
            const Split h = split_h(row, u * L);
            Split c{Vec<T>{}, Vec<T>{}};
            Vec<T> squashed{};
            if constexpr (U::has_cell) {
                c = split_c(row, u * L);
                squashed = tanh<T>(U::template cell_again<T>(old, gates));
                c.next += U::template backward_through<T>(gates, h.next, squashed);
                if (s.weight_hr) store(row.unprojected + u * L, U::template output_of<T>(gates, squashed));
            }
            const Carried<T> carried = U::template backward<T>(old, gates, h.next, c.next, squashed,
                                                               row.grads + u * U::blocks * L, sums.peephole() + u * L);
            leave(row, u * L, carried, h, c);
        }
    }

    // With a norm on the cell state, what goes through the output gate meets all units before it meets any of them. One
    // loop over the rows before each sum that a row has to wait for, and one after.
    void step_normed(const Row* rows, int64_t running, VectorGradients<T, U>& sums, T* memory,
                     Weighed<T>* weighed) const {
        if constexpr (U::has_cell) {
            const auto single = layout.template close<1>();
            for (int64_t j = 0; j < running; ++j) {
                const NormedCell of(memory, j, layout.padded);
                through_output(rows[j], sums, of);
                weighed[j] = weigh<T>(single, of.normalised, w.ln_c_weight, of.through, single, of.through);
            }
            for (int64_t j = 0; j < running; ++j) through_cell(rows[j], sums, NormedCell(memory, j, layout.padded), weighed[j]);
        }
    }

    // A row's normalised c', the tanh of its weighted norm, and the gradient that comes through the output gate.
    struct NormedCell {
        T *normalised, *squashed, *through;
        NormedCell(T* memory, int64_t row, int64_t padded)
            : normalised(memory + 3 * row * padded), squashed(normalised + padded), through(squashed + padded) {}
    };

    void through_output(const Row& row, VectorGradients<T, U>& sums, NormedCell of) const {
        const T* statistics = row.gates + layout.statistics();
        layout.template close<1>().each([&](int64_t at, int64_t, int, auto real) {
            const int64_t u = at / lanes<T>;
            const T* gates = row.gates + at * U::blocks;
            const Vec<T> c = U::template cell_again<T>(unit(row, u), gates);
            const Vec<T> norm = real((c - statistics[cell_mean]) * statistics[cell_scale]);
            const Vec<T> grad = split_h(row, at).next;
            const Vec<T> squashed = tanh<T>(norm * load(w.ln_c_weight + at) + load(w.ln_c_bias + at));
            const Vec<T> d = U::template backward_through<T>(gates, grad, squashed);
            store(of.normalised + at, norm);
            store(of.squashed + at, squashed);
            if (s.weight_hr) store(row.unprojected + at, U::template output_of<T>(gates, squashed));
            store(of.through + at, d);
            store<T>(sums.ln_c_weight() + at, load(sums.ln_c_weight() + at) + d * norm);
            store<T>(sums.ln_c_bias() + at, load(sums.ln_c_bias() + at) + d);
        });
    }

    void through_cell(const Row& row, VectorGradients<T, U>& sums, NormedCell of, Weighed<T> weighed) const {
        const T scale = row.gates[layout.statistics() + cell_scale];
        layout.template close<1>().each([&](int64_t at, int64_t, int, auto real) {
            const int64_t u = at / lanes<T>;
            const Split h = split_h(row, at), c = split_c(row, at);
            const Vec<T> through = real(less_shift_and_scale<T>(load(of.through + at), load(of.normalised + at), weighed, scale));
            const Carried<T> carried = U::template backward<T>(
                unit(row, u), row.gates + at * U::blocks, h.next, c.next + through, load(of.squashed + at),
                row.grads + at * U::blocks, sums.peephole() + at);
            leave(row, at, carried, h, c);
        });
    }

    // From the gradients of the pre-activations to those of the two products before their norms.
    void norms_backward(const Row* rows, int64_t running, VectorGradients<T, U>& sums, Weighed<T>* weighed) const {
        if (layout.norm_of_input)
            norm_backward(layout.input_gates(), layout.template close<U::input_blocks>(), layout.blocks(), rows, running,
                          layout.normalised_input(), input_scale, w.ln_ih_weight, sums.ln_ih_weight(),
                          sums.ln_ih_bias(), weighed);
        norm_backward(layout.hidden_gates(), layout.hidden_gates(), 0, rows, running, layout.normalised_hidden(),
                      hidden_scale, w.ln_weight, sums.ln_weight(), sums.ln_bias(), weighed);
    }

    // One norm over all rows of a time step: what its weight and bias get, and the gradients to `to` of each row.
    template <int V>
    void norm_backward(const NormedRow<T, V>& norm, const NormedRow<T, V>& to_norm, int64_t to, const Row* rows,
                       int64_t running, int64_t normalised, Statistic scale, const T* weight, T* grad_weight,
                       T* grad_bias, Weighed<T>* weighed) const {
        norm.each([&](int64_t at, int64_t close, int, auto) {
            Vec<T> for_weight = load(grad_weight + close), for_bias = load(grad_bias + close);
            for (int64_t j = 0; j < running; ++j) {
                const Vec<T> d = load(rows[j].grads + at);
                for_weight += d * load(rows[j].gates + normalised + close);
                for_bias += d;
            }
            store(grad_weight + close, for_weight);
            store(grad_bias + close, for_bias);
        });
        for (int64_t j = 0; j < running; ++j)
            weighed[j] = weigh(norm, rows[j].gates + normalised, weight, rows[j].grads, to_norm, rows[j].grads + to);
        for (int64_t j = 0; j < running; ++j) {
            const T* norms = rows[j].gates + normalised;
            const T factor = rows[j].gates[layout.statistics() + scale];
            T* grads = rows[j].grads + to;
            to_norm.each([&](int64_t at, int64_t close, int, auto real) {
                store(grads + at, real(less_shift_and_scale<T>(load(grads + at), load(norms + close), weighed[j], factor)));
            });
        }
    }

    // The products that are left: of all gradients with the input, with h(t-1), and with what was let through of it.
    void of_weights() const {
        constexpr int L = lanes<T>;
        const int64_t rows = q.total();
        Buffer<const T*> inputs(rows), hidden(rows), third(U::reset_before || s.weight_hr ? rows : 0);
        for (int64_t t = 0; t < s.steps; ++t)
            for (int64_t position = 0; position < q.running(t); ++position) {
                const int64_t packed = q.packed(t, position);
                inputs[packed] = at(s.x) + q.offset(t, position, s.x_step, s.x_row);
                hidden[packed] = s.recurrent_mask ? seen + packed * s.outputs : before(t, position);
                if (U::reset_before) third[packed] = through_ + packed * s.hidden;
                if (s.weight_hr) third[packed] = unprojected_ + packed * layout.padded;
            }
        const bool bias = !layout.norm_of_input;  // with such a norm a bias comes after it
        const int64_t row = layout.gradient_row(), apart = U::blocks * L;
        const auto from_input = layout.norm_of_input ? layout.blocks() : 0;
        WeightGradient<T> all[3];
        int count = 0;
        const auto add = [&](const WeightGradient<T>& w) {
            if (w.weight || w.bias) all[count++] = w;
        };
        add({inputs, s.inputs, grads, row, from_input, layout.norm_of_input ? U::input_blocks * L : apart, U::input_gate,
             U::input_blocks, s.hidden, at(s.grad_weight_ih), bias ? at(s.grad_bias_ih) : nullptr});
        add({hidden, s.outputs, grads, row, U::hidden_first * L, apart, U::hidden_gate, U::hidden_blocks, s.hidden,
             at(s.grad_weight_hh), bias ? at(s.grad_bias_hh) : nullptr});
        if constexpr (U::reset_before)
            add({third, s.hidden, grads, row, 0, apart, U::reset_gate, 1, s.hidden, at(s.grad_weight_hh),
                 at(s.grad_bias_hh)});
        if (s.weight_hr)
            add({third, s.hidden, projected_, output_width_, 0, L, whole, 1, s.outputs, at(s.grad_weight_hr), nullptr});
        weight_gradients(all, count, rows, threads_for(s, scan_work(s, U::input_blocks, rows)));
    }
};

}  // namespace foretell
