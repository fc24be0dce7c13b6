// The loop over time steps: streams shared out among threads, or one stream by two of them.
#pragma once

#include <atomic>
#include <system_error>
#include <thread>

#include "core/threads.h"
#include "wavenet/streams.h"

namespace foretell {

// What a thread works in.
struct Workspace {
    template <class W>
    Workspace(const Streams<W>& streams, int64_t rows, int64_t layers)
        : past(layers * rows * streams.w.gate_row, 0.0f),
          z(layers * rows * streams.w.unit_row, 0.0f),
          skip(rows * streams.w.skip_row, 0.0f),
          hidden(rows * streams.w.skip_row, 0.0f),
          output(rows * streams.w.output_row, 0.0f),
          weights(round_up(streams.outputs, vector_floats), 0.0f),
          order(size_t(streams.outputs)),
          pointers(size_t(rows)) {}

    Buffer<float> past, z, skip, hidden, output, weights;
    std::vector<int64_t> order;
    std::vector<const float*> pointers;

    Sampling sampling(const WaveNetCall& call) {
        return {float(call.temperature), call.top_k, float(call.top_p), order.data(), weights};
    }
};

// Some of the streams, by one thread: all of them go through a layer together.
template <class W>
class StreamGroup {
  public:
    StreamGroup(Streams<W>& streams, int64_t first, int64_t rows)
        : streams_(streams), first_(first), rows_(rows), room_(streams, rows, 1) {}

    void run(const WaveNetCall& call, int64_t t0) {
        const int64_t layers = int64_t(streams_.w.layers.size());
        const int64_t local_step = streams_.count * layers * 2 * streams_.w.residual;
        const int64_t local_first = first_ * layers * 2 * streams_.w.residual;
        const float** const p = room_.pointers.data();
        Sampling sampling = room_.sampling(call);
        for (int64_t s = 0; s < call.steps; ++s) {
            const int64_t t = t0 + s;
            const float* local = call.local ? call.local + s * local_step + local_first : nullptr;
            for (int64_t r = 0; r < rows_; ++r) streams_.enter(first_ + r, t);
            streams_.begin_skip(rows_, room_.skip);
            for (int64_t k = 0; k < layers; ++k) {
                streams_.gather_past(first_, rows_, k, t, p, room_.past);
                streams_.gate(first_, rows_, k, t, p, room_.past, local, room_.z);
                if (k + 1 < layers) streams_.residual(first_, rows_, k, t, p, room_.z);
                streams_.add_skip(rows_, k, p, room_.z, room_.skip);
            }
            streams_.end_skip(rows_, room_.skip);
            for (int64_t i = 0; i < streams_.w.hidden.panels(); ++i)
                streams_.hidden_panel(rows_, i, p, room_.skip, room_.hidden);
            for (int64_t i = 0; i < streams_.w.output.panels(); ++i)
                streams_.output_panel(rows_, i, p, room_.hidden, room_.output);
            for (int64_t r = 0; r < rows_; ++r)
                streams_.sample(first_ + r, s, call, room_.output + r * streams_.w.output_row, sampling);
        }
    }

  private:
    Streams<W>& streams_;
    const int64_t first_, rows_;
    Workspace room_;
};

// One stream by two threads. One walks the serial chain: the gates of layer after layer. The other follows with the skip
// products and ends in the sample. Whoever has nothing to do takes from what is left: the older taps' products of the
// next time step, then the panels of the output. Sums are taken in the same order whoever takes them, so that the result
// is that of one thread to the bit.
template <class W>
class Pair {
  public:
    explicit Pair(Streams<W>& streams)
        : streams_(streams), layers_(int64_t(streams.w.layers.size())), room_(streams, 1, layers_),
          next_past_(layers_ * streams.w.gate_row, 0.0f) {
        // Those taps first that are known before the chain begins.
        for (const bool adjacent : {false, true})
            for (int64_t k = 0; k < layers_; ++k)
                if ((streams.w.layers[size_t(k)].dilation == 1) == adjacent) order_.push_back(k);
    }

    // Whether the last call often waited for a thread that had lost its core to other work.
    bool stalled() const { return stalls_ > call_->steps / 64 + 1; }

    // False where the system has no second thread for it; nothing has happened then.
    bool run(const WaveNetCall& call, int64_t t0) {
        call_ = &call;
        t0_ = t0;
        stalls_ = 0;
        for (auto* counter : {&reached_, &pasts_, &skipped_, &hidden_.next, &hidden_.done, &output_.next, &output_.done,
                              &sampled_})
            counter->value.store(0, std::memory_order_relaxed);
        const float* pointer;
        for (int64_t k = 0; k < layers_; ++k) streams_.gather_past(0, 1, k, t0, &pointer, past(0, k));
        try {
            std::thread follower([this] { follow(); });
            lead();
            follower.join();
        } catch (const std::system_error&) {
            return false;
        }
        return true;
    }

