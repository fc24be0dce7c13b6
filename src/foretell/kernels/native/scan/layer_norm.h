// Layer normalisation of rows held in blocks of units (Ba, Kiros & Hinton, 2016), forward and backward.
#pragma once

#include <cmath>

#include "core/vectors.h"

namespace foretell {

// All lanes hold values; or only some do, and the others, the padding, have to be zero.
template <class T>
struct AllReal {
    Vec<T> operator()(Vec<T> v) const { return v; }
};
template <class T>
struct SomeReal {
    Vec<T> mask;
    Vec<T> operator()(Vec<T> v) const { return v * mask; }
};

// A row's values: H of them in each of V blocks, in units of `lanes` whose last may be partly empty. They may stand
// among others, `apart` vectors from unit to unit, the first at `first`; weights and norms stand close together.
template <class T, int V>
struct NormedRow {
    int64_t hidden;
    int apart, first;

    T count() const { return T(hidden * V); }
    // `step(where in the row, where among weights and norms, which of the V blocks, what clears padding)`.
    template <class Step>
    void each(Step step) const {
        const int64_t full = hidden / lanes<T>;
        for (int64_t u = 0; u < full; ++u) unit(u, AllReal<T>{}, step);
        if (hidden % lanes<T>) {
            SomeReal<T> some{};
            for (int64_t lane = 0; lane < hidden % lanes<T>; ++lane) some.mask[lane] = 1;
            unit(full, some, step);
        }
    }

  private:
    template <class Real, class Step>
    void unit(int64_t u, Real real, Step& step) const {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) step((u * apart + first + v) * lanes<T>, (u * V + v) * lanes<T>, v, real);
    }
};

template <class T>
struct Moments {
    T mean, scale;  // scale = 1 / sqrt(variance + 1e-5)
};

// A sum in V parts, so that one addition need not wait for another.
template <class T, int V>
struct Total {
    Vec<T> part[V]{};
    T all() const {
        Vec<T> total = part[0];
        for (int v = 1; v < V; ++v) total += part[v];
        return sum<T>(total);
    }
};

// The padding of `a` must be zero.
template <class T, int V>
Moments<T> moments(const NormedRow<T, V>& row, const T* a) {
    Total<T, V> total, squares;
    row.each([&](int64_t at, int64_t, int v, auto) { total.part[v] += load(a + at); });
    const T mean = total.all() / row.count();
    row.each([&](int64_t at, int64_t, int v, auto real) {
        const Vec<T> d = real(load(a + at) - mean);
        squares.part[v] += d * d;
    });
    return {mean, T(1) / std::sqrt(squares.all() / row.count() + T(1e-5))};
}

// The gradient by a, from that by the weighted norm: weigh it, then take out what shifting and scaling a would do. In
// two functions, since for one row the second has to wait for the sums of the first; `to` may be the same as `grad`.
// What is subtracted is stored before, so that no multiplication is fused into the difference: with one feature it is
// exactly zero.
template <class T>
struct Weighed {
    T mean, slope;
};

template <class T, int V>
Weighed<T> weigh(const NormedRow<T, V>& row, const T* normalised, const T* weight, const T* grad,
                 const NormedRow<T, V>& to_row, T* to) {
    Total<T, V> total, along;
    const int64_t apart = to_row.apart - row.apart, first = to_row.first - row.first;
    row.each([&](int64_t at, int64_t close, int v, auto) {
        const Vec<T> d = load(grad + at) * load(weight + close);
        store<T>(to + at + (close / (V * lanes<T>)*apart + first) * lanes<T>, d);
        total.part[v] += d;
        along.part[v] += d * load(normalised + close);
    });
    return {total.all() / row.count(), along.all() / row.count()};
}

template <class T>
Vec<T> less_shift_and_scale(Vec<T> grad, Vec<T> normalised, Weighed<T> w, T scale) {
    return (grad - w.mean - normalised * w.slope) * scale;
}

}  // namespace foretell
