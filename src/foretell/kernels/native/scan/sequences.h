// Where the time steps of the sequences of a batch lie in memory, whichever layout they came in.
#pragma once

#include "core/boundary.h"
#include "core/buffer.h"

namespace foretell {

// Sequences stand in order of falling length, so that those still running at a step come first. `position` counts in
// this order, `row` in the caller's; packed rows count the running sequences of step after step.
class Sequences {
  public:
    explicit Sequences(const ScanShape& shape)
        : steps_(shape.steps), batch_(shape.batch), packed_(shape.batch_sizes), running_(steps_), before_(steps_ + 1),
          row_(batch_), length_(batch_) {
        if (shape.lengths) {
            sort(shape.lengths);
        } else {
            for (int64_t t = 0; t < steps_; ++t) running_[t] = packed_ ? shape.batch_sizes[t] : batch_;
            for (int64_t b = 0; b < batch_; ++b) row_[b] = b;
            int64_t t = steps_;
            for (int64_t b = 0; b < batch_; ++b) {
                while (t > 0 && running_[t - 1] <= b) --t;
                length_[b] = t;
            }
        }
        before_[0] = 0;
        for (int64_t t = 0; t < steps_; ++t) before_[t + 1] = before_[t] + running_[t];
    }

    int64_t running(int64_t t) const { return running_[t]; }
    int64_t length(int64_t position) const { return length_[position]; }
    int64_t row(int64_t position) const { return row_[position]; }
    int64_t total() const { return before_[steps_]; }
    bool ragged() const { return total() < steps_ * batch_; }
    // The index of a time step among packed rows: that of all buffers which the kernel keeps to itself.
    int64_t packed(int64_t t, int64_t position) const { return before_[t] + position; }
    // Its offset in a caller's tensor with these strides.
    int64_t offset(int64_t t, int64_t position, int64_t step, int64_t row) const {
        return packed_ ? packed(t, position) * row : t * step + row_[position] * row;
    }

  private:
    // Counting sort, stable, longest first.
    void sort(const int64_t* lengths) {
        Buffer<int64_t> starts(steps_ + 2, 0);
        for (int64_t b = 0; b < batch_; ++b) ++starts[steps_ - lengths[b] + 1];
        for (int64_t shorter = 1; shorter < steps_ + 2; ++shorter) starts[shorter] += starts[shorter - 1];
        for (int64_t b = 0; b < batch_; ++b) {
            const int64_t position = starts[steps_ - lengths[b]]++;
            row_[position] = b;
            length_[position] = lengths[b];
        }
        int64_t still = batch_;
        for (int64_t t = 0; t < steps_; ++t) {
            while (still > 0 && length_[still - 1] <= t) --still;
            running_[t] = still;
        }
    }

    int64_t steps_, batch_;
    bool packed_;
    Buffer<int64_t> running_, before_, row_, length_;
};

}  // namespace foretell
