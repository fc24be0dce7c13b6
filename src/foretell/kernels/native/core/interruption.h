// An early end to a long call.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace foretell {

// Thrown where a call is to end.
struct Interrupted {};

// Asks the caller now and then, on the caller's own thread, whether to go on. Made on that thread.
class Interruption {
  public:
    // `ask` returns other than 0 to end the call; null is never asked.
    explicit Interruption(const void* ask) : ask_(reinterpret_cast<int (*)()>(const_cast<void*>(ask))) {}

    // Throws Interrupted. Takes some tens of nanoseconds.
    void check() {
        if (!ask_) return;
        if (wanted_.load(std::memory_order_relaxed)) throw Interrupted{};
        if (std::this_thread::get_id() != caller_) return;
        const auto now = Clock::now();
        if (now - asked_ < std::chrono::milliseconds(200)) return;
        asked_ = now;
        if (!ask_()) return;
        wanted_.store(true, std::memory_order_relaxed);
        throw Interrupted{};
    }

  private:
    using Clock = std::chrono::steady_clock;
    int (*const ask_)();
    const std::thread::id caller_ = std::this_thread::get_id();
    Clock::time_point asked_ = Clock::now();
    std::atomic<bool> wanted_{false};
};

}  // namespace foretell
