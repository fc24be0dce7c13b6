// What crosses from Python for the simple forecasts of series (`foretell/kernels/structures.py` mirrors it).
#pragma once

#include <cstdint>

namespace foretell {

// B series of T steps on one time grid, NaN where nothing was seen; leading NaN come before a series began. Infinities
// and what is beyond 1e300 count as NaN, so that all results are finite.
// Everything at a step is computed from the values up to that step alone.
struct CandidateScan {
    int64_t series, steps, threads;
    int64_t season, second;  // season lengths in steps; 1 and 0 for none
    const double* values;    // (B, T)

    // P exponential smoothings; those from `first_of_second` on follow the second season where there is one.
    int64_t smoothings, first_of_second;
    const double *level_gain, *trend_gain, *damping, *season_gain;  // (P)
    const uint8_t *theta, *logarithmic;                             // (P)

    int64_t window;   // features are wanted of the last W steps
    float* features;  // (B, W, F)

    int64_t anchors, ahead, each;  // A, H; whether the steps ahead differ from anchor to anchor
    const int64_t* anchor;         // (B, A) ascending: the steps to forecast from
    const int64_t* step_ahead;     // (H), or (B, A, H) with `each`
    float* candidates;             // (B, A, K, H): in units from the last value
    double *unit, *last;           // (B, A)
};

}  // namespace foretell
