// A layer's vectors as the scan reads them: in blocks of units, padded with zeros.
#pragma once

#include "core/boundary.h"
#include "core/packing.h"
#include "scan/layout.h"

namespace foretell {

// A vector of `gates * H` values, gate after gate, as blocks [unit][vector][lane]; `from` null gives zeros.
template <class T>
void to_blocks(const T* from, const int* gates, int vectors, int64_t hidden, T* to, int64_t stride) {
    for (int64_t u = 0; u * lanes<T> < hidden; ++u)
        for (int v = 0; v < vectors; ++v) {
            T* at = to + (u * stride + v) * lanes<T>;
            const int64_t unit = u * lanes<T>;
            store(at, from ? load_first(from + gates[v] * hidden + unit, int(hidden - unit)) : Vec<T>{});
        }
}

template <class T>
void from_blocks(const T* from, const int* gates, int vectors, int64_t hidden, T* to, int64_t stride) {
    for (int64_t u = 0; u * lanes<T> < hidden; ++u)
        for (int v = 0; v < vectors; ++v) {
            const int64_t unit = u * lanes<T>;
            store_first(to + gates[v] * hidden + unit, load(from + (u * stride + v) * lanes<T>), int(hidden - unit));
        }
}

// Biases, peepholes and the weights of norms.
template <class T, class Cell>
struct LayerVectors {
    Buffer<T> bias;         // of the input's share, with the recurrent one where the two meet unchanged
    Buffer<T> hidden_bias;  // of the recurrent product; under an RNN's norm the norm's
    Buffer<T> peephole;     // three rows of `padded`
    Buffer<T> ln_ih_weight, ln_hh_weight, ln_c_weight, ln_c_bias;

    LayerVectors(const ScanShape& shape, const ScanWeights& weights, const Layout<T, Cell>& layout) {
        const auto blocks = [&](const void* from, const int* gates, int vectors) {
            Buffer<T> to(layout.padded * vectors);
            to_blocks(static_cast<const T*>(from), gates, vectors, shape.hidden, static_cast<T*>(to), vectors);
            return to;
        };
        bias = blocks(weights.bias_ih, Cell::input_gate, Cell::input_blocks);
        hidden_bias = blocks(layout.norm && Cell::norm_of_sum ? weights.ln_bias : weights.bias_hh, Cell::hidden_gate,
                             Cell::hidden_blocks);
        if (layout.norm_of_input) ln_ih_weight = blocks(weights.ln_ih_weight, Cell::input_gate, Cell::input_blocks);
        if (layout.norm)
            ln_hh_weight = blocks(Cell::norm_of_sum ? weights.ln_weight : weights.ln_hh_weight, Cell::hidden_gate,
                                  Cell::hidden_blocks);
        if (layout.norm && Cell::has_cell) {
            ln_c_weight = blocks(weights.ln_c_weight, whole, 1);
            ln_c_bias = blocks(weights.ln_c_bias, whole, 1);
        }
        if (weights.weight_peephole) {
            peephole = Buffer<T>(3 * layout.padded);
            for (int row = 0; row < 3; ++row)
                to_blocks(static_cast<const T*>(weights.weight_peephole) + row * shape.hidden, whole, 1, shape.hidden,
                          peephole + row * layout.padded, 1);
        }
        if (weights.bias_hh && !layout.norm_of_input) {  // where it meets the input's share unchanged
            const Buffer<T> recurrent = blocks(weights.bias_hh, Cell::input_gate, Cell::input_blocks);
            for (int64_t u = 0; u < layout.units; ++u)
                for (int v = Cell::blocks > Cell::input_blocks ? Cell::hidden_first : 0; v < Cell::input_blocks; ++v) {
                    const int64_t at = (u * Cell::input_blocks + v) * lanes<T>;
                    store<T>(bias + at, load(bias + at) + load(recurrent + at));
                }
        }
    }
};

}  // namespace foretell
