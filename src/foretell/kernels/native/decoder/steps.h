// One time step of a decoder for the rows that are still going: from tokens to the outputs of the head.
#pragma once

#include <algorithm>
#include <vector>

#include "core/boundary.h"
#include "decoder/linear.h"
#include "scan/packed_layer.h"

namespace foretell {

class DecoderSteps {
  public:
    explicit DecoderSteps(const DecoderNetwork& network)
        : n(network), count_(n.sequences), source_(n.rows), input_(n.rows * (n.embedded + n.constant)), x_(n.rows),
          project_(n.projection, n.projection_bias, n.projected, n.features, n.projection ? n.rows : 0, n.threads),
          projected_(n.projection ? n.rows * n.projected : 0),
          head_(n.head, n.head_bias, n.outputs, n.projected, n.rows, n.threads), outputs_(n.rows * n.outputs),
          sought_(n.memory ? n.rows * (n.memory_size + n.features) : 0),
          scores_(n.memory ? n.rows * n.memory_steps : 0), combined_(n.memory ? n.rows * n.features : 0),
          combine_(n.combine, n.combine_bias, n.features, n.memory_size + n.features, n.memory ? n.rows : 0,
                   n.threads) {
        for (int64_t i = 0; i < n.layers; ++i) layers_.emplace_back(n.recurrent[i], n.sequences, n.rows);
        for (int64_t r = 0; r < n.sequences; ++r) source_[r] = r;
    }

    const DecoderNetwork n;

    int64_t count() const { return count_; }
    // Which of the sequences given a row belongs to.
    int64_t source(int64_t row) const { return source_[row]; }
    const float* outputs(int64_t row) const { return outputs_ + row * n.outputs; }

    // The outputs after these tokens, one a row.
    void step(const int64_t* tokens) {
        const int64_t width = n.embedded + n.constant;
        for (int64_t r = 0; r < count_; ++r) {
            float* to = input_ + r * width;
            std::memcpy(to, n.embedding + tokens[r] * n.embedded, size_t(n.embedded) * sizeof(float));
            if (n.constant)
                std::memcpy(to + n.embedded, n.constants + source_[r] * n.constant, size_t(n.constant) * sizeof(float));
        }
        const float* features = input_;
        int64_t stride = width;
        for (Layer& layer : layers_) {
            layer.step(features, stride, count_, n.threads);
            features = layer.output;
            stride = layer.scan.shape.outputs;
        }
        if (n.memory) {
            parallel(count_, double(count_ * n.memory_steps) * double(n.memory_size) < 1e5 ? 1 : n.threads,
                     [&](int64_t r) { attend(r, features + r * stride); });
            stride = n.features;
            point(sought_, n.memory_size + n.features);
            combine_(x_, count_, combined_, stride, n.threads);
            squash(combined_, count_ * stride);
            features = combined_;
        }
        point(features, stride);
        if (n.projection) {
            project_(x_, count_, projected_, n.projected, n.threads);
            point(projected_, n.projected);
        }
        head_(x_, count_, outputs_, n.outputs, n.threads);
    }

    // From here on there are these rows, each of which continues one that there was.
    void select(const int64_t* origins, int64_t count) {
        Buffer<int64_t> sources(count);
        for (int64_t r = 0; r < count; ++r) sources[r] = source_[origins[r]];
        for (int64_t r = 0; r < count; ++r) source_[r] = sources[r];
        for (Layer& layer : layers_) layer.select(origins, count);
        count_ = count;
    }

  private:
    // A layer and the state of its rows.
    struct Layer {
        Scan scan;
        std::unique_ptr<KeptLayer> kept;
        Buffer<float> h, c, output, spare;

        Layer(const Scan& given, int64_t sequences, int64_t rows)
            : scan(given), kept(KeptLayer::of_floats(given)), h(rows * given.shape.outputs),
              c(given.state.initial_c ? rows * given.shape.hidden : 0), output(rows * given.shape.outputs),
              spare(rows * std::max(given.shape.hidden, given.shape.outputs)) {
            if (!kept) throw std::bad_alloc();
            std::memcpy(h, given.state.initial_h, size_t(sequences * given.shape.outputs) * sizeof(float));
            if (c) std::memcpy(c, given.state.initial_c, size_t(sequences * given.shape.hidden) * sizeof(float));
            scan.shape.steps = 1;
        }
        Layer(Layer&&) = default;

