// What this machine does here and now: how fast one thread computes, and what several bring. Two threads of one core, or
// one beside other work, bring little; and to wake one takes longer than many a small scan.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

#include "core/teams.h"
#include "core/vectors.h"

#if defined(__unix__)
#include <unistd.h>
#endif

namespace foretell {

// Measured in a few milliseconds when first asked for, and again when it is old.
class Machine {
  public:
    struct Pace {
        double rate;  // multiplications in single precision per second, of one thread
        double gain;  // how many times as fast all threads are, once awake
        double wake;  // seconds from one thread to all of them and back
        double wait;  // seconds that it takes all of them to wait for each other
    };

    static Pace with(int64_t threads) {
        static std::mutex measuring;
        static Machine known[most];
        const std::lock_guard<std::mutex> lock(measuring);
        Machine& found = known[std::min(threads, most) - 1];
        if (assumed().rate > 0) return assumed();
        const auto now = Clock::now();
        if (!found.threads_ || now - found.measured_ > std::chrono::seconds(30)) found.measure(threads);
        return found.pace_;
    }

    // What holds from now on without being measured, for tests; nothing where the rate is 0. No call may be under way.
    static Pace& assumed() {
        static Pace pace{};
        return pace;
    }

    // So many of `threads` as have enough to do, for so many multiplications in single precision.
    static int64_t threads_worth(int64_t threads, double work) {
        constexpr double usual_share = 0.5;  // of the rate, in a scan
        constexpr double least_work = 1e5;  // which no thread is woken for
        if (threads <= 1 || work < least_work) return 1;
        const Pace pace = with(threads);
        const double each = std::max(2 * pace.wake * pace.rate * usual_share, 1.0);
        return int64_t(std::clamp(work / each, 1.0, double(threads)));
    }

    // In bytes of a core; 0 where it is not known.
    static int64_t second_level_cache() {
#if defined(_SC_LEVEL2_CACHE_SIZE)
        return std::max<int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE), 0);
#else
        return 0;
#endif
    }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr int64_t most = 256, rounds = 7, repetitions = 1 << 15;
    static constexpr int sums = 12;

    int64_t threads_ = 0;
    Pace pace_{};
    Clock::time_point measured_;

    template <class Work>
    static double seconds(Work work) {
        const auto begin = Clock::now();
        work();
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }

    static double median(double* values) {
        std::nth_element(values, values + rounds / 2, values + rounds);
        return values[rounds / 2];
    }

    // Products enough to keep all units busy; what they come to is of no interest. One copy of it, for one thread and for
    // several: inlined it is not equally fast everywhere.
    [[gnu::noinline]] static void multiply(int64_t times) {
        Vec<float> sum[sums];
        const Vec<float> factor = broadcast(0.999f);
        for (int s = 0; s < sums; ++s) sum[s] = broadcast(float(s));
        for (int64_t i = 0; i < times; ++i) {
#pragma GCC unroll 12
            for (int s = 0; s < sums; ++s) sum[s] = sum[s] * factor + factor;
        }
        for (int s = 1; s < sums; ++s) sum[0] += sum[s];
        const volatile float kept = sum[0][0];
        (void)kept;
    }

    void measure(int64_t threads) {
        constexpr int64_t waits = 64;
        int64_t present = 1;  // fewer than `threads` where there are no more to be had
        double one[rounds], all[rounds], none[rounds], waiting[rounds];
        parallel(threads, threads, [](int64_t) {});  // starts the threads
        for (int64_t i = 0; i < rounds; ++i) {
            one[i] = seconds([] { multiply(repetitions); });  // the others may fall asleep meanwhile
            none[i] = seconds([&] { parallel(threads, threads, [](int64_t) {}); });
            in_teams(1, threads, [&](int64_t, const Member& member) {
                member.wait();
                const double taken = seconds([&] {
                    multiply(repetitions);
                    member.wait();
                });
                if (member.index == 0) all[i] = taken, present = member.size;
            });
            waiting[i] = seconds([&] {
                in_teams(1, threads, [](int64_t, const Member& member) {
                    for (int64_t k = 0; k < waits; ++k) member.wait();
                });
            });
        }
        const double alone = median(one), wake = median(none);
        const double gain = std::min(double(present) * alone / median(all), double(threads));
        pace_ = {double(repetitions * sums * lanes<float>) / alone, gain, wake,
                 std::max(median(waiting) - wake, 0.0) / double(waits)};
        threads_ = threads;
        measured_ = Clock::now();
    }
};

}  // namespace foretell
