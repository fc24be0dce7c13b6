// The scan forwards: the input's share of a chunk of time steps as one product, then step after step the recurrent
// product, with the cell's equations applied to its tiles while they are in registers.
#pragma once

#include "scan/packed_layer.h"

namespace foretell {

template <class T, class U>
class Forward {
  public:
    Forward(const Scan& scan, const Sequences& sequences, const PackedLayer<T, U>& layer)
        : s(scan), q(sequences), layout(layer.layout), w(layer.vectors), weights(layer.weights),
          shares_(scan.steps == 1 && scan.batch == 1 ? threads_for(scan, scan_work(scan, U::input_blocks, 1)) : 1) {}

    void run() {
        in_large_pages(s.gates, q.total() * layout.row() * int64_t(sizeof(T)));
        in_large_pages(s.cells, s.cells ? q.total() * layout.padded * int64_t(sizeof(T)) : 0);
        in_large_pages(s.output, q.total() * s.outputs * int64_t(sizeof(T)));
        const int64_t groups = group_count(s, U::input_blocks, q.total());
        parallel(groups, s.threads, [&](int64_t g) { scan(Group::of(g, groups, q, s.batch)); });
    }

  private:
    const Scan& s;
    const Sequences& q;
    const Layout<T, U>& layout;
    const Vectors<T, U>& w;
    const PackedWeights<T, U>& weights;
    const int64_t shares_;

    static const T* at(const void* p) { return static_cast<const T*>(p); }
    static T* at(void* p) { return static_cast<T*>(p); }

    // Where a vector of the recurrent product has its place in a row of gates.
    static int64_t place(int64_t vector) {
        return (vector / U::hidden_blocks * U::blocks + U::hidden_first + vector % U::hidden_blocks) * lanes<T>;
    }

    // Rows times a matrix, see `multiply`. A single sequence has its panels shared among threads.
    using Matrix = typename PackedWeights<T, U>::Matrix;
    template <class Start, class Finish>
    void multiplied(const T* const* rows, int64_t count, int64_t depth, const Matrix& matrix, Start start,
                    Finish finish) const {
        parallel(shares_, shares_, [&](int64_t share) {
            const int64_t first = matrix.count() * share / shares_, end = matrix.count() * (share + 1) / shares_;
            if (matrix.data) multiply<T>(rows, count, {0, 1, depth, 0}, matrix, start, finish, first, end);
            else multiply_unpacked<T>(rows, count, matrix.unpacked, matrix, start, finish, first, end);
        });
    }

    // What belongs to one row of a group while its sequence runs.
    struct Row {
        const T *h, *c;  // of the step before
        T *next_h, *next_c, *gates;
        const T *keep_h, *keep_c;
        T* unprojected;
    };

