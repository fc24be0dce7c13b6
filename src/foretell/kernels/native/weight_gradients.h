// The gradients of the two weight matrices and of the biases: products over all time steps and sequences at once.
#pragma once

#include "backward.h"

namespace foretell {

// A task takes a few vectors of gate columns and a run of features, which are those of the input followed by those of
// h(t-1). It walks over all rows a stretch at a time: the stretch's columns are packed, and every feature meets them.
template <class T, class U>
class WeightGradients {
  public:
    explicit WeightGradients(const Backward<T, U>& backward)
        : b(backward), s(backward.s), rows_(backward.q.total()),
          inputs_(s.grad_weight_ih ? s.inputs : 0), x_(inputs_ ? rows_ : 0), h_(rows_) {
        for (int64_t t = 0; t < s.steps; ++t)
            for (int64_t position = 0; position < b.q.running(t); ++position) {
                const int64_t packed = b.q.packed(t, position);
                if (inputs_)
                    x_[packed] = static_cast<const T*>(s.x) + b.q.offset(t, position, s.x_step, s.x_row);
                h_[packed] = b.seen_before(t, position);
            }
    }

    void run() const {
        const int64_t columns = b.layout.units * U::blocks;
        const int64_t groups = (columns + tile_vectors - 1) / tile_vectors, features = inputs_ + s.hidden;
        int64_t parts = (features + most_features - 1) / most_features;
        const int64_t threads = threads_for(s, scan_work(s, U::input_blocks, rows_));
        while (groups * parts < 4 * threads && features / parts > 24) ++parts;
        parallel(groups * parts, threads, [&](int64_t task) {
            const int64_t part = task % parts, first = features * part / parts;
            const int64_t first_column = task / parts * tile_vectors;
            task_of(first_column, int(columns - first_column < tile_vectors ? columns - first_column : tile_vectors),
                    first, features * (part + 1) / parts, part == 0);
        });
    }

  private:
    static constexpr int64_t most_features = 384, stretch = 256;

    const Backward<T, U>& b;
    const Scan& s;
    const int64_t rows_, inputs_;
    const Buffer<const T*> x_, h_;

    void task_of(int64_t column, int width, int64_t begin, int64_t end, bool biases) const {
        constexpr int L = lanes<T>;
        const bool apart = b.layout.norm_of_input;  // the input's product has gradients of its own
        const int inputs = U::blocks > 1 ? U::input_blocks : width, hidden = U::blocks > 1 ? U::hidden_blocks : width;
        Buffer<T> panel(stretch * width * L), input_panel(apart ? stretch * inputs * L : 0);
        Buffer<T> sums((end - begin) * tile_vectors * L, T(0));
        Vec<T> bias[tile_vectors]{};
        for (int64_t k = 0; k < rows_; k += stretch) {
            const int64_t count = rows_ - k < stretch ? rows_ - k : stretch;
            const int64_t split = begin >= inputs_ ? begin : end < inputs_ ? end : inputs_;
            pack(k, count, column * L, width, panel, bias);
            if (apart && begin < split) {
                Vec<T> none[tile_vectors];
                pack(k, count, b.layout.blocks() + column / U::blocks * inputs * L, inputs, input_panel, none);
            }
            add(x_ + k, begin, split, begin, count, apart ? input_panel : panel, apart ? inputs : width, inputs, 0, sums);
            add(h_ + k, split, end, begin, count, panel, width, hidden, U::hidden_first, sums);
        }
        write(column, width, begin, end, sums);
        if (biases && !apart) write_biases(column, width, bias);
    }

    // A stretch of a few columns close together, and their sums added to those of the stretches before.
    void pack(int64_t k, int64_t count, int64_t at, int width, T* panel, Vec<T>* sums) const {
        Vec<T> here[tile_vectors]{};
        for (int64_t i = 0; i < count; ++i)
            for (int v = 0; v < width; ++v) {
                const Vec<T> grad = load(b.grads + (k + i) * b.layout.gradient_row() + at + v * lanes<T>);
                store(panel + (i * width + v) * lanes<T>, grad);
                here[v] += grad;
            }
        for (int v = 0; v < width; ++v) sums[v] += here[v];
    }

