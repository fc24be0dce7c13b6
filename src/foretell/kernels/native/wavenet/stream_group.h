// The loop over time steps of some streams, by one thread.
#pragma once

#include "wavenet/streams.h"

namespace foretell {

// What a thread works in, or two: `rows` of each value, `z_rows` of the gates' products.
template <class W>
struct Workspace {
    Workspace(const Streams<W>& streams, int64_t count, int64_t z_count)
        : past(z_count * streams.w.gate_row, 0.0f), now(count * streams.w.row, 0.0f),
          gates(count * streams.w.unit_row, 0.0f), skip(count * streams.w.skip_row, 0.0f),
          hidden(count * streams.w.skip_row, 0.0f), output(count * streams.w.output_row, 0.0f),
          weights(round_up(streams.outputs, vector_floats), 0.0f), z(z_count, streams.w.unit_row, streams.w.residual),
          features(count, streams.w.skip_row, streams.w.skip), order(size_t(streams.outputs)), rows(size_t(count)) {}

    Buffer<float> past, now, gates, skip, hidden, output, weights;
    Rows<W> z, features;
    std::vector<int64_t> order;
    std::vector<typename Rows<W>::Row> rows;

    Sampling sampling(const Streams<W>& streams, const WaveNetCall& call) {
        return {float(call.temperature), call.top_k, float(call.top_p), order.data(), weights, streams.log_widths};
    }
};

// Some of the streams, by one thread: all of them go through a layer together.
template <class W>
class StreamGroup {
  public:
    StreamGroup(Streams<W>& streams, int64_t first, int64_t rows)
        : streams_(streams), first_(first), rows_(rows), room_(streams, rows, rows) {}

    void run(const WaveNetCall& call, int64_t t0) {
        const int64_t layers = int64_t(streams_.w.layers.size());
        const int64_t local_step = streams_.count * layers * 2 * streams_.w.residual;
        const int64_t local_first = first_ * layers * 2 * streams_.w.residual;
        auto* const p = room_.rows.data();
        Sampling sampling = room_.sampling(streams_, call);
        for (int64_t s = 0; s < call.steps; ++s) {
            const int64_t t = t0 + s;
            const float* local = call.local ? call.local + s * local_step + local_first : nullptr;
            for (int64_t r = 0; r < rows_; ++r) streams_.enter(first_ + r, t, room_.now + r * streams_.w.row);
            streams_.begin_skip(rows_, room_.skip);
            for (int64_t k = 0; k < layers; ++k) {
                streams_.gather_past(first_, rows_, k, t, p, room_.past);
                streams_.gate(first_, rows_, k, t, p, room_.past, local, room_.gates, room_.z, 0);
                if (k + 1 < layers) streams_.residual(first_, rows_, k, t, p, room_.z, 0, room_.now);
                streams_.add_skip(rows_, k, p, room_.z, 0, room_.skip);
            }
            streams_.end_skip(rows_, room_.skip, room_.features);
            for (int64_t i = 0; i < streams_.w.hidden.panels(); ++i)
                streams_.hidden_panel(rows_, i, p, room_.features, room_.hidden);
            for (int64_t r = 0; r < rows_; ++r) room_.features.set(r, room_.hidden + r * streams_.w.skip_row);
            for (int64_t i = 0; i < streams_.w.output.panels(); ++i)
                streams_.output_panel(rows_, i, p, room_.features, room_.output);
            for (int64_t r = 0; r < rows_; ++r)
                streams_.sample(first_ + r, s, call, room_.output + r * streams_.w.output_row, sampling);
        }
    }

  private:
    Streams<W>& streams_;
    const int64_t first_, rows_;
    Workspace<W> room_;
};

}  // namespace foretell
