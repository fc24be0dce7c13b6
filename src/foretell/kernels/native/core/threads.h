// Tasks shared among threads: those of the OpenMP runtime that torch has already started, since a second set of
// threads would fight with it over the cores. Without one, threads of our own.
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace foretell {

using ParallelRegion = void (*)(void (*)(void*), void*, unsigned, unsigned);

inline ParallelRegion parallel_region_of_torch() {
#if defined(__unix__) || defined(__APPLE__)
    static const auto region = reinterpret_cast<ParallelRegion>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    return region;
#else
    return nullptr;
#endif
}

// Calls `work(task)` once for each task. Which thread takes which is left to chance: no task may depend on it.
template <class Work>
void parallel(int64_t tasks, int64_t threads, Work work) {
    struct Shared {
        Work& work;
        int64_t tasks;
        std::atomic<int64_t> next{0};
        std::atomic<bool> out_of_memory{false};
        // No exception may leave a thread.
        static void run(void* self) {
            auto& shared = *static_cast<Shared*>(self);
            try {
                for (int64_t task; (task = shared.next.fetch_add(1, std::memory_order_relaxed)) < shared.tasks;)
                    shared.work(task);
            } catch (const std::bad_alloc&) {
                shared.out_of_memory = true;
            }
        }
    } shared{work, tasks};
    if (threads > tasks) threads = tasks;
    if (threads <= 1) {
        Shared::run(&shared);
    } else if (const auto region = parallel_region_of_torch()) {
        region(Shared::run, &shared, unsigned(threads), 0);
    } else {
        std::vector<std::thread> others;
        try {
            for (int64_t i = 1; i < threads; ++i) others.emplace_back(Shared::run, &shared);
        } catch (const std::system_error&) {  // no more threads to be had: those there are do all of it
        }
        Shared::run(&shared);
        for (auto& other : others) other.join();
    }
    if (shared.out_of_memory) throw std::bad_alloc();
}

}  // namespace foretell
