// The functions by which Python generates with a WaveNet, and runs its layers over whole sequences. Compiled once for each instruction set.
#include "core/exports.h"
#include "wavenet/generator.h"
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
        for (int64_t t = steps < kept ? 0 : steps - kept; t < steps; ++t)
            for (int64_t b = 0; b < streams_.count; ++b)
                for (int64_t r = 0; r < residual; ++r)
                    streams_.x(b, k, t)[r] = kept_inputs[(b * residual + r) * kept + t % kept];
    }

    bool run(const WaveNetCall& call) override {
        streams_.set_before(call);
        streams_.failed = false;
        const int64_t threads = call.threads < 1 ? 1 : call.threads;
        if (!run_as_pair(call, threads)) {
            share_out(threads < streams_.count ? threads : streams_.count);
            parallel(int64_t(groups_.size()), threads, [&](int64_t i) { groups_[size_t(i)].run(call, t_); });
        }
        t_ += call.steps;
        return !streams_.failed;
    }

  private:
    WaveNetWeights<W> weights_;
    Streams<W> streams_;
    std::unique_ptr<Pair<W>> pair_;
    std::vector<StreamGroup<W>> groups_;
    int64_t t_ = 0, calls_alone_ = 0;

    // Beside other work on the same cores one thread is faster than two that wait for each other: after a call that
    // stalled some go by one thread. The values are the same.
    bool run_as_pair(const WaveNetCall& call, int64_t threads) {
        if (streams_.count > 1 || threads < 2) return false;
        if (calls_alone_ > 0) {
            --calls_alone_;
            return false;
        }
        if (!pair_) pair_ = std::make_unique<Pair<W>>(streams_);
        if (!pair_->run(call, t_)) return false;
        if (pair_->stalled()) calls_alone_ = 4;
        return true;
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
EXPORTED void* foretell_wavenet_create(const WaveNetNetwork* network, int64_t bfloat16) {
    AnyGenerator* made = nullptr;
    guarded([&] {
        if (bfloat16)
            made = new Generator<BFloat16>(*network);
        else
            made = new Generator<float>(*network);
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
