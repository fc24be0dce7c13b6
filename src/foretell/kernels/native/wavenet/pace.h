// One thread or two: which is faster here and now, found by trying both. Beside other work on the same cores, or on two
// threads of one core, one is often faster than two that wait for each other.
#pragma once

#include <chrono>
#include <cstdint>

namespace foretell {

class Pace {
  public:
    // How many steps to go before the next look at the clock, and by which way.
    struct Stretch {
        bool by_two;
        int64_t steps;
    };

    Stretch next(int64_t left) {
        by_two_ = seconds_[1] <= seconds_[0];
        int64_t steps = stretch;
        if (const bool unknown = seconds_[0] == 0 || seconds_[1] == 0; unknown || since_trial_ >= between_trials) {
            if (!unknown) by_two_ = !by_two_;  // the slower way has its turn
            since_trial_ = 0;
            steps = trial;
        }
        steps_ = steps < left ? steps : left;
        since_trial_ += steps_;
        begin_ = Clock::now();
        return {by_two_, steps_};
    }

    // The stretch is done.
    void took() {
        const double found = std::chrono::duration<double>(Clock::now() - begin_).count() / double(steps_);
        double& known = seconds_[by_two_];
        known += (known == 0 ? 1 : share_of_latest) * (found - known);
    }

  private:
    using Clock = std::chrono::steady_clock;
    // A trial costs little even if it is by the way that is several times as slow.
    static constexpr int64_t stretch = 512, trial = 64, between_trials = 4096;
    static constexpr double share_of_latest = 0.3;

    double seconds_[2] = {0, 0};  // a step: a moving average, by one and by two
    int64_t since_trial_ = 0, steps_ = 0;
    bool by_two_ = false;
    Clock::time_point begin_;
};

}  // namespace foretell