    void scan(Group group) {
        const int64_t n = group.count, chunk = chunk_steps(n, s.steps);
        Buffer<Row> rows(n);
        Buffer<const T*> inputs(chunk * n), seen(n);
        Buffer<T*> gates(chunk * n);
        Buffer<T> start_h(s.outputs, T(0)), start_c(U::has_cell ? n * layout.padded : 0);
        Buffer<T> through(U::reset_before ? n * layout.padded : 0);
        Buffer<T> unprojected(s.weight_hr ? n * layout.padded : 0);
        Buffer<T> chunk_gates(s.gates ? 0 : chunk * n * layout.row()), masked(s.recurrent_mask ? n * s.outputs : 0);
        Buffer<T> product(s.layer_norm ? n * layout.hidden_product() : 0), cell(s.layer_norm ? n * layout.padded : 0);
        Buffer<Moments<T>> normed(s.layer_norm ? chunk * n : 0);
        for (int64_t j = 0; j < n; ++j) {
            const int64_t row = q.row(group.position(j));
            rows[j] = {};
            rows[j].h = s.initial_h ? at(s.initial_h) + row * s.outputs : static_cast<T*>(start_h);
            rows[j].unprojected = unprojected + j * layout.padded;
            if constexpr (U::has_cell) {
                T* start = start_c + j * layout.padded;
                to_blocks(s.initial_c ? at(s.initial_c) + row * s.hidden : nullptr, whole, 1, s.hidden, start, 1);
                rows[j].c = start;
            }
        }
        for (int64_t i = 0; i < s.steps; i += chunk) {
            const int64_t end = i + chunk < s.steps ? i + chunk : s.steps;
            int64_t count = 0;
            for (int64_t k = i; k < end; ++k) {
                const int64_t t = s.reverse ? s.steps - 1 - k : k, running = group.running(q.running(t));
                for (int64_t j = 0; j < running; ++j, ++count) {
                    const int64_t position = group.position(j);
                    inputs[count] = at(s.x) + q.offset(t, position, s.x_step, s.x_row);
                    gates[count] = s.gates ? at(s.gates) + q.packed(t, position) * layout.row()
                                           : chunk_gates + count * layout.row();
                }
            }
            project(inputs, gates, count, normed);
            count = 0;
            for (int64_t k = i; k < end; ++k) {
                const int64_t t = s.reverse ? s.steps - 1 - k : k, running = group.running(q.running(t));
                for (int64_t j = 0; j < running; ++j) {
                    const int64_t position = group.position(j);
                    const int64_t offset = q.offset(t, position, s.batch * s.outputs, s.outputs);
                    Row& row = rows[j];
                    row.gates = gates[count + j];
                    row.next_h = at(s.output) + offset;
                    if (U::has_cell)
                        row.next_c = s.cells ? at(s.cells) + q.packed(t, position) * layout.padded
                                             : start_c + j * layout.padded;
                    row.keep_h = s.keep_h ? at(s.keep_h) + offset : nullptr;
                    if (s.keep_c) row.keep_c = at(s.keep_c) + q.offset(t, position, s.batch * s.hidden, s.hidden);
                    seen[j] = row.h;
                    if (s.recurrent_mask) {
                        const T* mask = at(s.recurrent_mask) + q.row(position) * s.outputs;
                        T* to = masked + j * s.outputs;
                        for (int64_t f = 0; f < s.outputs; ++f) to[f] = row.h[f] * mask[f];
                        seen[j] = to;
                    }
                }
                if constexpr (U::reset_before) {  // never with a norm
                    step(rows, seen, running);
                    step_after_reset(rows, seen, running, through);
                } else {
                    if (s.layer_norm) step_normed(rows, seen, running, product, cell, normed);
                    else step(rows, seen, running);
                }
                if (s.weight_hr) project_output(rows, seen, running);
                for (int64_t j = 0; j < running; ++j) {
                    rows[j].h = rows[j].next_h;
                    rows[j].c = rows[j].next_c;
                }
                count += running;
            }
        }
        for (int64_t j = 0; j < n; ++j) {
            const int64_t row = q.row(group.position(j));
            std::memcpy(at(s.final_h) + row * s.outputs, rows[j].h, size_t(s.outputs) * sizeof(T));
            if (U::has_cell) std::memcpy(at(s.final_c) + row * s.hidden, rows[j].c, size_t(s.hidden) * sizeof(T));
        }
    }

    // The input's share into the rows of gates; where the recurrent product has a block of its own, its bias there.
    void project(const T* const* inputs, T* const* gates, int64_t count, Moments<T>* normed) const {
        constexpr int L = lanes<T>;
        multiplied(
            inputs, count, s.inputs, weights.input,
            [&](int64_t panel, int64_t, Vec<T>* tile) {
                for (int v = 0; v < weights.input.in(panel); ++v)
                    tile[v] = layout.norm_of_input ? Vec<T>{} : load(w.bias + (panel * weights.input.width + v) * L);
            },
            [&](int64_t panel, int64_t r, const Vec<T>* tile) {
                T* to = gates[r] + panel * weights.input.width / U::input_blocks * U::blocks * L;
                for (int v = 0; v < weights.input.in(panel); ++v) store(to + v * L, tile[v]);
            });
        if (layout.norm_of_input) {
            a_few_at_a_time(count, [&](int64_t first, int64_t few) {
                for (int64_t r = 0; r < few; ++r) normed[r] = moments(layout.input_gates(), gates[first + r]);
                for (int64_t r = 0; r < few; ++r) normalise_input(gates[first + r], normed[r]);
            });
        }
        if constexpr (U::blocks > U::input_blocks)
            for (int64_t r = 0; r < count; ++r)
                for (int64_t u = 0; u < layout.units; ++u) {
                    const T* own = w.hidden_bias + (u * U::hidden_blocks + U::hidden_blocks - 1) * L;
                    store<T>(gates[r] + (u * U::blocks + U::blocks - 1) * L, layout.norm ? Vec<T>{} : load(own));
                }
    }

