// A WaveNet's layers over whole sequences, forwards and backwards: time steps are rows, and a tile of rows goes through
// a layer's products, its gates and its sums without leaving the cache. `foretell/nn/layers/wavenet.py` has the
// equations.
#pragma once

#include <vector>

#include "core/boundary.h"
#include "core/packing.h"
#include "core/scratch.h"
#include "core/weight_gradients.h"

namespace foretell {

template <class T>
class StackOfLayers {
  public:
    explicit StackOfLayers(const WaveNetStack& stack)
        : s(stack), R(s.residual), S(s.skip), units((R + L - 1) / L), unit_row(units * L), gate_row(2 * unit_row),
          rows(s.batch * s.steps) {}

    void forward() {
        for (int64_t k = 0; k < s.layers; ++k) {
            in_large_pages(s.gates[k], rows * gate_row * int64_t(sizeof(T)));
            in_large_pages(s.x[k], s.batch * (past(k) + s.steps) * R * int64_t(sizeof(T)));
        }
        Buffer<T> skip_bias(round_up(S, L), T(0));
        for (int64_t k = 0; k < s.layers; ++k)
            for (int64_t i = 0; i < S; ++i) skip_bias[i] += values(s.mixed_bias[k])[skip_first(k) + i];
        for (int64_t k = 0; k < s.layers; ++k) forward(k, skip_bias);
    }

    void backward() {
        const T* grad_skips = static_cast<const T*>(s.grad_skips);
        Buffer<T> padded;
        if (S % L) {  // vectors are read beyond a row's end, which must not be the array's
            padded = Buffer<T>(rows * S + L);
            if (rows) std::memcpy(padded, grad_skips, size_t(rows * S) * sizeof(T));
            grad_skips = padded;
        }
        Buffer<T> grad_x(rows * R + L, T(0)), z(rows * unit_row);
        in_large_pages(grad_x, rows * R * int64_t(sizeof(T)));
        in_large_pages(z, rows * unit_row * int64_t(sizeof(T)));
        int64_t longest = 0;
        for (int64_t k = 0; k < s.layers; ++k) longest = past(k) > longest ? past(k) : longest;
        Buffer<T> grad_gates(s.batch * (s.steps + longest) * gate_row);
        in_large_pages(grad_gates, s.batch * (s.steps + longest) * gate_row * int64_t(sizeof(T)));
        for (int64_t k = s.layers - 1; k >= 0; --k) {
            gates_backward(k, grad_skips, grad_x, z, grad_gates);
            weights_backward(k, grad_skips, grad_x, z, grad_gates);
            inputs_backward(k, grad_x, grad_gates);
        }
        if (rows) std::memcpy(s.grad_x, grad_x, size_t(rows * R) * sizeof(T));
    }

  private:
    static constexpr int64_t L = lanes<T>;
    static constexpr int64_t block = 96;  // rows that go through a layer together
    static constexpr int both[] = {0, 1};

    const WaveNetStack& s;
    const int64_t R, S, units, unit_row, gate_row, rows;

    static const T* values(const void* from) { return static_cast<const T*>(from); }
    bool last(int64_t k) const { return k + 1 == s.layers; }
    int64_t past(int64_t k) const { return (s.kernel - 1) * s.dilations[k]; }
    int64_t skip_first(int64_t k) const { return last(k) ? 0 : R; }
    static int left(int64_t count, int64_t first) { return int(count - first < L ? count - first : L); }

    // The first tap's row of the window that ends with a time step.
    T* window(int64_t k, int64_t row) const {
        const int64_t b = row / s.steps, t = row % s.steps;
        return static_cast<T*>(s.x[k]) + (b * (past(k) + s.steps) + t) * R;
    }
    T* present(int64_t k, int64_t row) const { return window(k, row) + past(k) * R; }
    T* gates(int64_t k, int64_t row) const { return static_cast<T*>(s.gates[k]) + row * gate_row; }
    const T* local(int64_t row) const { return static_cast<const T*>(s.local) + row * s.local_size; }
    // The weights (2R, L) of the local conditioning; of none where there is none.
    GateMatrix<T> projection(int64_t k) const {
        return {s.local_size ? values(s.local_weights[k]) : nullptr, both, 2, R, s.local_size};
    }
    const T* extra(int64_t k, int64_t row) const {
        if (!s.extra || !s.extra[k]) return nullptr;
        const int64_t at = s.extra_steps == 1 ? row / s.steps : row;
        return static_cast<const T*>(s.extra[k]) + at * 2 * R;
    }

    template <class SquareAt>
    static Panels<T> pack(Buffer<T>& memory, int64_t depth, int64_t vectors, SquareAt square_at) {
        memory = Buffer<T>(depth * vectors * L);
        const Panels<T> panels{memory, depth, vectors, tile_vectors};
        for (int64_t panel = 0; panel < panels.count(); ++panel) pack_panel(panels, panel, square_at);
        return panels;
    }

