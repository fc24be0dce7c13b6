// Products of rows with weights as they lie: for so few rows that to pack them would not pay.
#pragma once

#include "core/packing.h"

namespace foretell {

// out[r][i] = sum over k of weights[i][k] * rows[r][k], for `lanes` rows of weights as they lie and R others. Each sum
// is taken in the same order whatever R: by lanes, and then over them.
template <class F, int R, class S>
void multiply_unpacked_tile(const S* const* weights, const F* const* rows, int64_t depth, Vec<SumOf<F>>* out) {
    using T = SumOf<F>;
    constexpr int L = lanes<F>, step = L * values_of<F>,
                  few = L / R;  // so that there are `lanes` accumulators, and a square to mirror
    T found[R][L];
    for (int first = 0; first < L; first += few) {
        Vec<T> sums[L]{};
        const auto add = [&](int64_t k, auto count) {
            Vec<F> a[R];
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) a[r] = load_first(rows[r] + k / values_of<F>, int(factor_count<F>(count)));
#pragma GCC unroll 16
            for (int i = 0; i < few; ++i) {
                const Vec<F> b = load_factors<F>(weights[first + i] + k, count);
#pragma GCC unroll 4
                for (int r = 0; r < R; ++r) add_product(sums[r * few + i], b, a[r]);
            }
        };
        int64_t k = 0;
        for (; k + step <= depth; k += step) add(k, std::integral_constant<int, step>{});
        if (k < depth) add(k, int(depth - k));
        transpose<T>(sums);
#pragma GCC unroll 4
        for (int half = L / 2; half; half /= 2)
#pragma GCC unroll 8
            for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
        T part[L];
        store(part, sums[0]);
        for (int r = 0; r < R; ++r) std::memcpy(found[r] + first, part + r * few, few * sizeof(T));
    }
    for (int r = 0; r < R; ++r) out[r] = load(found[r]);
}

// sums[r]: the products of each of `count` rows with `lanes` rows of weights as they lie.
template <class F, class S>
void multiply_unpacked_rows(const S* const* weights, const F* const* rows, int64_t count, int64_t depth,
                            Vec<SumOf<F>>* sums) {
    constexpr int most = lanes<F> < 4 ? lanes<F> : 4;
    for (int64_t r = 0; r < count;) {
        const int here = count - r >= most ? most : count - r >= 2 ? 2 : 1;
        if (here == most) multiply_unpacked_tile<F, most>(weights, rows + r, depth, sums + r);
        else if (here == 2) multiply_unpacked_tile<F, 2>(weights, rows + r, depth, sums + r);
        else multiply_unpacked_tile<F, 1>(weights, rows + r, depth, sums + r);
        r += here;
    }
}

constexpr int unpacked_rows = 16;

// tile[r][v] += what `multiply_rows` adds for a panel of `transposed(matrix)`, read where it lies: the rows of a single
// time step would wait for it to be packed. At most `unpacked_rows` rows.
template <class F, class S>
void multiply_unpacked_panel(const F* const* rows, int count, const GateMatrix<S>& matrix, const Panels<F>& shape,
                             int64_t panel, Vec<SumOf<F>>* tile) {
    using T = SumOf<F>;
    constexpr int L = lanes<T>;
    const int vectors = shape.in(panel);
    for (int v = 0; v < vectors; ++v) {
        const int64_t column = panel * shape.width + v, unit = column / matrix.vectors * L;
        const int64_t left = matrix.units - unit;
        const S* from[L];  // past the last unit its row once more
        for (int i = 0; i < L; ++i)
            from[i] = matrix.row(int(column % matrix.vectors), unit + (i < left ? i : left - 1));
        Vec<T> sums[unpacked_rows];
        multiply_unpacked_rows<F>(from, rows, count, matrix.columns, sums);
        for (int r = 0; r < count; ++r)
            tile[r * vectors + v] += left < L ? first_only<T>(sums[r], int(left)) : sums[r];
    }
}

// Calls `step(packed, depth)` for parts of a depth of at most `most` factors (or one piece): where each part begins among
// all factors, and which they are.
template <class Step>
void in_parts(Depth depth, int64_t most, Step step) {
    if (depth.pieces == 1) {
        for (int64_t k = 0; k < depth.length; k += most)
            step(k, Depth{depth.first + k, 1, depth.length - k < most ? depth.length - k : most, 0});
        return;
    }
    const int64_t together = most / depth.length;
    for (int64_t p = 0; p < depth.pieces; p += together)
        step(p * depth.length,
             Depth{depth.first + p * depth.stride, depth.pieces - p < together ? depth.pieces - p : together,
                   depth.length, depth.stride});
}

// tile[r][v] += what `multiply_rows` adds for a panel that is packed part by part on the way through the cache.
template <class F, class SquareAt>
void multiply_in_parts(const F* const* rows, int count, Depth depth, SquareAt square_at, const Panels<F>& shape,
                       int64_t panel, Vec<SumOf<F>>* tile) {
    constexpr int64_t most = 64, values = values_of<F>;
    F packed[most * tile_vectors * lanes<F>];
    const int vectors = shape.in(panel);
    in_parts(depth, most, [&](int64_t at, Depth part) {
        pack_depths(packed, panel * shape.width, vectors, square_at, at * values, (at + part.total()) * values);
        multiply_rows(rows, count, vectors, part, packed, tile);
    });
}

}  // namespace foretell
