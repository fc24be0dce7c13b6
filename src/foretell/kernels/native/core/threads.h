// Tasks shared among threads: those of the OpenMP runtime that torch has already started, since a second set of
// threads would fight with it over the cores. Without one, threads of our own.
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace foretell {

// What torch has loaded of its OpenMP runtime; null for what is not there.
struct OpenMP {
    void (*parallel)(void (*)(void*), void*, unsigned, unsigned) = nullptr;
    int (*thread)() = nullptr;
    int (*threads)() = nullptr;

    static const OpenMP& of_torch() {
        static const OpenMP found = [] {
            OpenMP omp;
#if defined(__unix__) || defined(__APPLE__)
            omp.parallel = reinterpret_cast<decltype(omp.parallel)>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
            omp.thread = reinterpret_cast<decltype(omp.thread)>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
            omp.threads = reinterpret_cast<decltype(omp.threads)>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
#endif
            if (!omp.thread || !omp.threads) omp.parallel = nullptr;
            return omp;
        }();
        return found;
    }
};

// Calls `work(thread, threads)` on so many threads at the same time, or on fewer where there are no more to be had. What
// the first one throws that does is thrown again when all have ended.
template <class Work>
void together(int64_t wanted, Work work) {
    struct Shared {
        Work& work;
        std::atomic<int64_t> threads{0};
        std::atomic<bool> failed{false};
        std::exception_ptr failure = nullptr;

        void run(int64_t thread) {
            try {  // no exception may leave a thread
                work(thread, threads.load());
            } catch (...) {
                if (!failed.exchange(true)) failure = std::current_exception();
            }
        }
        static void in_region(void* self) {
            auto& shared = *static_cast<Shared*>(self);
            shared.threads.store(OpenMP::of_torch().threads());  // all store the same
            shared.run(OpenMP::of_torch().thread());
        }
    } shared{work};
    if (wanted <= 1) {
        shared.threads = 1;
        shared.run(0);
    } else if (const auto region = OpenMP::of_torch().parallel) {
        region(Shared::in_region, &shared, unsigned(wanted), 0);
    } else {
        std::vector<std::thread> others;
        try {
            for (int64_t i = 1; i < wanted; ++i)
                others.emplace_back([&shared, i] {
                    while (!shared.threads.load()) std::this_thread::yield();
                    shared.run(i);
                });
        } catch (const std::system_error&) {  // no more threads to be had
        }
        shared.threads = int64_t(others.size()) + 1;
        shared.run(0);
        for (auto& other : others) other.join();
    }
    if (shared.failed) std::rethrow_exception(shared.failure);
}

// Calls `work(task)` once for each task. Which thread takes which is left to chance: no task may depend on it.
template <class Work>
void parallel(int64_t tasks, int64_t threads, Work work) {
    std::atomic<int64_t> next{0};
    together(threads < tasks ? threads : tasks, [&](int64_t, int64_t) {
        try {
            for (int64_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) work(task);
        } catch (...) {
            next.store(tasks, std::memory_order_relaxed);
            throw;
        }
    });
}

}  // namespace foretell
