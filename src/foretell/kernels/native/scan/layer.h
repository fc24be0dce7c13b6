// A layer's weights and vectors as the scan reads them: packed, in blocks of units, padded with zeros; and how the
// rows of gates are laid out.
#pragma once

#include "core/buffer.h"
#include "scan/cells.h"
#include "scan/layer_norm.h"
#include "core/product.h"
#include "scan/scan.h"

namespace foretell {

// Sizes in values of T. A row of gates holds the cell's blocks for each vector of units; under layer norm also the
// normalised recurrent product, the normalised product of the input (but for an RNN, which has one norm for both), and
// the row's statistics. A row of gradients holds the same blocks, and where the input has a norm of its own the
// gradients of its product.
template <class T, class U>
struct Layout {
    int64_t hidden, units, padded;  // H, vectors of units, and the units in them
    bool norm, norm_of_input;

    Layout(int64_t hidden, bool layer_norm)
        : hidden(hidden), units((hidden + lanes<T> - 1) / lanes<T>), padded(units * lanes<T>), norm(layer_norm),
          norm_of_input(layer_norm && !U::norm_of_sum) {}

    int64_t blocks() const { return padded * U::blocks; }
    int64_t input_product() const { return padded * U::input_blocks; }
    int64_t hidden_product() const { return padded * U::hidden_blocks; }
    int64_t normalised_hidden() const { return blocks(); }
    int64_t normalised_input() const { return blocks() + hidden_product(); }
    int64_t statistics() const { return normalised_input() + (norm_of_input ? input_product() : 0); }
    int64_t row() const { return norm ? statistics() + round_up(4, lanes<T>) : blocks(); }
    int64_t gradient_row() const { return blocks() + (norm_of_input ? input_product() : 0); }

    // How a row of gradients looks as the left side of a product with all input gates, or all recurrent ones.
    Depth input_depth() const {
        return norm_of_input ? Depth{blocks(), 1, input_product(), 0} : depth(0, U::input_blocks);
    }
    Depth hidden_depth() const { return depth(U::hidden_first, U::hidden_blocks); }
    Depth reset_depth() const { return depth(0, 1); }

    // The gates as a norm sees them: among a row's blocks, or close together.
    NormedRow<T, U::input_blocks> input_gates() const { return {hidden, U::blocks, 0}; }
    NormedRow<T, U::hidden_blocks> hidden_gates() const { return {hidden, U::blocks, U::hidden_first}; }
    template <int V>
    NormedRow<T, V> close() const {
        return {hidden, V, 0};
    }

  private:
    Depth depth(int first, int used) const {
        if (used == U::blocks) return {0, 1, padded * used, 0};
        return {first * lanes<T>, units, int64_t(used) * lanes<T>, int64_t(U::blocks) * lanes<T>};
    }
};

// The places of a row's statistics.
enum Statistic { hidden_scale, cell_mean, cell_scale, input_scale };

// A vector of `gates * H` values, gate after gate, as blocks [unit][vector][lane]; `from` null gives zeros.
template <class T>
void to_blocks(const T* from, const int* gates, int vectors, int64_t hidden, T* to, int64_t stride) {
    for (int64_t u = 0; u * lanes<T> < hidden; ++u)
        for (int v = 0; v < vectors; ++v) {
            T* at = to + (u * stride + v) * lanes<T>;
            const int64_t unit = u * lanes<T>;
            store(at, from ? load_first(from + gates[v] * hidden + unit, int(hidden - unit)) : Vec<T>{});
        }
}

template <class T>
void from_blocks(const T* from, const int* gates, int vectors, int64_t hidden, T* to, int64_t stride) {
    for (int64_t u = 0; u * lanes<T> < hidden; ++u)
        for (int v = 0; v < vectors; ++v) {
            const int64_t unit = u * lanes<T>;
            store_first(to + gates[v] * hidden + unit, load(from + (u * stride + v) * lanes<T>), int(hidden - unit));
        }
}

// The gates of a matrix or vector that has only one.
constexpr int whole[] = {0};

// A layer's vectors in blocks of units, padded with zeros: biases, peepholes and the weights of its norms.
template <class T, class U>
struct Vectors {
    Buffer<T> bias;         // of the input's share, with the recurrent one where the two meet unchanged
    Buffer<T> hidden_bias;  // of the recurrent product; under an RNN's norm the norm's
    Buffer<T> peephole;     // three rows of `padded`
    Buffer<T> ln_ih_weight, ln_weight, ln_c_weight, ln_c_bias;

