// Matrices as torch has them, and how they are packed into panels.
#pragma once

#include "core/product.h"

namespace foretell {

// The gates of a matrix or vector that has only one.
constexpr int whole[] = {0};

// Some rows of a weight (gates * units, columns): those of `vectors` gates. A unit's gates stand side by side where it
// is packed, in blocks of `lanes` units.
template <class T>
struct GateMatrix {
    const T* weight;
    const int* gates;
    int vectors;
    int64_t units, columns;

    const T* row(int vector, int64_t unit) const { return weight + (gates[vector] * units + unit) * columns; }
};

// `lanes` columns of a panel at `lanes` depths: where they lie, and how many of them there are; zeros stand for the
// others.
template <class T>
struct Square {
    const T* from;
    int64_t column_stride, depth_stride;
    int64_t columns, depths;
};

// For the product of rows of features with the transposed matrix: columns are blocks of units.
template <class T>
auto transposed(const GateMatrix<T>& m) {
    return [m](int64_t depth, int64_t vector) {
        const int64_t unit = vector / m.vectors * lanes<T>;
        return Square<T>{m.row(int(vector % m.vectors), unit) + depth, m.columns, 1, m.units - unit, m.columns - depth};
    };
}

// For the product of rows of gates with the matrix as it is: the depth is blocks of units.
template <class T>
auto straight(const GateMatrix<T>& m) {
    return [m](int64_t depth, int64_t vector) {
        const int64_t block = depth / lanes<T>, unit = block / m.vectors * lanes<T>, column = vector * lanes<T>;
        return Square<T>{m.row(int(block % m.vectors), unit) + column, 1, m.columns, m.columns - column,
                         m.units - unit};
    };
}

// Packs depths `first` to `end` of a panel; `square(depth, vector)` says where each square of it lies.
template <class T, class SquareAt>
void pack_panel(const Panels<T>& to, int64_t panel, SquareAt square_at, int64_t first, int64_t end) {
    constexpr int64_t L = lanes<T>;
    const int vectors = to.in(panel);
    for (int64_t depth = first; depth < end; depth += L)
        for (int v = 0; v < vectors; ++v) {
            const Square<T> square = square_at(depth, panel * to.width + v);
            const int columns = int(square.columns < L ? square.columns : L);
            const int depths = int(square.depths < L ? square.depths : L);
            T* out = to.at(panel) + (depth * vectors + v) * L;
            Vec<T> rows[L]{};
            if (square.column_stride == 1) {
                for (int i = 0; i < depths; ++i) rows[i] = load_first(square.from + i * square.depth_stride, columns);
            } else if (square.depth_stride == 1) {
                for (int i = 0; i < columns; ++i) rows[i] = load_first(square.from + i * square.column_stride, depths);
                transpose<T>(rows);
            } else {
                for (int i = 0; i < depths; ++i)
                    for (int c = 0; c < columns; ++c)
                        rows[i][c] = square.from[i * square.depth_stride + c * square.column_stride];
            }
            for (int64_t i = 0; i < L && depth + i < end; ++i) store(out + i * vectors * L, rows[i]);
        }
}

template <class T, class SquareAt>
void pack_panel(const Panels<T>& to, int64_t panel, SquareAt square_at) {
    pack_panel(to, panel, square_at, 0, to.depth);
}

}  // namespace foretell
