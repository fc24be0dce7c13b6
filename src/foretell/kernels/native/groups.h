// How the work of a scan is shared out: sequences among threads, time steps into chunks.
#pragma once

#include "sequences.h"

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

// As many groups as threads, but one where the work would not pay for starting the others.
inline int64_t group_count(const Scan& s, int64_t gates, int64_t rows) {
    const double products = double(rows) * double(gates * s.hidden) * double(s.hidden + s.inputs);
    const int64_t most = s.threads < s.batch ? s.threads : s.batch;
    return products < 2e5 || most < 1 ? 1 : most;
}

// Time steps taken together, so that a product has enough rows and its results stay in the cache.
inline int64_t chunk_steps(int64_t rows, int64_t steps) {
    const int64_t chunk = rows ? (64 + rows - 1) / rows : 1;
    return chunk < 1 ? 1 : chunk < steps ? chunk : steps;
}

}  // namespace foretell
