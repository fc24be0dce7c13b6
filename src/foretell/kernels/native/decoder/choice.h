// Which tokens a row of outputs makes likely.
#pragma once

#include <cmath>

#include "core/vectors.h"

namespace foretell {

// The `top` greatest values, falling, of equal ones that of the lower index, and where they stand.
inline void greatest(const float* values, int64_t count, int64_t top, float* found, int64_t* at) {
    constexpr int L = lanes<float>, block = 4 * L;
    int64_t have = 0;
    const auto offer = [&](int64_t i) {
        int64_t place = have < top ? have++ : top - 1;
        for (; place > 0 && values[i] > found[place - 1]; --place) {
            found[place] = found[place - 1];
            at[place] = at[place - 1];
        }
        found[place] = values[i];
        at[place] = i;
    };
    int64_t i = 0;
    for (; i < top && i < count; ++i) offer(i);
    const auto some = [&](const float* from) {
        Vec<int32_t> above{};
        for (int v = 0; v < 4; ++v) above |= load(from + v * L) > found[top - 1];
        int64_t any[vector_bytes / 8], all = 0;
        std::memcpy(any, &above, sizeof above);
        for (const int64_t lane : any) all |= lane;
        return all != 0;
    };
    while (i < count) {
        if (i + block <= count && !some(values + i)) {
            i += block;
            continue;
        }
        for (const int64_t end = i + block < count ? i + block : count; i < end; ++i)
            if (values[i] > found[top - 1]) offer(i);
    }
}

// log of the sum of exp(values), of which `highest` is the greatest.
inline float log_of_sum(const float* values, int64_t count, float highest) {
    constexpr int L = lanes<float>;
    if (!(std::abs(highest) < std::numeric_limits<float>::infinity())) return highest;
    Vec<float> sums[2]{};
    const auto term = [&](Vec<float> v) {
        const Vec<float> x = v - highest;
        const auto e = exponential(clamp<float>(x, 87));
        return x < -87.0f ? Vec<float>{} : e.power * e.less_one + e.power;
    };
    int64_t i = 0;
    for (; i + 2 * L <= count; i += 2 * L)
        for (int v = 0; v < 2; ++v) sums[v] += term(load(values + i + v * L));
    float total = sum<float>(sums[0] + sums[1]);
    for (; i < count; i += L) {
        const int here = int(count - i < L ? count - i : L);
        total += sum<float>(first_only<float>(term(load_first(values + i, here)), here));
    }
    return highest + std::log(total);
}

}  // namespace foretell
