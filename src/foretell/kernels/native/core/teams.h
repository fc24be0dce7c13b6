// Threads that work on one thing step by step, each on its own part of it.
#pragma once

#include <vector>

#include "core/threads.h"

namespace foretell {

// Where the threads of a team wait for each other. A cache line of its own keeps others from waiting for it.
class alignas(64) Barrier {
  public:
    struct Abandoned {};

    void wait(int64_t size) {
        const int64_t turn = turn_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
            arrived_.store(0, std::memory_order_relaxed);
            turn_.store(turn + 1, std::memory_order_release);
            return;
        }
        for (int64_t spins = 0; turn_.load(std::memory_order_acquire) == turn; ++spins) {
            if (abandoned_.load(std::memory_order_relaxed)) throw Abandoned{};
            if (spins >= most_spins) std::this_thread::yield();  // the others may have no core of their own
#if defined(__x86_64__)
            else __builtin_ia32_pause();
#endif
        }
    }
    // One does not come any more: the others throw Abandoned.
    void abandon() { abandoned_.store(true, std::memory_order_relaxed); }

  private:
    static constexpr int64_t most_spins = 2000;
    std::atomic<int64_t> arrived_{0}, turn_{0};
    std::atomic<bool> abandoned_{false};
};

// One thread's place in its team.
struct Member {
    int64_t index = 0, size = 1;
    Barrier* barrier = nullptr;

    void wait() const {
        if (size > 1) barrier->wait(size);
    }
    // Its share of so many parts: from `begin` to `end`.
    int64_t begin(int64_t parts) const { return parts * index / size; }
    int64_t end(int64_t parts) const { return parts * (index + 1) / size; }
};

// Calls `work(team, member)` for each member of each team, all of a team at the same time. Where there are fewer threads
// to be had than members, teams are of one.
template <class Work>
void in_teams(int64_t teams, int64_t members, Work work) {
    if (members <= 1) return parallel(teams, teams, [&](int64_t team) { work(team, Member{}); });
    std::vector<Barrier> barriers(static_cast<size_t>(teams));
    together(teams * members, [&](int64_t thread, int64_t threads) {
        if (threads < teams * members) {
            for (int64_t team = thread; team < teams; team += threads) work(team, Member{});
            return;
        }
        Barrier& barrier = barriers[size_t(thread / members)];
        try {
            work(thread / members, Member{thread % members, members, &barrier});
        } catch (const Barrier::Abandoned&) {  // what went wrong is for the one to tell that it happened to
        } catch (...) {
            barrier.abandon();
            throw;
        }
    });
}

}  // namespace foretell
