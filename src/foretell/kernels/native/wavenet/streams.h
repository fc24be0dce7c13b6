// What the streams of a generator remember, and what a time step does to some of them: the parts of one, by layer.
#pragma once

#include <atomic>

#include "core/sampling.h"
#include "wavenet/weights.h"

namespace foretell {

// Streams share the weights; each has its rings: of layer k the last `ring` inputs, time step t in the slot t mod ring.
template <class W>
class Streams {
  public:
    using Row = typename Rows<W>::Row;

    Streams(const WaveNetNetwork& n, const WaveNetWeights<W>& weights)
        : w(weights), count(n.batch), head(HeadKind(n.head)), bits(n.bits), outputs(n.outputs),
          log_scales{n.least_log_scale, n.greatest_log_scale} {
        if (n.log_widths) {
            log_widths = Buffer<float>(round_up(outputs, vector_floats), 0.0f);
            std::memcpy(log_widths, n.log_widths, size_t(outputs) * sizeof(float));
        }
        for (const auto& layer : w.layers) {
            offsets_.push_back(slots_);
            slots_ += layer.ring;
        }
        rings_ = Rows<W>(count * slots_, w.row, w.residual);
        levels_.resize(size_t(count));
        scalars_.resize(size_t(count));
    }

    // The input of layer k at time step t, t not before those that the layer keeps.
    Row x(int64_t stream, int64_t k, int64_t t) const { return rings_.at(slot(stream, k, t)); }
    void set_x(int64_t stream, int64_t k, int64_t t, const float* values) const {
        rings_.set(slot(stream, k, t), values);
    }

    // The first layer's input at t, from the value before it; `now` (w.row) is what the layers pass on.
    void enter(int64_t stream, int64_t t, float* now) const {
        const bool by_level = head == HeadKind::categorical;
        const float* from = w.input + (by_level ? levels_[size_t(stream)] * w.row : 0);
        for (int64_t i = 0; i < w.row; i += vector_floats)
            store(now + i,
                  by_level ? load(from + i) : load(from + i) * scalars_[size_t(stream)] + load(w.input_bias + i));
        set_x(stream, 0, t, now);
    }

    void set_before(const WaveNetCall& call) {
        for (int64_t b = 0; b < count; ++b) {
            if (head == HeadKind::categorical) levels_[size_t(b)] = call.levels_before[b];
            else scalars_[size_t(b)] = call.scalars_before[b];
        }
    }

    // What the older taps and the conditioning give to the gates at time t, before the present is known.
    void gather_past(int64_t first, int64_t rows, int64_t k, int64_t t, Row* x_rows, float* past) const {
        const auto& layer = w.layers[size_t(k)];
        for (int64_t r = 0; r < rows; ++r)
            std::memcpy(past + r * w.gate_row, w.gate_bias(first + r, k), size_t(w.gate_row) * sizeof(float));
        for (size_t back = 1; back <= layer.past.size(); ++back) {
            for (int64_t r = 0; r < rows; ++r) {
                const int64_t then = t - int64_t(back) * layer.dilation;
                // Time steps before the first lie in slots that are still zero.
                x_rows[r] = x(first + r, k, then < 0 ? then + layer.ring : then);
            }
            multiply_rows(x_rows, rows, count == 1, layer.past[back - 1], loading(past, w.gate_row),
                          storing(past, w.gate_row));
        }
    }

    // z = tanh(filter) * sigmoid(gate), to the rows of `z` from `z_first` on; `room` (rows, w.unit_row) is for them
    // before they are set. `local` (rows, layers, 2R) of this step, or null.
    void gate(int64_t first, int64_t rows, int64_t k, int64_t t, Row* x_rows, const float* past, const float* local,
              float* room, const Rows<W>& z, int64_t z_first) const {
        float* const values = z.before_set(z_first, room);
        for (int64_t r = 0; r < rows; ++r) x_rows[r] = x(first + r, k, t);
        const int64_t layers = int64_t(w.layers.size());
        multiply_rows(x_rows, rows, count == 1, w.layers[size_t(k)].present, loading(past, w.gate_row),
                      [&](int64_t r, int vector, int n, Vec<float>* sums) {
                          for (int v = 0; v < n; v += 2) {
                              const int64_t unit = (vector + v) / 2 * vector_floats;
                              if (local) {
                                  const float* from = local + (r * layers + k) * 2 * w.residual + unit;
                                  sums[v] += load_first(from, int(w.residual - unit));
                                  sums[v + 1] += load_first(from + w.residual, int(w.residual - unit));
                              }
                              store(values + r * w.unit_row + unit, tanh<float>(sums[v]) * sigmoid<float>(sums[v + 1]));
                          }
                      });
        for (int64_t r = 0; r < rows; ++r) z.set(z_first + r, values + r * w.unit_row);
    }

