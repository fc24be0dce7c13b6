// Drawing the next value from a head's outputs: `foretell/nn/heads` says the same in torch, and is held equal by tests.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/vectors.h"

namespace foretell {

// Within which logarithms of scales are taken.
struct LogScales {
    float least, greatest;

    float scale(float log_scale) const { return std::exp(std::min(std::max(log_scale, least), greatest)); }
};

// What sampling needs beside the outputs; `order` has room for as many entries as there are outputs.
struct Sampling {
    float temperature;
    int64_t top_k;
    float top_p;
    int64_t* order;
    float* weights;  // room for the outputs, rounded up to a vector
    const float* log_widths = nullptr;  // of the levels, whose density then has the temperature; rounded up likewise

    float scaled(float logit, int64_t level) const {
        return log_widths ? (logit - log_widths[level]) / temperature + log_widths[level] : logit / temperature;
    }
};

// The weights exp(scaled - max) of the logits, zero for those that top-k and top-p leave out. False where the logits
// are no distribution: with a NaN among them there is no order either.
inline bool weigh(const float* logits, int64_t count, const Sampling& s) {
    constexpr int L = lanes<float>;
    constexpr float least = -std::numeric_limits<float>::infinity();
    Vec<float> highest = broadcast(least);
    for (int64_t i = 0; i < count; i += L) {
        Vec<float> v = load_first(logits + i, int(count - i));
        const Vec<float> width = s.log_widths ? load(s.log_widths + i) : Vec<float>{};
        v = s.log_widths ? (v - width) / s.temperature + width : v / s.temperature;
        if (count - i < L)
            for (int64_t j = count - i; j < L; ++j) v[j] = least;
        store(s.weights + i, v);
        highest = v > highest ? v : highest;
    }
    float top = highest[0];
    for (int i = 1; i < L; ++i) top = highest[i] > top ? highest[i] : top;
    for (int64_t i = 0; i < count; i += L) {
        const Vec<float> x = load(s.weights + i) - top;
        const auto e = exponential(clamp<float>(x, 87));
        store(s.weights + i, x < -87.0f ? Vec<float>{} : e.power * e.less_one + e.power);
    }
    Vec<float> all{};
    for (int64_t i = 0; i < count; i += L) all += load(s.weights + i);
    if (!(sum<float>(all) > 0)) return false;
    const auto likelier = [&](int64_t a, int64_t b) {
        const float x = s.scaled(logits[a], a), y = s.scaled(logits[b], b);
        return x > y || (x == y && a < b);
    };
    const bool by_count = s.top_k > 0 && s.top_k < count, by_share = s.top_p < 1;
    if (!by_count && !by_share) return true;
    for (int64_t i = 0; i < count; ++i) s.order[i] = i;
    int64_t kept = count;
    if (by_count) {
        kept = s.top_k;
        std::nth_element(s.order, s.order + kept, s.order + count, likelier);
    }
    if (by_share) {
        std::sort(s.order, s.order + kept, likelier);
        float total = 0, running = 0;
        for (int64_t i = 0; i < kept; ++i) total += s.weights[s.order[i]];
        int64_t share = 0;
        while (share < kept && running < s.top_p * total) running += s.weights[s.order[share++]];
        kept = share > 0 ? share : 1;
    }
    for (int64_t i = kept; i < count; ++i) s.weights[s.order[i]] = 0;
    return true;
}

// The inverse of the distribution function: the first index at which the running sum of weights is above u times all.
// -1 where the logits are no distribution.
inline int64_t draw(const float* logits, int64_t count, float u, const Sampling& s) {
    constexpr int L = lanes<float>;
    if (!weigh(logits, count, s)) return -1;
    Vec<float> all{};
    for (int64_t i = 0; i < count; i += L) all += load(s.weights + i);
    const float total = sum<float>(all);
    const float bound = std::min(u, 1 - 0x1p-24f) * total;
    float running = 0;
    int64_t last = 0;
    for (int64_t i = 0; i < count; i += L) {
        const float block = sum<float>(load(s.weights + i));
        if (running + block <= bound && i + L < count) {
            running += block;
            continue;
        }
        for (int64_t j = i; j < std::min(i + L, count); ++j) {
            running += s.weights[j];
            if (running > bound) return j;
        }
    }
    // Rounding left the whole sum below its bound: the last of the levels that are kept.
    for (int64_t i = 0; i < count; ++i)
        if (s.weights[i] > 0) last = i;
    return last;
}

// NaN stays.
inline float within(float x) { return x < -1 ? -1.0f : x > 1 ? 1.0f : x; }

// Salimans et al. (2017): a component, then a value of its logistic distribution, on the grid of 2^bits levels.
inline float draw_from_mixture(const float* outputs, int64_t components, int64_t bits, LogScales bounds, const float* u,
                               const Sampling& s) {
    const int64_t k = draw(outputs, components, u[0], s);
    if (k < 0) return std::numeric_limits<float>::quiet_NaN();
    const float v = std::min(std::max(u[1], 1e-5f), 1 - 1e-5f);
    const float scale = bounds.scale(outputs[2 * components + k]);
    const float x = within(outputs[components + k] + scale * s.temperature * (std::log(v) - std::log(1 - v)));
    const float half = float((int64_t(1) << bits) - 1) / 2;
    return std::nearbyint((x + 1) * half) / half - 1;
}

// By Box and Muller (1958).
inline float draw_from_gaussian(const float* outputs, LogScales bounds, const float* u, const Sampling& s) {
    const float radius = std::sqrt(-2 * std::log(std::max(u[0], 0x1p-24f)));
    const float normal = radius * std::cos(6.2831853071795864769f * u[1]);
    return within(outputs[0] + bounds.scale(outputs[1]) * s.temperature * normal);
}

}  // namespace foretell
