// Matrices as torch has them, and how they are packed into panels.
#pragma once

#include "core/product.h"

namespace foretell {

// The gates of a matrix or vector that has only one.
constexpr int whole[] = {0};

// Some rows of a weight (gates * units, columns): those of `vectors` gates. A unit's gates stand side by side where it
// is packed, in blocks of `lanes` units. The weight is stored in numbers of type S.
template <class S>
struct GateMatrix {
    const S* weight;
    const int* gates;
    int vectors;
    int64_t units, columns;

    const S* row(int vector, int64_t unit) const { return weight + (gates[vector] * units + unit) * columns; }
};

// `lanes` columns of a panel at `lanes` depths: where they lie, and how many of them there are; zeros stand for the
// others.
template <class S>
struct Square {
    using T = ValueOf<S>;

    const S* from;
    int64_t column_stride, depth_stride;
    int64_t columns, depths;

    // One depth, where columns stand side by side.
    Vec<T> row(int64_t depth) const {
        return depth < depths ? load_first(from + depth * depth_stride, int(columns)) : Vec<T>{};
    }
    // Depth by depth, whichever of the two is apart in memory.
    void load(Vec<T>* rows) const {
        constexpr int L = lanes<T>;
        if (depth_stride == 1) {
            for (int c = 0; c < L; ++c)
                rows[c] = c < columns ? load_first(from + c * column_stride, int(depths)) : Vec<T>{};
            transpose<T>(rows);
            return;
        }
        for (int i = 0; i < L; ++i) rows[i] = Vec<T>{};
        for (int i = 0; i < L && i < depths; ++i)
            for (int c = 0; c < L && c < columns; ++c) rows[i][c] = from[i * depth_stride + c * column_stride];
    }
};

// For the product of rows of features with the transposed matrix: columns are blocks of units.
template <class S>
auto transposed(const GateMatrix<S>& m) {
    return [m](int64_t depth, int64_t vector) {
        const int64_t unit = vector / m.vectors * lanes<ValueOf<S>>;
        return Square<S>{m.row(int(vector % m.vectors), unit) + depth, m.columns, 1, m.units - unit, m.columns - depth};
    };
}

// For the product of rows of gates with the matrix as it is: the depth is blocks of units.
template <class S>
auto straight(const GateMatrix<S>& m) {
    constexpr int64_t L = lanes<ValueOf<S>>;
    return [m](int64_t depth, int64_t vector) {
        const int64_t block = depth / L, unit = block / m.vectors * L, column = vector * L;
        return Square<S>{m.row(int(block % m.vectors), unit) + column, 1, m.columns, m.columns - column,
                         m.units - unit};
    };
}

// Packs the values at depths `first` to `end`, multiples of a factor's, of the `vectors` from `vector` on;
// `square(depth, vector)` says where each square of them lies.
template <class F, class SquareAt>
void pack_depths(F* to, int64_t vector, int vectors, SquareAt square_at, int64_t first, int64_t end) {
    using T = SumOf<F>;
    constexpr int64_t L = lanes<F>, values = values_of<F>;
    for (int64_t depth = first; depth < end; depth += L) {
        const int deep = int((end - depth < L ? end - depth : L) / values);
        F* const out = to + (depth - first) / values * vectors * L;
        decltype(square_at(depth, 0)) squares[tile_vectors];
        for (int v = 0; v < vectors; ++v) squares[v] = square_at(depth, vector + v);
        if (squares[0].column_stride == 1) {  // depth after depth as they are to lie
            for (int i = 0; i < deep; ++i)
                for (int v = 0; v < vectors; ++v) {
                    Vec<T> rows[values];
                    for (int j = 0; j < values; ++j) rows[j] = squares[v].row(i * values + j);
                    store(out + (i * vectors + v) * L, factors_of<F>(rows));
                }
        } else {
            for (int v = 0; v < vectors; ++v) {
                Vec<T> rows[L];
                squares[v].load(rows);
                for (int i = 0; i < deep; ++i) store(out + (i * vectors + v) * L, factors_of<F>(rows + i * values));
            }
        }
    }
}

// The same of a panel, to where those depths have their place in it.
template <class F, class SquareAt>
void pack_panel(const Panels<F>& to, int64_t panel, SquareAt square_at, int64_t first, int64_t end) {
    F* const at = to.at(panel) + first / values_of<F> * to.in(panel) * lanes<F>;
    pack_depths(at, panel * to.width, to.in(panel), square_at, first, end);
}

template <class F, class SquareAt>
void pack_panel(const Panels<F>& to, int64_t panel, SquareAt square_at) {
    pack_panel(to, panel, square_at, 0, to.depth * values_of<F>);
}

}  // namespace foretell