    // The next layer's input: this one's, and the residual product of z. `now` (rows, w.row) becomes it.
    void residual(int64_t first, int64_t rows, int64_t k, int64_t t, Row* z_rows, const Rows<W>& z, int64_t z_first,
                  float* now) const {
        const auto& layer = w.layers[size_t(k)];
        for (int64_t r = 0; r < rows; ++r) z_rows[r] = z.at(z_first + r);
        multiply_rows(
            z_rows, rows, count == 1, layer.residual,
            [&](int64_t r, int vector, int n, Vec<float>* sums) {
                const float* const from = now + r * w.row + vector * vector_floats;
                for (int v = 0; v < n; ++v)
                    sums[v] = load(from + v * vector_floats) + load(layer.residual_bias + (vector + v) * vector_floats);
            },
            storing(now, w.row));
        for (int64_t r = 0; r < rows; ++r) set_x(first + r, k + 1, t, now + r * w.row);
    }

    void begin_skip(int64_t rows, float* skip) const {
        for (int64_t r = 0; r < rows; ++r)
            std::memcpy(skip + r * w.skip_row, w.skip_bias, size_t(w.skip_row) * sizeof(float));
    }

    void add_skip(int64_t rows, int64_t k, Row* z_rows, const Rows<W>& z, int64_t z_first, float* skip) const {
        for (int64_t r = 0; r < rows; ++r) z_rows[r] = z.at(z_first + r);
        multiply_rows(z_rows, rows, count == 1, w.layers[size_t(k)].skip, loading(skip, w.skip_row),
                      storing(skip, w.skip_row));
    }

    void end_skip(int64_t rows, float* skip, const Rows<W>& features) const {
        for (int64_t i = 0; i < rows * w.skip_row; i += vector_floats) store(skip + i, relu(load(skip + i)));
        for (int64_t r = 0; r < rows; ++r) features.set(r, skip + r * w.skip_row);
    }

    // A panel of relu(W_1 s + b_1), and one of W_2 h + b_2.
    void hidden_panel(int64_t rows, int64_t panel, Row* skip_rows, const Rows<W>& features, float* hidden) const {
        for (int64_t r = 0; r < rows; ++r) skip_rows[r] = features.at(r);
        multiply_panel(skip_rows, rows, count == 1, w.hidden, panel, biased(w.hidden_bias),
                       [&](int64_t r, int vector, int n, Vec<float>* sums) {
                           for (int v = 0; v < n; ++v)
                               store(hidden + r * w.skip_row + (vector + v) * vector_floats, relu(sums[v]));
                       });
    }

    void output_panel(int64_t rows, int64_t panel, Row* hidden_rows, const Rows<W>& hidden, float* output) const {
        for (int64_t r = 0; r < rows; ++r) hidden_rows[r] = hidden.at(r);
        multiply_panel(hidden_rows, rows, count == 1, w.output, panel, biased(w.output_bias),
                       storing(output, w.output_row));
    }

    // Draws step s of the call for one stream from its outputs, and keeps it as what the next step reads. Outputs that
    // are no distribution count as silence, and are noted.
    void sample(int64_t stream, int64_t s, const WaveNetCall& call, const float* output, Sampling& sampling) {
        const float* const u = call.uniforms + (s * count + stream) * 2;
        if (call.temperatures) sampling.temperature = call.temperatures[s];
        if (head == HeadKind::categorical) {
            const int64_t level = draw(output, outputs, u[0], sampling);
            if (level < 0) failed = true;
            levels_[size_t(stream)] = call.levels[stream * call.steps + s] = level < 0 ? 0 : level;
            return;
        }
        const float value = head == HeadKind::gaussian
                                ? draw_from_gaussian(output, log_scales, u, sampling)
                                : draw_from_mixture(output, outputs / 3, bits, log_scales, u, sampling);
        if (std::isnan(value)) failed = true;
        scalars_[size_t(stream)] = call.scalars[stream * call.steps + s] = std::isnan(value) ? 0 : value;
    }

    // Whether outputs have been no distribution.
    std::atomic<bool> failed{false};
    const WaveNetWeights<W>& w;
    const int64_t count;
    const HeadKind head;
    const int64_t bits, outputs;
    const LogScales log_scales;
    Buffer<float> log_widths;

  private:
    std::vector<int64_t> offsets_;
    int64_t slots_ = 0;  // of a stream
    Rows<W> rings_{0, 0, 1};
    std::vector<int64_t> levels_;
    std::vector<float> scalars_;

    int64_t slot(int64_t stream, int64_t k, int64_t t) const {
        return stream * slots_ + offsets_[size_t(k)] + t % w.layers[size_t(k)].ring;
    }

    static Vec<float> relu(Vec<float> v) { return v < 0.0f ? Vec<float>{} : v; }

    static auto loading(const float* rows, int64_t width) {
        return [=](int64_t r, int vector, int n, Vec<float>* sums) {
            for (int v = 0; v < n; ++v) sums[v] = load(rows + r * width + (vector + v) * vector_floats);
        };
    }
    static auto storing(float* rows, int64_t width) {
        return [=](int64_t r, int vector, int n, Vec<float>* sums) {
            for (int v = 0; v < n; ++v) store(rows + r * width + (vector + v) * vector_floats, sums[v]);
        };
    }
    static auto biased(const float* bias) {
        return [=](int64_t, int vector, int n, Vec<float>* sums) {
            for (int v = 0; v < n; ++v) sums[v] = load(bias + (vector + v) * vector_floats);
        };
    }
};

}  // namespace foretell