  private:
    // Counts up during a call; alone on its line of the cache, since both threads watch it.
    struct alignas(64) Counter {
        std::atomic<int64_t> value{0};

        int64_t get() const { return value.load(std::memory_order_acquire); }
        void set(int64_t to) { value.store(to, std::memory_order_release); }
        // Takes the number `at` if it is still to be had.
        bool take(int64_t at) { return value.compare_exchange_strong(at, at + 1, std::memory_order_acq_rel); }
    };

    struct Shared {
        Counter next, done;
    };

    // Between two looks at a counter. Long waits mean that the other thread has lost its core.
    void breathe(int& spins) {
        constexpr int patience = 1000;
        if (spins == patience) stalls_.fetch_add(1, std::memory_order_relaxed);
        if (spins <= patience) ++spins;
        if (spins > patience) return std::this_thread::yield();
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }

    void wait_for(const Counter& counter, int64_t least) {
        for (int spins = 0; counter.get() < least;) breathe(spins);
    }

    float* past(int64_t s, int64_t k) { return (s % 2 ? next_past_ : room_.past) + k * streams_.w.gate_row; }
    float* z(int64_t k) { return room_.z + k * streams_.w.unit_row; }

    // One layer's older taps for the step after s. `all`: the chain of step s is through.
    bool take_past(int64_t s, bool all) {
        if (s + 1 >= call_->steps) return false;
        const int64_t at = pasts_.get();
        // The chain's thread may still be at what is left of the step before.
        if (at < s * layers_ || at >= (s + 1) * layers_) return false;
        const int64_t k = order_[size_t(at - s * layers_)];
        if (!all && streams_.w.layers[size_t(k)].dilation == 1 && reached_.get() <= s * layers_ + k) return false;
        if (pasts_.take(at)) {
            const float* pointer;
            streams_.gather_past(0, 1, k, t0_ + s + 1, &pointer, past(s + 1, k));
        }
        return true;
    }

    // The panels of one of the output's products, whoever takes them; back when all are there.
    template <class Work>
    void share(int64_t s, int64_t panels, Shared& shared, Work work) {
        const int64_t end = (s + 1) * panels;
        for (int64_t at; (at = shared.next.get()) < end;)
            if (shared.next.take(at)) {
                work(at - s * panels);
                shared.done.value.fetch_add(1, std::memory_order_acq_rel);
            }
        wait_for(shared.done, end);
    }

    void share_outputs(int64_t s) {
        const float* pointer;
        share(s, streams_.w.hidden.panels(), hidden_,
              [&](int64_t i) { streams_.hidden_panel(1, i, &pointer, room_.skip, room_.hidden); });
        share(s, streams_.w.output.panels(), output_,
              [&](int64_t i) { streams_.output_panel(1, i, &pointer, room_.hidden, room_.output); });
    }

    void lead() {
        const float* pointer;
        for (int64_t s = 0; s < call_->steps; ++s) {
            const int64_t t = t0_ + s;
            const float* local = call_->local ? call_->local + s * layers_ * 2 * streams_.w.residual : nullptr;
            streams_.enter(0, t);
            for (int64_t k = 0; k < layers_; ++k) {
                streams_.gate(0, 1, k, t, &pointer, past(s, k), local, z(k));
                reached_.set(s * layers_ + k + 1);
                if (k + 1 < layers_) streams_.residual(0, 1, k, t, &pointer, z(k));
            }
            while (take_past(s, true)) {}
            wait_for(skipped_, s + 1);
            share_outputs(s);
            wait_for(sampled_, s + 1);
        }
    }

    void follow() {
        const float* pointer;
        Sampling sampling = room_.sampling(*call_);
        for (int64_t s = 0; s < call_->steps; ++s) {
            streams_.begin_skip(1, room_.skip);
            int spins = 0;
            for (int64_t k = 0; k < layers_;) {
                if (reached_.get() > s * layers_ + k) {
                    streams_.add_skip(1, k, &pointer, z(k), room_.skip);
                    ++k;
                    spins = 0;
                } else if (!take_past(s, false)) {
                    breathe(spins);
                }
            }
            streams_.end_skip(1, room_.skip);
            skipped_.set(s + 1);
            share_outputs(s);
            streams_.sample(0, s, *call_, room_.output, sampling);
            sampled_.set(s + 1);
        }
    }

    Streams<W>& streams_;
    const int64_t layers_;
    Workspace room_;
    Buffer<float> next_past_;
    std::vector<int64_t> order_;
    const WaveNetCall* call_ = nullptr;
    int64_t t0_ = 0;
    Counter reached_, pasts_, skipped_, sampled_;
    Shared hidden_, output_;
    std::atomic<int64_t> stalls_{0};
};

}  // namespace foretell
