// A WaveNet's matrices, packed once, and their product with one row or several. Weights are kept in single precision
// or, for half the memory that streams by, in its upper half (bfloat16); sums are in single precision either way. Those
// of eight bits have a packing and a product of their own (int8.h).
#pragma once

#include <cmath>

#include "core/bfloat16.h"
#include "core/buffer.h"
#include "core/scratch.h"
#include "core/vectors.h"

namespace foretell {

constexpr int vector_floats = lanes<float>;
constexpr int pair_floats = 2 * vector_floats;

// Two neighbouring vectors of weights. Of bfloat16 the first one lies in the lower halves of 32-bit words, the second
// one in the upper halves: a shift and a mask unpack them.
inline void load_pair(const float* from, Vec<float>& first, Vec<float>& second) {
    first = load(from);
    second = load(from + vector_floats);
}
inline void load_pair(const BFloat16* from, Vec<float>& first, Vec<float>& second) {
    Vec<int32_t> words;
    std::memcpy(&words, from, sizeof words);
    first = (Vec<float>)(words << 16);
    second = (Vec<float>)(words & int32_t(0xffff0000));
}
inline void store_pair(float* to, const float* values) { std::memcpy(to, values, pair_floats * sizeof(float)); }
inline void store_pair(BFloat16* to, const float* values) {
    const Vec<uint32_t> words = two_as_bfloat16(load(values), load(values + vector_floats));
    std::memcpy(to, &words, sizeof words);
}

// (depth, vectors * lanes) in panels of eight vectors: panel after panel, in each one depth after depth. The number of
// vectors is even and the depth a multiple of four; what is beyond the matrix is zero.
constexpr int panel_vectors = 8;

template <class W>
struct Matrix {
    const W* data = nullptr;
    int64_t depth = 0, vectors = 0;
    const float* scales = nullptr;  // of Int8: each column's values are multiples of its scale

    int64_t panels() const { return (vectors + panel_vectors - 1) / panel_vectors; }
    int in(int64_t panel) const {
        const int64_t left = vectors - panel * panel_vectors;
        return int(left < panel_vectors ? left : panel_vectors);
    }
    const W* at(int64_t panel) const { return data + panel * panel_vectors * vector_floats * depth; }
    int64_t size() const { return depth * vectors * vector_floats; }
};

// A convolution's weights (channels, inputs, taps), one of whose taps becomes a matrix.
struct Convolution {
    const float* weights;
    int64_t inputs, taps, tap;

    float at(int64_t input, int64_t channel) const { return weights[(channel * inputs + input) * taps + tap]; }
    // The greatest magnitude among all weights of a channel; NaN if one is.
    float greatest(int64_t channel) const {
        float found = 0;
        for (const float* w = weights + channel * inputs * taps; w < weights + (channel + 1) * inputs * taps; ++w)
            if (const float magnitude = std::fabs(*w); magnitude > found || magnitude != magnitude) found = magnitude;
        return found;
    }
};

// Packs a tap to `to`; `channel(n)` is the one that column n holds, -1 for none. `scales` is for Int8 alone.
template <class W, class Channel>
Matrix<W> pack(W* to, float*, int64_t depth, int64_t vectors, const Convolution& from, Channel channel) {
    const Matrix<W> matrix{to, depth, vectors};
    const auto element = [&](int64_t k, int64_t n) {
        const int64_t c = channel(n);
        return c < 0 || k >= from.inputs ? 0 : from.at(k, c);
    };
    for (int64_t panel = 0; panel < matrix.panels(); ++panel)
        for (int64_t k = 0; k < depth; ++k)
            for (int v = 0; v < matrix.in(panel); v += 2, to += pair_floats) {
                float pair[pair_floats];
                for (int i = 0; i < pair_floats; ++i)
                    pair[i] = element(k, (panel * panel_vectors + v) * vector_floats + i);
                store_pair(to, pair);
            }
    return matrix;
}

// sums[r][v] += sum over k of rows[r][k] * weights[k][v], where `stride` weights lie from one k to the next. C chains
// of sums hide the latency of an addition where there are few of them otherwise.
template <class W, int R, int V, int C>
inline void accumulate(const float* const* rows, int64_t depth, const W* weights, int64_t stride, Vec<float>* sums) {
    Vec<float> parts[C][R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            parts[0][r][v] = sums[r * V + v];
#pragma GCC unroll 4
            for (int c = 1; c < C; ++c) parts[c][r][v] = Vec<float>{};
        }
    for (int64_t k = 0; k < depth; k += C)
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) {
            Vec<float> w[V];
#pragma GCC unroll 4
            for (int v = 0; v < V; v += 2) load_pair(weights + v * vector_floats, w[v], w[v + 1]);
            weights += stride;
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) parts[c][r][v] += rows[r][k + c] * w[v];
        }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            Vec<float> sum = parts[0][r][v];
