// One time step of each cell on a vector of hidden features, forward and backward: what
// `foretell/kernels/equations.py` writes as equations, between the matrix products.
//
// A row of gates holds, for each vector of units, `blocks` vectors: the input's share on the way in, the activations
// after a step. The share of the input fills the first `input_blocks`; the recurrent product adds to `hidden_blocks`
// from `hidden_first` on. `input_gate` and `hidden_gate` say which of torch's gates each of these vectors is. With
// `reset_before`, block 0 has a recurrent product of its own, with what the reset gate lets through of h(t-1).
// `Activations` are those of `core/activations.h`.
#pragma once

#include "core/vectors.h"

namespace foretell {

// What a step reads and what it leaves, for one vector of units.
template <class T>
struct Unit {
    Vec<T> h, c;        // of the step before
    const T* peephole;  // rows i, f, o at a distance of `peephole_stride`; null without
    int64_t peephole_stride;
};

// Gradients that backward carries on: of h directly (not through the gates) and of c, both of the step before.
template <class T>
struct Carried {
    Vec<T> h, c;
};

template <bool Relu>
struct RNNCell {
    static constexpr int blocks = 1, input_blocks = 1, hidden_blocks = 1, hidden_first = 0;
    static constexpr int input_gate[] = {0}, hidden_gate[] = {0};
    static constexpr bool has_cell = false, norm_of_sum = true, reset_before = false;

    template <class T, class Activations>
    static Vec<T> cell(const Unit<T>&, const Vec<T>* a, T* gates) {
        store<T>(gates, Relu ? (a[0] < T(0) ? Vec<T>{} : a[0]) : Activations::tanh(a[0]));
        return Vec<T>{};
    }
    template <class T, class Activations>
    static Vec<T> output(const Unit<T>&, const T* gates, Vec<T>) {
        return load(gates);
    }
    template <class T>
    static Carried<T> backward(const Unit<T>&, const T* gates, Vec<T> grad_h, Vec<T>, Vec<T>, T* grads, T*) {
        const Vec<T> a = load(gates);
        store<T>(grads, Relu ? (a <= T(0) ? Vec<T>{} : grad_h) : grad_h * (T(1) - a * a));
        return Carried<T>{};
    }
};

struct LSTMCell {
    static constexpr int blocks = 4, input_blocks = 4, hidden_blocks = 4, hidden_first = 0;
    static constexpr int input_gate[] = {0, 1, 2, 3}, hidden_gate[] = {0, 1, 2, 3};
    static constexpr bool has_cell = true, norm_of_sum = false, reset_before = false;

    // c' from the pre-activations i, f, g, o, which become activations.
    template <class T, class Activations>
    static Vec<T> cell(const Unit<T>& unit, const Vec<T>* a, T* gates) {
        Vec<T> i = a[0], f = a[1], o = a[3];
        if (unit.peephole) {
            i += load(unit.peephole) * unit.c;
            f += load(unit.peephole + unit.peephole_stride) * unit.c;
        }
        i = Activations::sigmoid(i);
        f = Activations::sigmoid(f);
        const Vec<T> g = Activations::tanh(a[2]);
        const Vec<T> c = f * unit.c + i * g;
        if (unit.peephole) o += load(unit.peephole + 2 * unit.peephole_stride) * c;
        store(gates, i);
        store(gates + lanes<T>, f);
        store(gates + 2 * lanes<T>, g);
        store(gates + 3 * lanes<T>, Activations::sigmoid(o));
        return c;
    }
    // h' from what the output gate lets through: c', or its layer norm.
    template <class T, class Activations>
    static Vec<T> output(const Unit<T>&, const T* gates, Vec<T> through) {
        return output_of<T>(gates, Activations::tanh(through));
    }
    template <class T>
    static Vec<T> output_of(const T* gates, Vec<T> squashed) {
        return load(gates + 3 * lanes<T>) * squashed;
    }
    // c' once more, from the activations.
    template <class T>
    static Vec<T> cell_again(const Unit<T>& unit, const T* gates) {
        return load(gates + lanes<T>) * unit.c + load(gates) * load(gates + 2 * lanes<T>);
    }
    // The gradient of what the output gate lets through, of which `squashed` is the tanh.
    template <class T>
    static Vec<T> backward_through(const T* gates, Vec<T> grad_h, Vec<T> squashed) {
        return grad_h * load(gates + 3 * lanes<T>) * (T(1) - squashed * squashed);
    }
    // `squashed` is tanh of what the output gate let through; `grad_c` all that reaches c' but by o's peephole.
    template <class T>
    static Carried<T> backward(const Unit<T>& unit, const T* gates, Vec<T> grad_h, Vec<T> grad_c, Vec<T> squashed,
                               T* grads, T* grad_peephole) {
        const Vec<T> i = load(gates), f = load(gates + lanes<T>), g = load(gates + 2 * lanes<T>);
        const Vec<T> o = load(gates + 3 * lanes<T>);
        const Vec<T> d_o = grad_h * squashed * o * (T(1) - o);
        if (unit.peephole) grad_c += d_o * load(unit.peephole + 2 * unit.peephole_stride);
        const Vec<T> d_i = grad_c * g * i * (T(1) - i);
        const Vec<T> d_f = grad_c * unit.c * f * (T(1) - f);
        const Vec<T> d_g = grad_c * i * (T(1) - g * g);
        Vec<T> carried = grad_c * f;
        if (unit.peephole) {
            carried += d_i * load(unit.peephole) + d_f * load(unit.peephole + unit.peephole_stride);
            const Vec<T> to[] = {d_i * unit.c, d_f * unit.c, d_o * (f * unit.c + i * g)};
            for (int p = 0; p < 3; ++p) {
                T* at = grad_peephole + p * unit.peephole_stride;
                store<T>(at, load(at) + to[p]);
            }
        }
        store(grads, d_i);
        store(grads + lanes<T>, d_f);
        store(grads + 2 * lanes<T>, d_g);
        store(grads + 3 * lanes<T>, d_o);
        return {Vec<T>{}, carried};
    }
};

// Blocks n, r, z and the recurrent product of n, so that the input's three and the recurrent three each stand together.
struct GRUCell {
    static constexpr int blocks = 4, input_blocks = 3, hidden_blocks = 3, hidden_first = 1;
    static constexpr int input_gate[] = {2, 0, 1}, hidden_gate[] = {0, 1, 2};
    static constexpr bool has_cell = false, norm_of_sum = false, reset_before = false;

