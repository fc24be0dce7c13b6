// How the work of a scan is shared out: sequences among threads, time steps into chunks.
#pragma once

#include "scan/sequences.h"

namespace foretell {

// Which sequences a thread runs through all time steps: by their positions. Ragged ones are dealt out in turn, so that
// each thread has long ones and short ones.
struct Group {
    int64_t first, apart, count;

    static Group of(int64_t index, int64_t groups, const Sequences& sequences, int64_t batch) {
        if (sequences.ragged()) return {index, groups, (batch - index + groups - 1) / groups};
        const int64_t begin = batch * index / groups;
        return {begin, 1, batch * (index + 1) / groups - begin};
    }
    int64_t position(int64_t j) const { return first + j * apart; }
    // How many of these are among the first `running` of all.
    int64_t running(int64_t running) const {
        const int64_t mine = (running - first + apart - 1) / apart;
        return mine < 0 ? 0 : mine < count ? mine : count;
    }
};

// As many threads as there are, but one where the work, counted in multiplications, would not pay for waking others.
inline int64_t threads_for(const Scan& scan, double work) { return work < 4e5 ? 1 : scan.threads; }

inline double scan_work(const ScanShape& shape, int64_t gates, int64_t rows) {
    return double(rows) * double(gates * shape.hidden) * double(shape.hidden + shape.inputs);
}

inline int64_t group_count(const Scan& scan, int64_t gates, int64_t rows) {
    const int64_t threads = threads_for(scan, scan_work(scan.shape, gates, rows)), batch = scan.shape.batch;
    return threads < batch ? threads : batch > 0 ? batch : 1;
}

// Time steps taken together, so that a product has enough rows and its results stay in the cache.
inline int64_t chunk_steps(int64_t rows, int64_t steps) {
    const int64_t chunk = rows ? (64 + rows - 1) / rows : 1;
    return chunk < 1 ? 1 : chunk < steps ? chunk : steps;
}

// Rows that a norm goes over several times are taken a few at a time, so that they stay in the cache.
template <class Step>
void a_few_at_a_time(int64_t count, Step step) {
    constexpr int64_t few = 16;
    for (int64_t first = 0; first < count; first += few) step(first, count - first < few ? count - first : few);
}

}  // namespace foretell
