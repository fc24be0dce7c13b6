// The gradients of what is no matrix: peepholes, and the weights and biases of norms.
#pragma once

#include "scan/layer_vectors.h"

namespace foretell {

// Sums over rows, a chunk of time steps at a time so that small terms are not lost, of what the vectors of a layer get.
template <class T, class Cell>
class VectorGradients {
  public:
    explicit VectorGradients(const Layout<T, Cell>& layout)
        : padded_(layout.padded), hidden_(layout.hidden_product()), input_(layout.input_product()),
          chunk_(size(), T(0)), total_(size(), T(0)) {}

    T* peephole() { return chunk_; }  // three rows
    T* ln_c_weight() { return chunk_ + 3 * padded_; }
    T* ln_c_bias() { return ln_c_weight() + padded_; }
    T* ln_hh_weight() { return ln_c_bias() + padded_; }
    T* ln_bias() { return ln_hh_weight() + hidden_; }  // after the recurrent norm: `bias_hh`, or an RNN's own
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

    void write(const ScanWeightGradients& gradients, const Layout<T, Cell>& layout) {
        const auto to = [&](void* gradient, const T* from, const int* gates, int vectors) {
            if (gradient) from_blocks(from, gates, vectors, layout.hidden, static_cast<T*>(gradient), vectors);
        };
        for (int row = 0; row < 3 && gradients.weight_peephole; ++row)
            to(static_cast<T*>(gradients.weight_peephole) + row * layout.hidden, peephole() + row * padded_, whole, 1);
        if (!layout.norm) return;
        to(Cell::norm_of_sum ? gradients.ln_weight : gradients.ln_hh_weight, ln_hh_weight(), Cell::hidden_gate,
           Cell::hidden_blocks);
        to(Cell::norm_of_sum ? gradients.ln_bias : gradients.bias_hh, ln_bias(), Cell::hidden_gate,
           Cell::hidden_blocks);
        if (layout.norm_of_input) {
            to(gradients.ln_ih_weight, ln_ih_weight(), Cell::input_gate, Cell::input_blocks);
            to(gradients.bias_ih, ln_ih_bias(), Cell::input_gate, Cell::input_blocks);
        }
        to(gradients.ln_c_weight, ln_c_weight(), whole, 1);
        to(gradients.ln_c_bias, ln_c_bias(), whole, 1);
    }

  private:
    int64_t size() const { return 5 * padded_ + 2 * hidden_ + 2 * input_; }
    int64_t padded_, hidden_, input_;
    Buffer<T> chunk_, total_;
};

}  // namespace foretell