    template <class T, class Activations>
    static Vec<T> cell(const Unit<T>&, const Vec<T>* a, T* gates) {
        const Vec<T> r = Activations::sigmoid(a[0]), z = Activations::sigmoid(a[1]);
        store(gates, Activations::tanh(load(gates) + r * a[2]));
        store(gates + lanes<T>, r);
        store(gates + 2 * lanes<T>, z);
        store(gates + 3 * lanes<T>, a[2]);
        return Vec<T>{};
    }
    template <class T, class Activations>
    static Vec<T> output(const Unit<T>& unit, const T* gates, Vec<T>) {
        const Vec<T> n = load(gates), z = load(gates + 2 * lanes<T>);
        return (T(1) - z) * n + z * unit.h;
    }
    template <class T>
    static Carried<T> backward(const Unit<T>& unit, const T* gates, Vec<T> grad_h, Vec<T>, Vec<T>, T* grads, T*) {
        const Vec<T> n = load(gates), r = load(gates + lanes<T>), z = load(gates + 2 * lanes<T>);
        const Vec<T> d_n = grad_h * (T(1) - z) * (T(1) - n * n);
        store(grads, d_n);
        store<T>(grads + lanes<T>, d_n * load(gates + 3 * lanes<T>) * r * (T(1) - r));
        store<T>(grads + 2 * lanes<T>, grad_h * (unit.h - n) * z * (T(1) - z));
        store<T>(grads + 3 * lanes<T>, d_n * r);
        return {grad_h * z, Vec<T>{}};
    }
};

// Blocks n, r, z. `cell` and `backward` are the half of a step on either side of the product of n.
struct GRUResetBeforeCell {
    static constexpr int blocks = 3, input_blocks = 3, hidden_blocks = 2, hidden_first = 1;
    static constexpr int input_gate[] = {2, 0, 1}, hidden_gate[] = {0, 1}, reset_gate[] = {2};
    static constexpr bool has_cell = false, norm_of_sum = false, reset_before = true;

    template <class T, class Activations>
    static Vec<T> cell(const Unit<T>&, const Vec<T>* a, T* gates) {
        store(gates + lanes<T>, Activations::sigmoid(a[0]));
        store(gates + 2 * lanes<T>, Activations::sigmoid(a[1]));
        return Vec<T>{};
    }
    // What the reset gate lets through of h(t-1) as the gates see it.
    template <class T>
    static Vec<T> let_through(const T* gates, Vec<T> seen) {
        return load(gates + lanes<T>) * seen;
    }
    // h' from the pre-activation of n.
    template <class T, class Activations>
    static Vec<T> output(const Unit<T>& unit, T* gates, Vec<T> a) {
        const Vec<T> n = Activations::tanh(a), z = load(gates + 2 * lanes<T>);
        store(gates, n);
        return (T(1) - z) * n + z * unit.h;
    }
    template <class T>
    static Carried<T> backward(const Unit<T>& unit, const T* gates, Vec<T> grad_h, Vec<T>, Vec<T>, T* grads, T*) {
        const Vec<T> n = load(gates), z = load(gates + 2 * lanes<T>);
        store<T>(grads, grad_h * (T(1) - z) * (T(1) - n * n));
        store<T>(grads + 2 * lanes<T>, grad_h * (unit.h - n) * z * (T(1) - z));
        return {grad_h * z, Vec<T>{}};
    }
    // From the gradient of what was let through: that of r, and the share that goes on to h(t-1).
    template <class T>
    static Vec<T> backward_let_through(const T* gates, Vec<T> seen, Vec<T> grad, T* grads) {
        const Vec<T> r = load(gates + lanes<T>);
        store<T>(grads + lanes<T>, grad * seen * r * (T(1) - r));
        return grad * r;
    }
};

}  // namespace foretell
