// Products of rows with a matrix packed into panels, in tiles that stay in registers.
#pragma once

#include <utility>

#include "core/factors.h"

namespace foretell {

// Which values of a row a product runs over: `pieces` runs of `length`, `stride` apart, the first at `first`.
struct Depth {
    int64_t first, pieces, length, stride;
    int64_t total() const { return pieces * length; }
};

// The same counted in factors.
template <class F>
constexpr Depth in_factors(Depth d) {
    return {d.first / values_of<F>, d.pieces, factor_count<F>(d.length), d.stride / values_of<F>};
}

// A matrix (depth, vectors * lanes) of factors, in panels of up to `width` vectors: panel after panel, in each one
// depth after depth.
template <class F>
struct Panels {
    F* data = nullptr;
    int64_t depth = 0, vectors = 0;
    int width = 1;

    int64_t count() const { return (vectors + width - 1) / width; }
    int64_t size() const { return depth * vectors * lanes<F>; }
    int in(int64_t panel) const { return int(vectors - panel * width < width ? vectors - panel * width : width); }
    F* at(int64_t panel) const { return data + panel * width * lanes<F> * depth; }
};

constexpr int tile_vectors = 4;

// How many units with this many vectors each a panel of transposed weights has.
constexpr int units_per_panel(int vectors) { return tile_vectors / vectors; }

// How many rows a tile of `vectors` vectors has, so that the accumulators leave registers for the operands.
constexpr int tile_rows(int vectors) {
    if (vector_registers == 32) return vectors == 4 ? 6 : 8;
    return vectors == 4 ? 3 : vectors == 3 ? 4 : vectors == 2 ? 6 : 8;
}

constexpr int most_in_tile = tile_rows(4) * 4;
static_assert(most_in_tile >= tile_rows(3) * 3 && most_in_tile >= tile_rows(2) * 2 && most_in_tile >= tile_rows(1));

// A long sum is taken in stretches of this many terms: a sum of sums keeps small ones.
constexpr int64_t stretch_of_sum = 128;

// tile[r][v] += sum over k of rows[r][k] * panel[k][v].
template <class F, int R, int V>
void multiply_tile(const F* const* rows, Depth depth, const F* panel, Vec<SumOf<F>>* tile) {
    Vec<SumOf<F>> acc[R][V]{};
    const F* row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) row[r] = rows[r] + depth.first;
    int64_t summed = 0;
    const auto flush = [&] {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) {
                tile[r * V + v] += acc[r][v];
                acc[r][v] = Vec<SumOf<F>>{};
            }
        summed = 0;
    };
    for (int64_t piece = 0; piece < depth.pieces; ++piece) {
        for (int64_t k = 0; k < depth.length;) {
            const int64_t end = depth.length - k > stretch_of_sum ? k + stretch_of_sum : depth.length;
            summed += end - k;
            for (; k < end; ++k) {
                Vec<F> b[V];
#pragma GCC unroll 4
                for (int v = 0; v < V; ++v) b[v] = load(panel + v * lanes<F>);
                panel += V * lanes<F>;
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) {
                    const F a = row[r][k];
#pragma GCC unroll 4
                    for (int v = 0; v < V; ++v) add_product(acc[r][v], a, b[v]);
                }
            }
            if (summed >= stretch_of_sum) flush();
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) row[r] += depth.stride;
    }
    flush();
}

// tile[f][v] += sum over k of rows[k][feature + f] * panel[k][v]: the same product with the rows standing upright.
template <class F, int R, int V>
void multiply_columns(const F* const* rows, int64_t feature, int64_t count, const F* panel, Vec<SumOf<F>>* tile) {
    Vec<SumOf<F>> acc[R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) acc[r][v] = tile[r * V + v];
    for (int64_t k = 0; k < count; ++k) {
        const F* a = rows[k] + feature;
        Vec<F> b[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) b[v] = load(panel + v * lanes<F>);
        panel += V * lanes<F>;
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) add_product(acc[r][v], a[r], b[v]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) tile[r * V + v] = acc[r][v];
}

// The kernels for a number of vectors, by the number of rows less one.
template <class F, int V, class = std::make_integer_sequence<int, tile_rows(V)>>
struct Tiles;
template <class F, int V, int... Less>
struct Tiles<F, V, std::integer_sequence<int, Less...>> {
    static constexpr decltype(&multiply_tile<F, 1, V>) by_rows[] = {multiply_tile<F, Less + 1, V>...};
    static constexpr decltype(&multiply_columns<F, 1, V>) by_columns[] = {multiply_columns<F, Less + 1, V>...};
};

// tile[r][v] += the products of `rows` rows with a panel of `vectors` vectors.
template <class F>
inline void multiply_rows(const F* const* from, int rows, int vectors, Depth depth, const F* panel,
                          Vec<SumOf<F>>* tile) {
    switch (vectors) {
        case 4: return Tiles<F, 4>::by_rows[rows - 1](from, depth, panel, tile);
        case 3: return Tiles<F, 3>::by_rows[rows - 1](from, depth, panel, tile);
        case 2: return Tiles<F, 2>::by_rows[rows - 1](from, depth, panel, tile);
        default: return Tiles<F, 1>::by_rows[rows - 1](from, depth, panel, tile);
    }
}

// `step(first, rows)` over `count` rows in tiles of nearly equal height.
template <class Step>
inline void in_tiles(int64_t count, int height, Step step) {
    if (count <= 0) return;
    const int64_t tiles = (count + height - 1) / height;
    for (int64_t i = 0, first = 0; i < tiles; ++i) {
        const int rows = int((count - first + tiles - i - 1) / (tiles - i));
        step(first, rows);
        first += rows;
    }
}

// For every panel from `panel` to `end` and tile of `count` rows: `start(panel, row, tile)` sets a row's accumulators,
// `add(panel, first row, rows, tile)` adds the product, and `finish(panel, row, tile)` takes them. A panel stays in the
// cache while the rows pass by.
template <int most, class F, class Height, class Start, class Add, class Finish>
inline void in_panels(int64_t count, const Panels<F>& matrix, int64_t panel, int64_t end, Height height, Start start,
                      Add add, Finish finish) {
    for (; panel < end; ++panel) {
        const int vectors = matrix.in(panel);
        in_tiles(count, height(vectors), [&](int64_t first, int rows) {
            Vec<SumOf<F>> tile[most];
            for (int r = 0; r < rows; ++r) start(panel, first + r, tile + r * vectors);
            add(panel, first, rows, tile);
            for (int r = 0; r < rows; ++r) finish(panel, first + r, tile + r * vectors);
        });
    }
}

// The product of rows with a packed matrix, see `in_panels`; all panels where the caller names none.
template <class F, class Start, class Finish>
inline void multiply(const F* const* rows, int64_t count, Depth depth, const Panels<F>& matrix, Start start,
                     Finish finish, int64_t panel = 0, int64_t end = -1) {
    in_panels<most_in_tile>(
        count, matrix, panel, end < 0 ? matrix.count() : end, tile_rows, start,
        [&](int64_t at, int64_t first, int height, Vec<SumOf<F>>* tile) {
            multiply_rows(rows + first, height, matrix.in(at), depth, matrix.at(at), tile);
        },
        finish);
}

}  // namespace foretell