    // Filter and gate of each vector of units side by side, from weights (2R, R, kernel), tap after tap.
    Panels<T> pack_taps(Buffer<T>& memory, const T* gated) const {
        memory = Buffer<T>(s.kernel * R * 2 * units * L);
        const Panels<T> panels{memory, s.kernel * R, 2 * units, tile_vectors};
        for (int64_t panel = 0; panel < panels.count(); ++panel)
            for (int64_t tap = 0; tap < s.kernel; ++tap) {
                const auto square_at = [&](int64_t depth, int64_t vector) {
                    const int64_t unit = vector / 2 * L, input = depth - tap * R;
                    const T* from = gated + ((vector % 2 * R + unit) * R + input) * s.kernel + tap;
                    return Square<T>{from, R * s.kernel, s.kernel, R - unit, R - input};
                };
                pack_panel(panels, panel, square_at, tap * R, (tap + 1) * R);
            }
        return panels;
    }

    // The same for the product of the gates' gradients: the gradient at t comes from the window that ends there by the
    // last tap, from later ones by those before it.
    Panels<T> pack_taps_backwards(Buffer<T>& memory, const T* gated) const {
        return pack(memory, s.kernel * gate_row, units, [&](int64_t depth, int64_t vector) {
            const int64_t tap = s.kernel - 1 - depth / gate_row, gates_at = depth % gate_row / L;
            const int64_t unit = gates_at / 2 * L, column = vector * L;
            const T* from = gated + ((gates_at % 2 * R + unit) * R + column) * s.kernel + tap;
            return Square<T>{from, s.kernel, R * s.kernel, R - column, R - unit};
        });
    }

    // Where in a matrix (2R, .) the column or row `i` of gates in blocks [unit][filter, gate][lane] stands; -1 for
    // none.
    int64_t gate_of(int64_t i) const {
        const int64_t unit = i / (2 * L) * L + i % L;
        return unit < R ? unit + i / L % 2 * R : -1;
    }

    template <class Work>
    void in_blocks(Work work) const {
        parallel((rows + block - 1) / block, s.threads, [&](int64_t task) {
            const int64_t first = task * block;
            work(first, rows - first < block ? rows - first : block);
        });
    }

    // A tile's sums in vectors: of row r the vectors from `panel` on.
    template <class Each>
    static void each_vector(const Panels<T>& panels, int64_t panel, Vec<T>* tile, Each each) {
        for (int v = 0; v < panels.in(panel); ++v) each((panel * tile_vectors + v) * L, tile[v]);
    }