#pragma GCC unroll 4
            for (int c = 1; c < C; ++c) sum += parts[c][r][v];
            sums[r * V + v] = sum;
        }
}

// The same, as a call of its own: the compiler then keeps all of a tile's sums in registers.
template <class W, int R, int V, int C>
[[gnu::noinline]] void tile(const float* const* rows, int64_t depth, const W* weights, int64_t stride,
                            Vec<float>* sums) {
    accumulate<W, R, V, C>(rows, depth, weights, stride, sums);
}

constexpr int most_rows = vector_registers == 32 ? 6 : 2;

template <class W, int V>
inline void tile_of(int rows, const float* const* x, int64_t depth, const W* weights, int64_t stride,
                    Vec<float>* sums) {
    using Tile = void (*)(const float* const*, int64_t, const W*, int64_t, Vec<float>*);
    static constexpr Tile tiles[] = {tile<W, 1, V, 1>, tile<W, 2, V, 1>, tile<W, 3, V, 1>,
                                     tile<W, 4, V, 1>, tile<W, 5, V, 1>, tile<W, 6, V, 1>};
    tiles[rows - 1](x, depth, weights, stride, sums);
}

// One panel's product with `count` rows. `start(row, vector, n, sums)` sets n sums, beginning with the panel's vector
// of that number, and `finish` takes them; vectors come in even numbers, so that pairs stay together. `alone`: there is
// one row and never another, whose sums are then taken in several chains; those of rows side by side are not, so that a
// row has the same sums in any company.
template <class W, class Start, class Finish>
inline void multiply_panel(const float* const* rows, int64_t count, bool alone, const Matrix<W>& matrix, int64_t panel,
                           Start start, Finish finish) {
    const int vectors = matrix.in(panel), first = int(panel) * panel_vectors;
    const int64_t stride = vectors * vector_floats;
    const W* weights = matrix.at(panel);
    if (alone) {
        Vec<float> sums[panel_vectors];
        start(0, first, vectors, sums);
        switch (vectors) {
            case 8: tile<W, 1, 8, 1>(rows, matrix.depth, weights, stride, sums); break;
            case 6: tile<W, 1, 6, 2>(rows, matrix.depth, weights, stride, sums); break;
            case 4: tile<W, 1, 4, 2>(rows, matrix.depth, weights, stride, sums); break;
            default: tile<W, 1, 2, 4>(rows, matrix.depth, weights, stride, sums);
        }
        finish(0, first, vectors, sums);
        return;
    }
    for (int v = 0; v < vectors; v += 4) {
        const int width = vectors - v < 4 ? 2 : 4;
        const int64_t tiles = (count + most_rows - 1) / most_rows;
        for (int64_t i = 0, row = 0; i < tiles; ++i) {
            const int height = int((count - row + tiles - i - 1) / (tiles - i));
            Vec<float> sums[most_rows * 4];
            for (int r = 0; r < height; ++r) start(row + r, first + v, width, sums + r * width);
            if (width == 4) tile_of<W, 4>(height, rows + row, matrix.depth, weights + v * vector_floats, stride, sums);
            else tile_of<W, 2>(height, rows + row, matrix.depth, weights + v * vector_floats, stride, sums);
            for (int r = 0; r < height; ++r) finish(row + r, first + v, width, sums + r * width);
            row += height;
        }
    }
}

template <class Row, class W, class Start, class Finish>
inline void multiply_rows(const Row* rows, int64_t count, bool alone, const Matrix<W>& matrix, Start start,
                          Finish finish) {
    for (int64_t panel = 0; panel < matrix.panels(); ++panel)
        multiply_panel(rows, count, alone, matrix, panel, start, finish);
}

}  // namespace foretell
