// A WaveNet's weights, packed for generation: once for a generator, which then reads nothing else.
#pragma once

#include <vector>

#include "core/boundary.h"
#include "wavenet/int8.h"

namespace foretell {

constexpr int64_t vectors_for(int64_t features) { return round_up(features, vector_floats) / vector_floats; }

// Of a layer's gated products the vectors of the filter and of the gate take turns, so that both of a unit are in a
// panel.
template <class W>
struct LayerWeights {
    int64_t dilation, ring;  // the gap between taps, and how many time steps are kept: all that the taps reach
    Matrix<W> present, residual, skip;
    std::vector<Matrix<W>> past;  // of one tap before the present, of two, ...
    const float* residual_bias;
};

template <class W>
class WaveNetWeights {
  public:
    WaveNetWeights(const WaveNetNetwork& n, bool by_two_threads)
        : layers(size_t(n.layers)), residual(n.residual), skip(n.skip), unit_vectors(vectors_for(n.residual)),
          row(round_up(unit_vectors, 2) * vector_floats), unit_row(unit_vectors * vector_floats),
          gate_row(2 * unit_row), skip_row(round_up(vectors_for(n.skip), 2) * vector_floats),
          output_row(round_up(vectors_for(n.outputs), 2) * vector_floats) {
        const int64_t layer_size = unit_row * (gate_row * n.kernel + row + skip_row);
        matrices_ = PagedArray<W>(n.layers * layer_size + skip_row * (skip_row + output_row));
        if (std::is_same_v<W, Int8>)
            scales_ = Buffer<float>(n.layers * (gate_row * n.kernel + row + skip_row) + skip_row + output_row);
        vectors_ = Buffer<float>(
            n.inputs * row + row + n.layers * (n.batch * gate_row + row) + 2 * skip_row + output_row, 0.0f);
        pack_layers(n, by_two_threads);
        pack_vectors(n);
    }

    const float* gate_bias(int64_t stream, int64_t layer) const {
        return gate_biases_ + (stream * int64_t(layers.size()) + layer) * gate_row;
    }

    std::vector<LayerWeights<W>> layers;
    const int64_t residual, skip, unit_vectors;
    // Floats from one row to the next: of a layer's input, of z, of the gated products, of the skip sum, of the
    // outputs.
    const int64_t row, unit_row, gate_row, skip_row, output_row;
    Matrix<W> hidden, output;
    const float *input, *input_bias;  // rows of a level, or of the scalar's weight; the bias is in the former
    const float *skip_bias, *hidden_bias, *output_bias;

  private:
    PagedArray<W> matrices_;
    Buffer<float> scales_;
    Buffer<float> vectors_;
    float* gate_biases_ = nullptr;

    // Where the filter's (or the gate's) row of a unit is, for column `i` of the gated products; -1 beyond the units.
    int64_t gated_row(int64_t i) const {
        const int64_t unit = i / pair_floats * vector_floats + i % vector_floats;
        return unit < residual ? unit + (i / vector_floats % 2) * residual : -1;
    }

    void pack_layers(const WaveNetNetwork& n, bool by_two_threads) {
        W* to = matrices_;
        float* scales = scales_;
        const auto put = [&](int64_t depth, int64_t width, const Convolution& from, auto channel) {
            const Matrix<W> matrix = pack(to, scales, depth, width / vector_floats, from, channel);
            to += matrix.size();
            if (scales) scales += width;
            return matrix;
        };
        const auto tap = [&](int64_t k, int64_t back) {
            return put(unit_row, gate_row, {n.gated[k], residual, n.kernel, n.kernel - 1 - back},
                       [=](int64_t i) { return gated_row(i); });
        };
        const auto plain = [&](const float* weight, int64_t inputs, int64_t outputs, int64_t depth, int64_t width) {
            return put(depth, width, {weight, inputs, 1, 0}, [=](int64_t i) { return i < outputs ? i : -1; });
        };
        const auto chain = [&](int64_t k) {
            layers[size_t(k)].present = tap(k, 0);
            if (k + 1 < n.layers) layers[size_t(k)].residual = plain(n.mixed[k], residual, residual, unit_row, row);
        };
        const auto past = [&](int64_t k) {
            for (int64_t back = 1; back < n.kernel; ++back) layers[size_t(k)].past.push_back(tap(k, back));
        };
        const auto skips = [&](int64_t k) {
            const float* weight = n.mixed[k] + (k + 1 < n.layers ? residual * residual : 0);
            layers[size_t(k)].skip = plain(weight, residual, n.skip, unit_row, skip_row);
        };
        const auto every_layer = [&](auto... parts) {
            for (int64_t k = 0; k < n.layers; ++k) (parts(k), ...);
        };
        for (int64_t k = 0; k < n.layers; ++k) {
            layers[size_t(k)].dilation = n.dilations[k];
            layers[size_t(k)].ring = (n.kernel - 1) * n.dilations[k] + 1;
        }
        // In the order in which they are read: by one thread layer after layer, by two what each of them reads.
        if (by_two_threads) {
            every_layer(chain);
            every_layer(past);
            every_layer(skips);
        } else {
            every_layer(past, chain, skips);
        }
        hidden = plain(n.hidden, n.skip, n.skip, skip_row, skip_row);
        output = plain(n.output, n.skip, n.outputs, skip_row, output_row);
    }

    void pack_vectors(const WaveNetNetwork& n) {
        float* to = vectors_;
        const auto put = [&](const float* from, int64_t count, int64_t width) {
            float* const at = to;
            std::memcpy(at, from, size_t(count) * sizeof(float));
            to += width;
            return at;
        };
        input_bias = put(n.input_bias, residual, row);
        input = to;
        const bool by_level = HeadKind(n.head) == HeadKind::categorical;
        for (int64_t level = 0; level < n.inputs; ++level, to += row)
            for (int64_t r = 0; r < residual; ++r)
                to[r] = n.input[r * n.inputs + level] + (by_level ? n.input_bias[r] : 0);
        float* skips = put(n.mixed_bias[0], 0, skip_row);
        skip_bias = skips;
        for (int64_t k = 0; k < n.layers; ++k) {
            const bool last = k + 1 == n.layers;
            if (!last) layers[size_t(k)].residual_bias = put(n.mixed_bias[k], residual, row);
            for (int64_t s = 0; s < n.skip; ++s) skips[s] += n.mixed_bias[k][(last ? 0 : residual) + s];
        }
        hidden_bias = put(n.hidden_bias, n.skip, skip_row);
        output_bias = put(n.output_bias, n.outputs, output_row);
        gate_biases_ = to;
        for (int64_t b = 0; b < n.batch; ++b)
            for (int64_t k = 0; k < n.layers; ++k, to += gate_row)
                for (int64_t i = 0; i < gate_row; ++i) {
                    const int64_t from = gated_row(i);
                    if (from < 0) continue;
                    to[i] = n.gated_bias[k][from];
                    if (n.constants) to[i] += n.constants[(b * n.layers + k) * 2 * residual + from];
                }
    }
};

}  // namespace foretell
