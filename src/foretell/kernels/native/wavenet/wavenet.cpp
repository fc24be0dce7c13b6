// The functions by which Python generates with a WaveNet, and runs its layers over whole sequences. Compiled once for
// each instruction set.
#include "core/exports.h"
#include "core/threads.h"
#include "wavenet/pace.h"
#include "wavenet/pair.h"
#include "wavenet/stack.h"

namespace foretell {
namespace {

struct AnyGenerator {
    virtual ~AnyGenerator() = default;
    virtual void set_past(int64_t layer, const float* kept_inputs, int64_t steps) = 0;
    // False for outputs that are no distribution.
    virtual bool run(const WaveNetCall& call) = 0;
};

template <class W>
class Generator : public AnyGenerator {
  public:
    explicit Generator(const WaveNetNetwork& n) : weights_(n, n.batch == 1 && n.threads > 1), streams_(n, weights_) {}

    // Of one layer the last inputs (B, R, kept) of the time steps before `steps`, t in the slot t mod kept.
    void set_past(int64_t k, const float* kept_inputs, int64_t steps) override {
        t_ = steps;
        const int64_t kept = weights_.layers[size_t(k)].ring - 1, residual = weights_.residual;
        Buffer<float> x(weights_.row, 0.0f);
        for (int64_t t = steps < kept ? 0 : steps - kept; t < steps; ++t)
            for (int64_t b = 0; b < streams_.count; ++b) {
                for (int64_t r = 0; r < residual; ++r) x[r] = kept_inputs[(b * residual + r) * kept + t % kept];
                streams_.set_x(b, k, t, x);
            }
    }

    bool run(const WaveNetCall& call) override {
        streams_.set_before(call);
        streams_.failed = false;
        const int64_t threads = call.threads < 1 ? 1 : call.threads;
        if (streams_.count == 1 && threads > 1) {
            run_by_one_or_two(call);
        } else {
            run_alone(call, threads);
        }
        return !streams_.failed;
    }

  private:
    WaveNetWeights<W> weights_;
    Streams<W> streams_;
    std::unique_ptr<Pair<W>> pair_;
    std::vector<StreamGroup<W>> groups_;
    Pace pace_;
    int64_t t_ = 0;

    // Each stream by one thread.
    void run_alone(const WaveNetCall& call, int64_t threads) {
        share_out(threads < streams_.count ? threads : streams_.count);
        parallel(int64_t(groups_.size()), threads, [&](int64_t i) { groups_[size_t(i)].run(call, t_); });
        t_ += call.steps;
    }

    // One stream, by the faster way; the values are the same.
    void run_by_one_or_two(const WaveNetCall& call) {
        for (int64_t done = 0; done < call.steps;) {
            const auto stretch = pace_.next(call.steps - done);
            const WaveNetCall part = part_of(call, done, stretch.steps);
            if (stretch.by_two && !pair_) pair_ = std::make_unique<Pair<W>>(streams_);
            if (stretch.by_two && pair_->run(part, t_)) t_ += part.steps;
            else run_alone(part, 1);
            pace_.took();
            done += stretch.steps;
        }
    }

    // Some steps of a call for one stream.
    WaveNetCall part_of(WaveNetCall call, int64_t first, int64_t steps) const {
        call.steps = steps;
        call.uniforms += 2 * first;
        if (call.temperatures) call.temperatures += first;
        if (call.local) call.local += first * int64_t(weights_.layers.size()) * 2 * weights_.residual;
        if (call.levels) call.levels += first;
        if (call.scalars) call.scalars += first;
        return call;
    }

    void share_out(int64_t groups) {
        if (int64_t(groups_.size()) == groups) return;
        std::vector<StreamGroup<W>> shares;
        for (int64_t i = 0, first = 0; i < groups; ++i) {
            const int64_t rows = (streams_.count - first + groups - i - 1) / (groups - i);
            shares.emplace_back(streams_, first, rows);
            first += rows;
        }
        groups_.swap(shares);
    }
};

}  // namespace
}  // namespace foretell

using namespace foretell;

// A generator, which keeps nothing of what the structure points to; null where memory ran out.
EXPORTED void* foretell_wavenet_create(const WaveNetNetwork* network) {
    AnyGenerator* made = nullptr;
    guarded([&] {
        switch (WeightKind(network->weights)) {
            case WeightKind::float32: made = new Generator<float>(*network); break;
            case WeightKind::bfloat16: made = new Generator<BFloat16>(*network); break;
            case WeightKind::int8: made = new Generator<Int8>(*network); break;
        }
    });
    return made;
}
EXPORTED void foretell_wavenet_destroy(void* generator) { delete static_cast<AnyGenerator*>(generator); }

EXPORTED void foretell_wavenet_set_past(void* generator, int64_t layer, const float* kept_inputs, int64_t steps) {
    static_cast<AnyGenerator*>(generator)->set_past(layer, kept_inputs, steps);
}
// 0, or 1 where memory ran out, or 2 where outputs were no distribution.
EXPORTED int foretell_wavenet_run(void* generator, const WaveNetCall* call) {
    bool drawn = true;
    const int failure = guarded([&] { drawn = static_cast<AnyGenerator*>(generator)->run(*call); });
    return failure ? failure : drawn ? 0 : 2;
}

EXPORTED int foretell_wavenet_forward_float(const WaveNetStack* s) {
    return guarded([&] { StackOfLayers<float>(*s).forward(); });
}
EXPORTED int foretell_wavenet_forward_double(const WaveNetStack* s) {
    return guarded([&] { StackOfLayers<double>(*s).forward(); });
}
EXPORTED int foretell_wavenet_backward_float(const WaveNetStack* s) {
    return guarded([&] { StackOfLayers<float>(*s).backward(); });
}
EXPORTED int foretell_wavenet_backward_double(const WaveNetStack* s) {
    return guarded([&] { StackOfLayers<double>(*s).backward(); });
}