    void normalise_input(T* gates, Moments<T> m) const {
        T* normalised = gates + layout.normalised_input();
        gates[layout.statistics() + input_scale] = m.scale;
        layout.input_gates().each([&](int64_t at, int64_t close, int, auto real) {
            const Vec<T> norm = real((load(gates + at) - m.mean) * m.scale);
            store(normalised + close, norm);
            store<T>(gates + at, norm * load(w.ln_ih_weight + close) + load(w.bias + close));
        });
    }

    Unit<T> unit(const Row& row, int64_t u) const {
        const int64_t at = u * lanes<T>;
        return {U::has_cell ? Vec<T>{} : load_first(row.h + at, int(s.hidden - at)), U::has_cell ? load(row.c + at) : Vec<T>{},
                s.peephole ? w.peephole + at : nullptr, layout.padded};
    }

    // Zoneout between the old state and the new, then both are stored; an output that is to be projected waits for that.
    void keep(const Row& row, int64_t u, const Unit<T>& old, Vec<T> h, Vec<T> c) const {
        const int64_t at = u * lanes<T>;
        if (s.weight_hr) store(row.unprojected + at, h);
        else keep_output(row, at, h);
        if constexpr (U::has_cell)
            store<T>(row.next_c + at, blend(c, old.c, row.keep_c, s.rate_c, at, s.hidden));
    }
    void keep_output(const Row& row, int64_t at, Vec<T> h) const {
        const int here = int(s.outputs - at);
        const bool zoneout = row.keep_h || s.rate_h != 0;
        const Vec<T> old = zoneout ? load_first(row.h + at, here) : h;
        store_first(row.next_h + at, blend(h, old, row.keep_h, s.rate_h, at, s.outputs), here);
    }

    // W_hr times what the cell gives (Sak, Senior & Beaufays, 2014).
    void project_output(const Row* rows, const T** left, int64_t running) const {
        for (int64_t j = 0; j < running; ++j) left[j] = rows[j].unprojected;
        multiplied(
            left, running, s.hidden, weights.projection,
            [&](int64_t panel, int64_t, Vec<T>* tile) {
                for (int v = 0; v < weights.projection.in(panel); ++v) tile[v] = Vec<T>{};
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                for (int v = 0; v < weights.projection.in(panel); ++v)
                    keep_output(rows[j], (panel * weights.projection.width + v) * lanes<T>, tile[v]);
            });
    }

    // Exactly the old value where all of it is kept, exactly the new one where nothing is, if both are finite.
    static Vec<T> blend(Vec<T> fresh, Vec<T> old, const T* keep, double rate, int64_t at, int64_t width) {
        if (!keep && rate == 0) return fresh;
        const Vec<T> share = keep ? load_first(keep + at, int(width - at)) : broadcast<T>(T(rate));
        return fresh * (T(1) - share) + old * share;
    }

    void step(const Row* rows, const T* const* seen, int64_t running) const {
        constexpr int L = lanes<T>;
        multiplied(
            seen, running, s.outputs, weights.hidden,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                for (int v = 0; v < weights.hidden.in(panel); ++v)
                    tile[v] = load(rows[j].gates + place(panel * weights.hidden.width + v));
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                const int64_t first = panel * weights.hidden.width / U::hidden_blocks;
                for (int64_t i = 0; i < weights.hidden.in(panel) / U::hidden_blocks; ++i) {
                    const int64_t u = first + i;
                    const Unit<T> old = unit(rows[j], u);
                    T* gates = rows[j].gates + u * U::blocks * L;
                    const Vec<T> c = U::template cell<T>(old, tile + i * U::hidden_blocks, gates);
                    if constexpr (!U::reset_before)
                        keep(rows[j], u, old, U::template output<T>(old, gates, c), c);
                }
            });
    }