    void forward(int64_t k, const T* skip_bias) {
        const T *gated = values(s.gated[k]), *mixed = values(s.mixed[k]);
        const T *gated_bias = values(s.gated_bias[k]), *mixed_bias = values(s.mixed_bias[k]);
        Buffer<T> memory[4], gate_bias(gate_row, T(0));
        const Panels<T> gate_weights = pack_taps(memory[0], gated);
        const Panels<T> local_weights = pack(memory[3], s.local_size, 2 * units, transposed(projection(k)));
        const GateMatrix<T> skip{mixed + skip_first(k) * R, whole, 1, S, R}, residual{mixed, whole, 1, R, R};
        const Panels<T> skip_weights = pack(memory[1], R, (S + L - 1) / L, transposed(skip));
        const Panels<T> residual_weights = pack(memory[2], R, last(k) ? 0 : units, transposed(residual));
        for (int64_t i = 0; i < gate_row; ++i) gate_bias[i] = gate_of(i) < 0 ? T(0) : gated_bias[gate_of(i)];
        const Depth taps{0, s.kernel, R, s.dilations[k] * R};
        const Depth inputs{0, 1, R, 0}, conditions{0, 1, s.local_size, 0};
        T* const skips = static_cast<T*>(s.skips);

        in_blocks([&](int64_t first, int64_t count) {
            Buffer<T> z(block * unit_row), told(s.local_size ? block * gate_row : 0);
            const T* pointers[block];
            if (s.local_size) {
                for (int64_t r = 0; r < count; ++r) pointers[r] = local(first + r);
                multiply(
                    pointers, count, conditions, local_weights,
                    [&](int64_t panel, int64_t, Vec<T>* tile) {
                        each_vector(local_weights, panel, tile, [&](int64_t at, Vec<T>& v) { v = load(gate_bias + at); });
                    },
                    [&](int64_t panel, int64_t r, Vec<T>* tile) {
                        each_vector(local_weights, panel, tile,
                                    [&](int64_t at, Vec<T>& v) { store(told + r * gate_row + at, v); });
                    });
            }
            for (int64_t r = 0; r < count; ++r) pointers[r] = window(k, first + r);
            multiply(
                pointers, count, taps, gate_weights,
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    const T *add = extra(k, first + r), *from = s.local_size ? told + r * gate_row : gate_bias + 0;
                    each_vector(gate_weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        v = load(from + at);
                        if (add) v += load_first(add + gate_of(at), left(R, at / (2 * L) * L));
                    });
                },
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    for (int v = 0; v < gate_weights.in(panel); v += 2) {
                        const int64_t at = (panel * tile_vectors + v) * L;
                        const Vec<T> filter = tanh<T>(tile[v]), gate = sigmoid<T>(tile[v + 1]);
                        T* const to = gates(k, first + r) + at;
                        store(to, filter);
                        store(to + L, gate);
                        store<T>(z + r * unit_row + at / 2, filter * gate);
                    }
                });
            for (int64_t r = 0; r < count; ++r) pointers[r] = z + r * unit_row;
            multiply(
                pointers, count, inputs, skip_weights,
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    const T* from = k == 0 ? skip_bias : skips + (first + r) * S;
                    each_vector(skip_weights, panel, tile,
                                [&](int64_t at, Vec<T>& v) { v = load_first(from + at, left(S, at)); });
                },
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    each_vector(skip_weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        store_first(skips + (first + r) * S + at, v, left(S, at));
                    });
                });
            if (last(k)) return;
            multiply(
                pointers, count, inputs, residual_weights,
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    each_vector(residual_weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        v = load_first(present(k, first + r) + at, left(R, at)) +
                            load_first(mixed_bias + at, left(R, at));
                    });
                },
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    each_vector(residual_weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        store_first(present(k + 1, first + r) + at, v, left(R, at));
                    });
                });
        });
    }

    // Rows of the gates' gradients: those of a sequence together, and after them zeros where windows reach beyond it.
    T* grad_gates_row(T* grad_gates, int64_t k, int64_t row) const {
        return grad_gates + (row / s.steps * (s.steps + past(k)) + row % s.steps) * gate_row;
    }

    // From the gradients of the skip sum and of the layer's residual output those of the gates before their functions;
    // z is computed again, for the weights.
    void gates_backward(int64_t k, const T* grad_skips, const T* grad_x, T* z, T* grad_gates) {
        const T* mixed = values(s.mixed[k]);
        Buffer<T> memory[2];
        const GateMatrix<T> skip{mixed + skip_first(k) * R, whole, 1, S, R}, residual{mixed, whole, 1, R, R};
        const Panels<T> skip_weights = pack(memory[0], S, units, straight(skip));
        const Panels<T> residual_weights = pack(memory[1], R, last(k) ? 0 : units, straight(residual));
        for (int64_t b = 0; b < s.batch; ++b)
            std::memset(grad_gates_row(grad_gates, k, b * s.steps + s.steps - 1) + gate_row, 0,
                        size_t(past(k) * gate_row) * sizeof(T));
        in_blocks([&](int64_t first, int64_t count) {
            Buffer<T> grad_z(block * unit_row);
            const T* pointers[block];
            const auto through_gates = [&](int64_t panel, int64_t r, Vec<T>* tile) {
                each_vector(skip_weights, panel, tile, [&](int64_t at, Vec<T>& gradient) {
                    const T* from = gates(k, first + r) + 2 * at;
                    const Vec<T> filter = load(from), gate = load(from + L);
                    T* const to = grad_gates_row(grad_gates, k, first + r) + 2 * at;
                    const Vec<T> product = filter * gate;
                    store<T>(to, gradient * gate * (T(1) - filter * filter));
                    store<T>(to + L, gradient * product * (T(1) - gate));
                    store(z + (first + r) * unit_row + at, product);
                });
            };
            const auto keep = [&](int64_t panel, int64_t r, Vec<T>* tile) {
                each_vector(skip_weights, panel, tile,
                            [&](int64_t at, Vec<T>& v) { store(grad_z + r * unit_row + at, v); });
            };
            const auto zero = [&](int64_t panel, int64_t, Vec<T>* tile) {
                each_vector(skip_weights, panel, tile, [](int64_t, Vec<T>& v) { v = Vec<T>{}; });
            };
            for (int64_t r = 0; r < count; ++r) pointers[r] = grad_skips + (first + r) * S;
            const Depth skip_depth{0, 1, S, 0};
            if (last(k)) return multiply(pointers, count, skip_depth, skip_weights, zero, through_gates);
            multiply(pointers, count, skip_depth, skip_weights, zero, keep);
            for (int64_t r = 0; r < count; ++r) pointers[r] = grad_x + (first + r) * R;
            multiply(
                pointers, count, Depth{0, 1, R, 0}, residual_weights,
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    each_vector(residual_weights, panel, tile,
                                [&](int64_t at, Vec<T>& v) { v = load(grad_z + r * unit_row + at); });
                },
                through_gates);
        });
    }

    void weights_backward(int64_t k, const T* grad_skips, const T* grad_x, const T* z, T* grad_gates) {
        std::vector<const T*> gate_rows(static_cast<size_t>(rows)), z_rows(gate_rows.size());
        std::vector<std::vector<const T*>> tap_rows(size_t(s.kernel), gate_rows);
        in_blocks([&](int64_t first, int64_t count) {
            for (int64_t row = first; row < first + count; ++row) {
                gate_rows[size_t(row)] = grad_gates_row(grad_gates, k, row);
                z_rows[size_t(row)] = z + row * unit_row;
                for (int64_t tap = 0; tap < s.kernel; ++tap)
                    tap_rows[size_t(tap)][size_t(row)] = window(k, row) + tap * s.dilations[k] * R;
            }
        });
        static constexpr int one[] = {0};
        std::vector<WeightGradient<T>> wanted;
        const auto out = [](void* to) { return static_cast<T*>(to); };
        for (int64_t tap = 0; tap < s.kernel; ++tap)
            wanted.push_back({tap_rows[size_t(tap)].data(), R, rows, nullptr, gate_row, 0, 2 * L, both, 2, R,
                              out(s.grad_gated[k]) + tap * 2 * R * R, tap ? nullptr : out(s.grad_gated_bias[k]),
                              gate_rows.data()});
        if (!last(k))
            wanted.push_back(
                {z_rows.data(), R, rows, grad_x, R, 0, L, one, 1, R, out(s.grad_residual[k]), out(s.grad_residual_bias[k])});
        wanted.push_back(
            {z_rows.data(), R, rows, grad_skips, S, 0, L, one, 1, S, out(s.grad_skip[k]), out(s.grad_skip_bias[k])});
        std::vector<const T*> local_rows(s.local_size ? size_t(rows) : 0);
        for (size_t row = 0; row < local_rows.size(); ++row) local_rows[row] = local(int64_t(row));
        if (s.local_size)
            wanted.push_back({local_rows.data(), s.local_size, rows, nullptr, gate_row, 0, 2 * L, both, 2, R,
                              out(s.grad_local_weights[k]), nullptr, gate_rows.data()});
        weight_gradients(wanted, s.threads);
        if (s.grad_extra && s.grad_extra[k])
            in_blocks([&](int64_t first, int64_t count) {
                for (int64_t row = first; row < first + count; ++row)
                    std::memcpy(out(s.grad_extra[k]) + row * gate_row, gate_rows[size_t(row)],
                                size_t(gate_row) * sizeof(T));
            });
    }

    // What the gates' gradients give to the layer's inputs, added to what came past the layer, and to the local
    // conditioning, added to what later layers gave.
    void inputs_backward(int64_t k, T* grad_x, T* grad_gates) {
        const T* gated = values(s.gated[k]);
        Buffer<T> memory[2];
        const Panels<T> weights = pack_taps_backwards(memory[0], gated);
        const int64_t local_size = s.grad_local ? s.local_size : 0;
        const Panels<T> local_weights = pack(memory[1], gate_row, (local_size + L - 1) / L, straight(projection(k)));
        T* const grad_local = static_cast<T*>(s.grad_local);
        const Depth windows{0, s.kernel, gate_row, s.dilations[k] * gate_row};
        in_blocks([&](int64_t first, int64_t count) {
            const T* pointers[block];
            for (int64_t r = 0; r < count; ++r) pointers[r] = grad_gates_row(grad_gates, k, first + r);
            multiply(
                pointers, count, windows, weights,
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    each_vector(weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        v = load_first(grad_x + (first + r) * R + at, left(R, at));
                    });
                },
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    each_vector(weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        store_first(grad_x + (first + r) * R + at, v, left(R, at));
                    });
                });
            multiply(
                pointers, count, Depth{0, 1, gate_row, 0}, local_weights,
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    const T* from = grad_local + (first + r) * local_size;
                    each_vector(local_weights, panel, tile, [&](int64_t at, Vec<T>& v) {
                        v = last(k) ? Vec<T>{} : load_first(from + at, left(local_size, at));
                    });
                },
                [&](int64_t panel, int64_t r, Vec<T>* tile) {
                    T* const to = grad_local + (first + r) * local_size;
                    each_vector(local_weights, panel, tile,
                                [&](int64_t at, Vec<T>& v) { store_first(to + at, v, left(local_size, at)); });
                });
        });
    }
};

}  // namespace foretell