    Vectors(const Scan& s, const Layout<T, U>& layout) {
        const auto blocks = [&](const void* from, const int* gates, int vectors) {
            Buffer<T> to(layout.padded * vectors);
            to_blocks(static_cast<const T*>(from), gates, vectors, s.hidden, static_cast<T*>(to), vectors);
            return to;
        };
        bias = blocks(s.bias_ih, U::input_gate, U::input_blocks);
        hidden_bias = blocks(layout.norm && U::norm_of_sum ? s.ln_bias : s.bias_hh, U::hidden_gate, U::hidden_blocks);
        if (layout.norm_of_input) ln_ih_weight = blocks(s.ln_ih_weight, U::input_gate, U::input_blocks);
        if (s.layer_norm) ln_weight = blocks(s.ln_weight, U::hidden_gate, U::hidden_blocks);
        if (s.layer_norm && U::has_cell) {
            ln_c_weight = blocks(s.ln_c_weight, whole, 1);
            ln_c_bias = blocks(s.ln_c_bias, whole, 1);
        }
        if (s.peephole) {
            peephole = Buffer<T>(3 * layout.padded);
            for (int row = 0; row < 3; ++row)
                to_blocks(static_cast<const T*>(s.peephole) + row * s.hidden, whole, 1, s.hidden,
                          peephole + row * layout.padded, 1);
        }
        if (s.bias_hh && !layout.norm_of_input) {  // where it meets the input's share unchanged
            const Buffer<T> recurrent = blocks(s.bias_hh, U::input_gate, U::input_blocks);
            for (int64_t u = 0; u < layout.units; ++u)
                for (int v = U::blocks > U::input_blocks ? U::hidden_first : 0; v < U::input_blocks; ++v) {
                    const int64_t at = (u * U::input_blocks + v) * lanes<T>;
                    store<T>(bias + at, load(bias + at) + load(recurrent + at));
                }
        }
    }
};

// One panel of a weight (gates * H, depth) for the product of rows with its transpose: columns are blocks of units.
template <class T>
void pack_transposed(const T* weight, const int* gates, int vectors, int64_t hidden, Panels<T>& to, int64_t panel) {
    constexpr int L = lanes<T>;
    const int in = to.in(panel);
    T* out = to.at(panel);
    for (int64_t k = 0; k < to.depth; k += L) {
        const int deep = int(to.depth - k < L ? to.depth - k : L);
        for (int v = 0; v < in; ++v) {
            const int64_t column = panel * to.width + v, unit = column / vectors * L;
            const T* from = weight + (gates[column % vectors] * hidden + unit) * to.depth + k;
            Vec<T> square[L];
            for (int lane = 0; lane < L; ++lane)
                square[lane] = unit + lane < hidden ? load_first(from + lane * to.depth, deep) : Vec<T>{};
            transpose<T>(square);
            for (int i = 0; i < deep; ++i) store(out + ((k + i) * in + v) * L, square[i]);
        }
    }
}

// A weight (gates * H, depth) as it lies, for the product of rows with its transpose.
template <class T>
struct Unpacked {
    const T* weight;
    const int* gates;
    int vectors;
    int64_t hidden, depth;

    // `finish(row, products)` for each row and a column of units as they are packed; zeros beyond the last unit.
    template <class Finish>
    void multiply(const T* const* rows, int64_t count, int64_t column, Finish finish) const {
        constexpr int L = lanes<T>;
        const int64_t unit = column / vectors * L, left = hidden - unit;
        const T* from[L];
        for (int i = 0; i < L; ++i)
            from[i] = weight + (gates[column % vectors] * hidden + unit + (i < left ? i : left - 1)) * depth;
        multiply_unpacked_rows<T>(from, rows, count, depth, [&](int64_t r, Vec<T> sums) {
            finish(r, left < L ? first_only<T>(sums, int(left)) : sums);
        });
    }
};

// For every panel and row what `multiply` does, with the weights as they lie: the rows of a single time step would wait
// for them to be packed.
template <class T, class Start, class Finish>
void multiply_unpacked(const T* const* rows, int64_t count, const Unpacked<T>& matrix, const Panels<T>& shape,
                       Start start, Finish finish, int64_t panel, int64_t end) {
    constexpr int64_t few = 16;
    for (; panel < end; ++panel)
        for (int64_t first = 0; first < count; first += few) {
            const int64_t here = count - first < few ? count - first : few;
            Vec<T> tiles[few * tile_vectors];
            for (int64_t r = 0; r < here; ++r) start(panel, first + r, tiles + r * tile_vectors);
            for (int v = 0; v < shape.in(panel); ++v)
                matrix.multiply(rows + first, here, panel * shape.width + v,
                                [&](int64_t r, Vec<T> sums) { tiles[r * tile_vectors + v] += sums; });
            for (int64_t r = 0; r < here; ++r) finish(panel, first + r, tiles + r * tile_vectors);
        }
}

// One panel of a weight (gates * H, columns) for the product of rows of gates with it: its depth is blocks of units.
template <class T>
void pack_straight(const T* weight, const int* gates, int vectors, int64_t hidden, int64_t columns, Panels<T>& to,
                   int64_t panel) {
    constexpr int L = lanes<T>;
    const int in = to.in(panel);
    T* out = to.at(panel);
    for (int64_t u = 0; u * L < hidden; ++u)
        for (int v = 0; v < vectors; ++v)
            for (int lane = 0; lane < L; ++lane, out += in * L) {
                const int64_t unit = u * L + lane;
                for (int c = 0; c < in; ++c) {
                    const int64_t column = (panel * to.width + c) * L;
                    store(out + c * L, unit < hidden ? load_first(weight + (gates[v] * hidden + unit) * columns + column,
                                                                  int(columns - column))
                                                     : Vec<T>{});
                }
            }
}

}  // namespace foretell
