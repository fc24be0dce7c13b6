// The gradients of what is no matrix: peepholes, and the weights and biases of norms.
#pragma once

#include "scan/layer.h"

namespace foretell {

// Sums over rows, a chunk of time steps at a time so that small terms are not lost, of what the vectors of a layer get.
template <class T, class U>
class VectorGradients {
  public:
    explicit VectorGradients(const Layout<T, U>& layout)
        : padded_(layout.padded), hidden_(layout.hidden_product()), input_(layout.input_product()),
          chunk_(size(), T(0)), total_(size(), T(0)) {}

    T* peephole() { return chunk_; }  // three rows
    T* ln_c_weight() { return chunk_ + 3 * padded_; }
    T* ln_c_bias() { return ln_c_weight() + padded_; }
    T* ln_weight() { return ln_c_bias() + padded_; }
    T* ln_bias() { return ln_weight() + hidden_; }  // after the recurrent norm: `bias_hh`, or an RNN's own
    T* ln_ih_weight() { return ln_bias() + hidden_; }
    T* ln_ih_bias() { return ln_ih_weight() + input_; }

    void end_chunk() {
        for (int64_t i = 0; i < size(); ++i) {
            total_[i] += chunk_[i];
            chunk_[i] = 0;
        }
    }
    void add(const VectorGradients& other) {
        for (int64_t i = 0; i < size(); ++i) chunk_[i] += other.total_[i];
    }

    void write(const Scan& s, const Layout<T, U>& layout) {
        const auto to = [&](void* grad, const T* from, const int* gates, int vectors) {
            if (grad) from_blocks(from, gates, vectors, s.hidden, static_cast<T*>(grad), vectors);
        };
        for (int row = 0; row < 3 && s.grad_peephole; ++row)
            to(static_cast<T*>(s.grad_peephole) + row * s.hidden, peephole() + row * layout.padded, whole, 1);
        if (!s.layer_norm) return;
        to(s.grad_ln_weight, ln_weight(), U::hidden_gate, U::hidden_blocks);
        to(U::norm_of_sum ? s.grad_ln_bias : s.grad_bias_hh, ln_bias(), U::hidden_gate, U::hidden_blocks);
        if (layout.norm_of_input) {
            to(s.grad_ln_ih_weight, ln_ih_weight(), U::input_gate, U::input_blocks);
            to(s.grad_bias_ih, ln_ih_bias(), U::input_gate, U::input_blocks);
        }
        to(s.grad_ln_c_weight, ln_c_weight(), whole, 1);
        to(s.grad_ln_c_bias, ln_c_bias(), whole, 1);
    }

  private:
    int64_t size() const { return 5 * padded_ + 2 * hidden_ + 2 * input_; }
    int64_t padded_, hidden_, input_;
    Buffer<T> chunk_, total_;
};

}  // namespace foretell