        void step(const float* x, int64_t stride, int64_t count, int64_t threads) {
            scan.state.x = x;
            scan.state.x_row = stride;
            scan.state.x_step = count * stride;
            scan.shape.batch = count;
            scan.threads = threads;
            scan.state.initial_h = scan.state.final_h = h;  // each row is read before it is written
            scan.state.initial_c = scan.state.final_c = c;
            scan.state.output = output;
            kept->forward(scan);
        }

        void select(const int64_t* origins, int64_t count) {
            gather(h, scan.shape.outputs, origins, count);
            if (c) gather(c, scan.shape.hidden, origins, count);
        }

      private:
        void gather(Buffer<float>& state, int64_t width, const int64_t* origins, int64_t count) {
            for (int64_t r = 0; r < count; ++r)
                std::memcpy(spare + r * width, state + origins[r] * width, size_t(width) * sizeof(float));
            std::memcpy(state, spare, size_t(count * width) * sizeof(float));
        }
    };

    int64_t count_;
    Buffer<int64_t> source_;
    Buffer<float> input_;
    Buffer<const float*> x_;
    Linear project_;
    Buffer<float> projected_;
    Linear head_;
    Buffer<float> outputs_, sought_, scores_, combined_;
    Linear combine_;
    std::vector<Layer> layers_;

    void point(const float* rows, int64_t stride) {
        for (int64_t r = 0; r < count_; ++r) x_[r] = rows + r * stride;
    }

    static void squash(float* values, int64_t count) {
        for (int64_t i = 0; i < count; i += lanes<float>) {
            const int here = int(count - i < lanes<float> ? count - i : lanes<float>);
            store_first(values + i, tanh<float>(load_first(values + i, here)), here);
        }
    }

    static float dot(const float* a, const float* b, int64_t count) {
        Vec<float> sums[4]{};
        constexpr int L = lanes<float>;
        int64_t i = 0;
        for (; i + 4 * L <= count; i += 4 * L)
            for (int j = 0; j < 4; ++j) sums[j] += load(a + i + j * L) * load(b + i + j * L);
        for (; i < count; i += L) sums[0] += load_first(a + i, int(count - i)) * load_first(b + i, int(count - i));
        return sum<float>((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }

    // The context of one query and the query itself, side by side.
    void attend(int64_t r, const float* query) {
        const int64_t steps = n.memory_steps, size = n.memory_size;
        const float* keys = n.keys + source_[r] * steps * n.features;
        const float* memory = n.memory + source_[r] * steps * size;
        const uint8_t* mask = n.mask ? n.mask + source_[r] * steps : nullptr;
        float *scores = scores_ + r * steps, *context = sought_ + r * (size + n.features);
        // The lowest finite number where a step has no weight: where none has any, the weights are even.
        float highest = std::numeric_limits<float>::lowest();
        for (int64_t s = 0; s < steps; ++s) {
            const bool counts = !mask || mask[s];
            scores[s] = counts ? dot(query, keys + s * n.features, n.features) : std::numeric_limits<float>::lowest();
            highest = scores[s] > highest ? scores[s] : highest;
        }
        float total = 0;
        for (int64_t s = 0; s < steps; ++s) total += scores[s] = std::exp(scores[s] - highest);
        std::memset(static_cast<void*>(context), 0, size_t(size) * sizeof(float));
        for (int64_t s = 0; s < steps; ++s) {
            if (scores[s] == 0) continue;
            const float weight = scores[s] / total;
            for (int64_t i = 0; i < size; ++i) context[i] += weight * memory[s * size + i];
        }
        std::memcpy(context + size, query, size_t(n.features) * sizeof(float));
    }
};

}  // namespace foretell