    // The product of what the reset gate lets through; `through` has room for it.
    void step_after_reset(const Row* rows, const T** seen, int64_t running, T* through) const {
        constexpr int L = lanes<T>;
        for (int64_t j = 0; j < running; ++j) {
            for (int64_t u = 0; u < layout.units; ++u) {
                const Vec<T> h = load_first(seen[j] + u * L, int(s.hidden - u * L));
                store<T>(through + j * layout.padded + u * L,
                         U::template let_through<T>(rows[j].gates + u * U::blocks * L, h));
            }
            seen[j] = through + j * layout.padded;
        }
        multiplied(
            seen, running, s.hidden, weights.reset,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                for (int v = 0; v < weights.reset.in(panel); ++v)
                    tile[v] = load(rows[j].gates + (panel * weights.reset.width + v) * U::blocks * L);
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                for (int v = 0; v < weights.reset.in(panel); ++v) {
                    const int64_t u = panel * weights.reset.width + v;
                    const Unit<T> old = unit(rows[j], u);
                    T* gates = rows[j].gates + u * U::blocks * L;
                    keep(rows[j], u, old, U::template output<T>(old, gates, tile[v]), Vec<T>{});
                }
            });
    }

    void step_normed(const Row* rows, const T* const* seen, int64_t running, T* product, T* cell,
                     Moments<T>* normed) const {
        constexpr int L = lanes<T>;
        multiplied(
            seen, running, s.outputs, weights.hidden,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                for (int v = 0; v < weights.hidden.in(panel); ++v)
                    tile[v] = U::norm_of_sum ? load(rows[j].gates + place(panel * weights.hidden.width + v)) : Vec<T>{};
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                T* to = product + j * layout.hidden_product() + panel * weights.hidden.width * L;
                for (int v = 0; v < weights.hidden.in(panel); ++v) store(to + v * L, tile[v]);
            });
        a_few_at_a_time(running, [&](int64_t first, int64_t few) {
            finish_normed(rows + first, few, product + first * layout.hidden_product(), cell, normed);
        });
    }

    // One loop over the rows for each thing that a row's next has to wait for.
    void finish_normed(const Row* rows, int64_t running, const T* product, T* cell, Moments<T>* normed) const {
        constexpr int L = lanes<T>;
        const auto gated = layout.template close<U::hidden_blocks>();
        for (int64_t j = 0; j < running; ++j) normed[j] = moments(gated, product + j * layout.hidden_product());
        for (int64_t j = 0; j < running; ++j) {
            const Row& row = rows[j];
            const Moments<T> m = normed[j];
            const T* a = product + j * layout.hidden_product();
            T *normalised = row.gates + layout.normalised_hidden(), *c_next = cell + j * layout.padded;
            row.gates[layout.statistics() + hidden_scale] = m.scale;
            Vec<T> pre[U::hidden_blocks];
            gated.each([&](int64_t, int64_t at, int v, auto real) {
                const int64_t u = at / (U::hidden_blocks * L);
                T* gates = row.gates + u * U::blocks * L;
                const Vec<T> norm = real((load(a + at) - m.mean) * m.scale);
                store(normalised + at, norm);
                pre[v] = norm * load(w.ln_weight + at) + load(w.hidden_bias + at);
                if (!U::norm_of_sum) pre[v] += load(gates + (U::hidden_first + v) * L);
                if (v + 1 < U::hidden_blocks) return;
                const Unit<T> old = unit(row, u);
                const Vec<T> c = U::template cell<T>(old, pre, gates);
                if (U::has_cell) store(c_next + u * L, real(c));
                else keep(row, u, old, U::template output<T>(old, gates, c), c);
            });
        }
        if constexpr (U::has_cell) {
            const auto single = layout.template close<1>();
            for (int64_t j = 0; j < running; ++j) normed[j] = moments(single, cell + j * layout.padded);
            for (int64_t j = 0; j < running; ++j) output_normed(rows[j], cell + j * layout.padded, normed[j]);
        }
    }

    // What the output gate lets through is the norm of all of c'.
    void output_normed(const Row& row, const T* cell, Moments<T> m) const {
        T* statistics = row.gates + layout.statistics();
        statistics[cell_mean] = m.mean;
        statistics[cell_scale] = m.scale;
        layout.template close<1>().each([&](int64_t at, int64_t, int, auto) {
            const int64_t u = at / lanes<T>;
            const Vec<T> c = load(cell + at);
            const Vec<T> through = (c - m.mean) * m.scale * load(w.ln_c_weight + at) + load(w.ln_c_bias + at);
            const Unit<T> old = unit(row, u);
            keep(row, u, old, U::template output<T>(old, row.gates + at * U::blocks, through), c);
        });
    }
};

}  // namespace foretell
