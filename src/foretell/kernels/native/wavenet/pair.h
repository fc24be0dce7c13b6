// The loop over time steps of one stream, by two threads.
#pragma once

#include <atomic>
#include <system_error>
#include <thread>

#include "wavenet/stream_group.h"

namespace foretell {

// One stream by two threads. One walks the serial chain: the gates of layer after layer. The other follows with the
// skip products and ends in the sample. Whoever has nothing to do takes from what is left: the older taps' products of
// the next time step, then the panels of the output. The one takes them from the end, the other from the beginning, so
// that at each step a thread reads much the same half of the weights, which stays in the cache of its core. Sums are
// taken in the same order whoever takes them, so that the result is that of one thread to the bit.
template <class W>
class Pair {
    using Row = typename Rows<W>::Row;

  public:
    explicit Pair(Streams<W>& streams)
        : streams_(streams), layers_(int64_t(streams.w.layers.size())), room_(streams, 1, layers_),
          next_past_(layers_ * streams.w.gate_row, 0.0f), pasts_(size_t(layers_)),
          hidden_panels_(streams.w.hidden.panels()), output_panels_(streams.w.output.panels()),
          hidden_{Rows<W>(1, streams.w.skip_row, streams.w.skip), Rows<W>(1, streams.w.skip_row, streams.w.skip)} {
        // Those taps first that are known before the chain begins.
        for (const bool adjacent : {false, true})
            for (int64_t k = 0; k < layers_; ++k)
                if ((streams.w.layers[size_t(k)].dilation == 1) == adjacent) order_.push_back(k);
    }

    // False where the system has no second thread for it; nothing has happened then.
    bool run(const WaveNetCall& call, int64_t t0) {
        call_ = &call;
        t0_ = t0;
        for (auto* counter : {&reached_, &skipped_, &sampled_}) counter->set(0);
        for (auto& past : pasts_) past.set(0);
        hidden_panels_.reset();
        output_panels_.reset();
        Row row;
        for (int64_t k = 0; k < layers_; ++k) streams_.gather_past(0, 1, k, t0, &row, past(0, k));
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

    // Pieces of work that are there once a step: how often each was taken, and how many are done.
    struct Shared {
        explicit Shared(int64_t pieces) : taken(size_t(pieces)) {}
        void reset() {
            for (auto& piece : taken) piece.set(0);
            done.set(0);
        }
        std::vector<Counter> taken;
        Counter done;
    };

    enum class End { first, last };

    // Between two looks at a counter. After long waits the other thread has probably lost its core.
    static void breathe(int& spins) {
        constexpr int patience = 1000;
        if (spins > patience) return std::this_thread::yield();
        ++spins;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }

    static void wait_for(const Counter& counter, int64_t least) {
        for (int spins = 0; counter.get() < least;) breathe(spins);
    }

    float* past(int64_t s, int64_t k) { return (s % 2 ? next_past_ : room_.past) + k * streams_.w.gate_row; }

    // One layer's older taps for the step after s; false where none is to be had.
    bool take_past(int64_t s, int64_t k) {
        if (!pasts_[size_t(k)].take(s)) return false;
        Row row;
        streams_.gather_past(0, 1, k, t0_ + s + 1, &row, past(s + 1, k));
        return true;
    }

    // The next of them from the first one on, from place `at` of the order; false where it has to wait for the chain.
    bool take_next_past(int64_t s, int64_t& at) {
        if (s + 1 >= call_->steps) return false;
        for (; at < layers_; ++at) {
            const int64_t k = order_[size_t(at)];
            if (streams_.w.layers[size_t(k)].dilation == 1 && reached_.get() <= s * layers_ + k) return false;
            if (take_past(s, k)) return true;
        }
        return false;
    }

    // The panels of one of the output's products, whoever takes them; back when all are there.
    template <class Work>
    static void share(int64_t s, Shared& shared, End from, Work work) {
        const int64_t pieces = int64_t(shared.taken.size());
        for (int64_t i = 0; i < pieces; ++i) {
            const int64_t piece = from == End::first ? i : pieces - 1 - i;
            if (!shared.taken[size_t(piece)].take(s)) continue;
            work(piece);
            shared.done.value.fetch_add(1, std::memory_order_acq_rel);
        }
        wait_for(shared.done, (s + 1) * pieces);
    }

    // `hidden` is the thread's own.
    void share_outputs(int64_t s, End from, const Rows<W>& hidden) {
        Row row;
        share(s, hidden_panels_, from,
              [&](int64_t i) { streams_.hidden_panel(1, i, &row, room_.features, room_.hidden); });
        hidden.set(0, room_.hidden);
        share(s, output_panels_, from, [&](int64_t i) { streams_.output_panel(1, i, &row, hidden, room_.output); });
    }

    void lead() {
        Row row;
        for (int64_t s = 0; s < call_->steps; ++s) {
            const int64_t t = t0_ + s;
            const float* local = call_->local ? call_->local + s * layers_ * 2 * streams_.w.residual : nullptr;
            streams_.enter(0, t, room_.now);
            for (int64_t k = 0; k < layers_; ++k) {
                streams_.gate(0, 1, k, t, &row, past(s, k), local, room_.gates, room_.z, k);
                reached_.set(s * layers_ + k + 1);
                if (k + 1 < layers_) streams_.residual(0, 1, k, t, &row, room_.z, k, room_.now);
            }
            for (int64_t at = layers_; at-- > 0 && s + 1 < call_->steps;) take_past(s, order_[size_t(at)]);
            wait_for(skipped_, s + 1);
            share_outputs(s, End::last, hidden_[0]);
            wait_for(sampled_, s + 1);
        }
    }

    void follow() {
        Row row;
        Sampling sampling = room_.sampling(streams_, *call_);
        for (int64_t s = 0; s < call_->steps; ++s) {
            streams_.begin_skip(1, room_.skip);
            int spins = 0;
            int64_t at = 0;
            for (int64_t k = 0; k < layers_;) {
                if (reached_.get() > s * layers_ + k) {
                    streams_.add_skip(1, k, &row, room_.z, k, room_.skip);
                    ++k;
                    spins = 0;
                } else if (!take_next_past(s, at)) {
                    breathe(spins);
                }
            }
            streams_.end_skip(1, room_.skip, room_.features);
            skipped_.set(s + 1);
            share_outputs(s, End::first, hidden_[1]);
            streams_.sample(0, s, *call_, room_.output, sampling);
            sampled_.set(s + 1);
        }
    }

    Streams<W>& streams_;
    const int64_t layers_;
    Workspace<W> room_;
    Buffer<float> next_past_;
    Counter reached_, skipped_, sampled_;
    std::vector<Counter> pasts_;  // by layer, how often its older taps were taken
    Shared hidden_panels_, output_panels_;
    const Rows<W> hidden_[2];
    std::vector<int64_t> order_;
    const WaveNetCall* call_ = nullptr;
    int64_t t0_ = 0;
};

}  // namespace foretell
