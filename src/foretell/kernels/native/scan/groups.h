// How the work of a scan is shared out: sequences among threads, time steps into chunks.
#pragma once

#include "core/machine.h"
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

// How many threads pay for so many multiplications.
inline int64_t threads_for(const Scan& scan, double work) { return Machine::threads_worth(scan.threads, work); }

inline double scan_work(const ScanShape& shape, int64_t gates, int64_t rows) {
    return double(rows) * double(gates * shape.hidden) * double(shape.hidden + shape.inputs);
}

inline int64_t scan_threads(const Scan& scan, int64_t gates, int64_t rows) {
    return threads_for(scan, scan_work(scan.shape, gates, rows));
}

// How a scan is divided among threads: the sequences into groups, and the hidden units of each group among the members of
// a team, who wait for each other at every time step.
struct Division {
    int64_t groups, members;
};

inline int64_t group_count(const ScanShape& shape, int64_t threads) {
    return threads < shape.batch ? threads : shape.batch > 0 ? shape.batch : 1;
}

// The units are divided where there are fewer sequences than threads, or where the recurrent weights fit the caches of
// all cores but not that of one; and where a time step takes longer than to wait for each other.
inline Division division(const Scan& scan, int64_t gates, int64_t rows, int64_t panels, bool divisible) {
    const ScanShape& shape = scan.shape;
    const int64_t threads = scan_threads(scan, gates, rows), groups = group_count(shape, threads);
    if (!divisible || threads <= 1 || shape.steps <= 1) return {groups, 1};
    constexpr double usual_share = 0.25, least_waits = 4;  // of the rate, in a single step
    const double weights = double(gates * shape.hidden) * double(shape.outputs), bytes = weights * sizeof(float);
    const double cache = double(Machine::second_level_cache());
    const bool fits_together = bytes > cache && bytes <= 1.25 * cache * double(threads);
    const int64_t teams = fits_together && shape.batch <= 32 * threads ? 1 : groups;
    const int64_t members = std::min(threads / teams, panels);
    if (members <= 1) return {groups, 1};
    const Machine::Pace pace = Machine::with(scan.threads);
    const double step = weights * double(shape.batch) / double(teams) / (pace.rate * usual_share);
    return step > least_waits * pace.wait ? Division{teams, members} : Division{groups, 1};
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