    // `used` of the panel's vectors, from the `first` on, by the features from `begin` to `end`.
    void add(const T* const* rows, int64_t begin, int64_t end, int64_t origin, int64_t count, const T* panel, int width,
             int used, int first, T* sums) const {
        switch (used) {
            case 4: return add<4>(rows, begin, end, origin, count, panel, width, first, sums);
            case 3: return add<3>(rows, begin, end, origin, count, panel, width, first, sums);
            case 2: return add<2>(rows, begin, end, origin, count, panel, width, first, sums);
            default: add<1>(rows, begin, end, origin, count, panel, width, first, sums);
        }
    }

    template <int V>
    void add(const T* const* rows, int64_t begin, int64_t end, int64_t origin, int64_t count, const T* panel, int width,
             int first, T* sums) const {
        constexpr int L = lanes<T>;
        in_tiles(end - begin, tile_rows(V), [&](int64_t at, int height) {
            Vec<T> tile[tile_rows(V) * V];
            T* to = sums + (begin + at - origin) * tile_vectors * L;
            for (int f = 0; f < height; ++f)
                for (int v = 0; v < V; ++v) tile[f * V + v] = load(to + (f * tile_vectors + v) * L);
            const int64_t feature = begin + at - (begin >= inputs_ ? inputs_ : 0);
            Tiles<T, V>::by_columns(height)(rows, feature, count, panel + first * L, int64_t(width) * L, tile);
            for (int f = 0; f < height; ++f)
                for (int v = 0; v < V; ++v) store(to + (f * tile_vectors + v) * L, tile[f * V + v]);
        });
    }

    // The gate row of torch's matrices that a vector of columns begins at.
    int64_t gate_row(int64_t column, const int* gates, int first) const {
        return gates[column % U::blocks - first] * s.hidden + column / U::blocks * lanes<T>;
    }
    int real(int64_t column) const {
        const int64_t left = s.hidden - column / U::blocks * lanes<T>;
        return int(left < lanes<T> ? left : lanes<T>);
    }

    void write(int64_t column, int width, int64_t begin, int64_t end, const T* sums) const {
        constexpr int L = lanes<T>;
        for (int64_t f0 = begin; f0 < end; f0 += L)  // in squares, as neither side should stride through the cache
            for (int64_t c = column; c < column + width; ++c)
                for (int lane = 0; lane < real(c); ++lane)
                    for (int64_t f = f0; f < f0 + L && f < end; ++f) {
                        const bool of_x = f < inputs_;
                        const int first = of_x ? 0 : U::hidden_first;
                        const int used = of_x ? U::input_blocks : U::hidden_blocks, block = int(c % U::blocks);
                        if (block < first || block >= first + used) continue;
                        const int64_t row = gate_row(c, of_x ? U::input_gate : U::hidden_gate, first) + lane;
                        const T value =
                            sums[((f - begin) * tile_vectors + (c - column) - (U::blocks > 1 ? first : 0)) * L + lane];
                        if (of_x) static_cast<T*>(s.grad_weight_ih)[row * s.inputs + f] = value;
                        else static_cast<T*>(s.grad_weight_hh)[row * s.hidden + f - inputs_] = value;
                    }
    }

    void write_biases(int64_t column, int width, const Vec<T>* sums) const {
        const auto to = [&](void* grad, const int* gates, int first, int used) {
            for (int64_t c = column; c < column + width && grad; ++c) {
                const int block = int(c % U::blocks);
                if (block >= first && block < first + used)
                    store_first(static_cast<T*>(grad) + gate_row(c, gates, first), sums[c - column], real(c));
            }
        };
        to(s.grad_bias_ih, U::input_gate, 0, U::input_blocks);
        to(s.grad_bias_hh, U::hidden_gate, U::hidden_first, U::hidden_blocks);
    }
};

}  // namespace foretell
