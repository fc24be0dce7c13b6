// Layer normalisation of one row held in blocks of units (Ba, Kiros & Hinton, 2016), forward and backward.
#pragma once

#include <cmath>

#include "vectors.h"

namespace foretell {

// A row's values: H of them in each of `vectors` blocks, in units of `lanes` whose last may be partly empty. They may
// stand among others, `apart` vectors from unit to unit, the first at `first`; weights and norms stand close together.
template <class T>
struct NormedRow {
    int64_t hidden, units;
    int vectors, apart, first;

    T count() const { return T(hidden * vectors); }
    // `step(where in the row, where among weights and norms, 1 for lanes that hold a value and 0 for padding)`.
    template <class Step>
    void each(Step step) const {
        for (int64_t u = 0; u < units; ++u) {
            Vec<T> real = broadcast<T>(1);
            for (int64_t lane = hidden - u * lanes<T>; lane < lanes<T>; ++lane) real[lane] = 0;
            for (int v = 0; v < vectors; ++v) step((u * apart + first + v) * lanes<T>, (u * vectors + v) * lanes<T>, real);
        }
    }
};

template <class T>
struct Moments {
    T mean, scale;  // scale = 1 / sqrt(variance + 1e-5)
};

// The padding of `a` must be zero.
template <class T>
Moments<T> moments(const NormedRow<T>& row, const T* a) {
    Vec<T> total{}, squares{};
    row.each([&](int64_t at, int64_t, Vec<T>) { total += load(a + at); });
    const T mean = sum<T>(total) / row.count();
    row.each([&](int64_t at, int64_t, Vec<T> real) {
        const Vec<T> d = (load(a + at) - mean) * real;
        squares += d * d;
    });
    return {mean, T(1) / std::sqrt(sum<T>(squares) / row.count() + T(1e-5))};
}

// (a - mean) * scale, with zeros in the padding.
template <class T>
void normalise(const NormedRow<T>& row, const T* a, Moments<T> m, T* normalised) {
    row.each([&](int64_t at, int64_t close, Vec<T> real) {
        store<T>(normalised + close, (load(a + at) - m.mean) * m.scale * real);
    });
}

// What the weight and bias of a norm get from one row.
template <class T>
void add_to_weights(const NormedRow<T>& row, const T* normalised, const T* grad, T* grad_weight, T* grad_bias) {
    row.each([&](int64_t at, int64_t close, Vec<T>) {
        const Vec<T> d = load(grad + at);
        store<T>(grad_weight + close, load(grad_weight + close) + d * load(normalised + close));
        store<T>(grad_bias + close, load(grad_bias + close) + d);
    });
}

// The gradient by a, from that by the weighted norm, both rows; `to` may be the same as `grad`. What is subtracted is
// stored before, so that no multiplication is fused into the difference: with one feature it is exactly zero.
template <class T>
void normalise_backward(const NormedRow<T>& row, const T* normalised, const T* weight, T scale, const T* grad,
                        const NormedRow<T>& to_row, T* to) {
    Vec<T> total{}, along{};
    const int64_t apart = to_row.apart - row.apart, first = to_row.first - row.first;
    const auto in_to = [&](int64_t at, int64_t close) {
        return at + (close / (row.vectors * lanes<T>) * apart + first) * lanes<T>;
    };
    row.each([&](int64_t at, int64_t close, Vec<T>) {
        const Vec<T> d = load(grad + at) * load(weight + close);
        store<T>(to + in_to(at, close), d);
        total += d;
        along += d * load(normalised + close);
    });
    const T mean = sum<T>(total) / row.count(), slope = sum<T>(along) / row.count();
    to_row.each([&](int64_t at, int64_t close, Vec<T> real) {
        store<T>(to + at, (load(to + at) - mean - load(normalised + close) * slope) * scale * real);
    });
}

}  // namespace foretell
