// A bank of exponential smoothings of one series, updated side by side: simple, with trend or damped trend (Holt;
// Gardner and McKenzie, 1985), Theta (Assimakopoulos and Nikolopoulos, 2000: half of the overall slope as a drift),
// each of the values or of their logarithms, each with an additive season (Winters, 1960).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/boundary.h"

namespace foretell {

// What all smoothings take from the series at a step.
struct Trend {
    double slope = 0, log_slope = 0;  // of a line through all values so far, and through their logarithms
};

class SmoothingBank {
  public:
    SmoothingBank(const CandidateScan& scan)
        : s_(scan), count_(scan.smoothings), level_(count_), trend_(count_), forecast_(count_),
          periods_{scan.season, scan.second > 0 ? scan.second : scan.season} {
        const int64_t members[2] = {s_.first_of_second, count_ - s_.first_of_second};
        for (int g = 0; g < 2; ++g) {
            season_[g].resize(size_t(periods_[g] * members[g]));
            seen_[g].resize(size_t(periods_[g]));
        }
    }

    // Before the first value of a series.
    void begin() {
        positive_ = true;
        seasonal_[0] = seasonal_[1] = false;
        std::fill(level_.begin(), level_.end(), 0.0);
        std::fill(trend_.begin(), trend_.end(), 0.0);
        for (int g = 0; g < 2; ++g) {
            std::fill(season_[g].begin(), season_[g].end(), 0.0);
            std::fill(seen_[g].begin(), seen_[g].end(), int64_t(0));
        }
    }

    // Logarithms end with the first value that has none: those smoothings go on in the values' own units.
    void leave_logarithms() {
        if (!positive_) return;
        positive_ = false;
        for (int64_t p = 0; p < count_; ++p) {
            if (!s_.logarithmic[p]) continue;
            const double level = std::exp(level_[p]);
            const int g = group(p);
            trend_[p] = level * std::expm1(trend_[p]);
            for (int64_t k = 0; k < periods_[g]; ++k) {
                double& season = season_[g][size_t(k * members(g) + place(p))];
                season = level * std::expm1(season);
            }
            level_[p] = level;
        }
    }

    // Takes in step t (from 0 at the first value): `values` and `logs` (t + 1) with gaps filled, `seen` whether the
    // latest was there.
    void update(int64_t t, const double* values, const double* logs, bool seen, const Trend& trend) {
        for (int g = 0; g < 2; ++g) {
            const int64_t phase = t % periods_[g];
            if (seen && seasonal_[g]) ++seen_[g][size_t(phase)];
            double* season = season_[g].data() + phase * members(g);
            const bool has_season = seasonal_[g] && periods_[g] > 1;
            for (int64_t p = first(g), end = p + members(g); p < end; ++p, ++season) {
                const bool log = s_.logarithmic[p] && positive_;
                const double value = log ? logs[t] : values[t];
                if (t == 0) {
                    level_[p] = value;
                    continue;
                }
                const double damping = s_.damping[p];
                const double drift = s_.theta[p] ? 0.5 * (log ? trend.log_slope : trend.slope) : damping * trend_[p];
                const double expected = level_[p] + drift;
                if (!seen) {
                    level_[p] = expected;
                    if (damping > 0) trend_[p] *= damping;
                    continue;
                }
                // The first values count as much as in a plain mean.
                const double gain = std::max(s_.level_gain[p], 1.0 / double(t + 1));
                const double error = value - (has_season ? *season : 0.0) - expected;
                level_[p] = expected + gain * error;
                if (damping > 0)
                    trend_[p] = damping * trend_[p] + gain * std::max(s_.trend_gain[p], 0.7 / double(t + 1)) * error;
                if (has_season)
                    *season += std::max(s_.season_gain[p], 1.0 / double(seen_[g][size_t(phase)])) * (1 - gain) * error;
            }
            const int64_t period = periods_[g];
            if (period > 1 && (t == period - 1 || t == 2 * period - 1))
                for (int64_t p = first(g), end = p + members(g); p < end; ++p)
                    start_season(p, t, s_.logarithmic[p] && positive_ ? logs : values, t == period - 1 ? 1 : 2);
        }
    }

    // The forecasts (P) for `ahead` steps after step t, not beyond [low, high].
    const double* forecast(int64_t t, int64_t ahead, const Trend& trend, double low, double high) {
        const double steps = double(ahead);
        const double* damped_steps = damped(ahead);
        for (int g = 0; g < 2; ++g) {
            const bool has_season = seasonal_[g] && periods_[g] > 1;
            const double* season = season_[g].data() + (t + ahead) % periods_[g] * members(g);
            for (int64_t p = first(g), end = p + members(g); p < end; ++p, ++season) {
                const bool log = s_.logarithmic[p] && positive_;
                double value = level_[p];
                if (s_.theta[p]) {
                    value += 0.5 * (log ? trend.log_slope : trend.slope) * steps;
                } else if (s_.damping[p] > 0) {
                    value += trend_[p] * damped_steps[p];
                }
                if (has_season) value += *season;
                if (log) value = std::exp(std::min(value, 700.0));
                forecast_[size_t(p)] = value >= low ? std::min(value, high) : low;  // low for NaN
            }
        }
        return forecast_.data();
    }

  private:
    const CandidateScan& s_;
    int64_t count_;
    std::vector<double> level_, trend_, forecast_;
    int64_t periods_[2];
    std::vector<double> season_[2];  // (period, members): by phase since the first value
    std::vector<int64_t> seen_[2];   // (period): values that the season of a phase rests on
    std::vector<std::vector<double>> damped_;  // see `damped`: by `ahead` if that is below `FEW_AHEAD`, else the latest
    bool positive_ = true, seasonal_[2] = {false, false};

    static constexpr int64_t FEW_AHEAD = 512;

    int group(int64_t p) const { return p >= s_.first_of_second; }
    int64_t first(int g) const { return g ? s_.first_of_second : 0; }
    int64_t members(int g) const { return g ? count_ - s_.first_of_second : s_.first_of_second; }
    int64_t place(int64_t p) const { return p - first(group(p)); }

    // (P): how many steps of its trend a smoothing adds for `ahead` steps.
    const double* damped(int64_t ahead) {
        const auto place = size_t(ahead < FEW_AHEAD ? ahead : 0);
        if (damped_.size() <= place) damped_.resize(place + 1);
        auto& steps = damped_[place];
        if (steps.empty() || !place) {
            steps.resize(size_t(count_));
            for (int64_t p = 0; p < count_; ++p) {
                const double d = s_.damping[p];
                steps[size_t(p)] = d < 1 ? d * (1 - std::pow(d, double(ahead))) / (1 - d) : double(ahead);
            }
        }
        return steps.data();
    }

    // Level, trend and season of the latest one or two whole cycles, which end at step t.
    void start_season(int64_t p, int64_t t, const double* values, int cycles) {
        const int g = group(p);
        const int64_t period = periods_[g];
        const double length = double(period), middle = 0.5 * (length - 1);
        double latest = 0, before = 0, slope = 0;
        for (int64_t i = 0; i < period; ++i) latest += values[t - i];
        latest /= length;
        if (cycles == 2) {
            for (int64_t i = period; i < 2 * period; ++i) before += values[t - i];
            before /= length;
            slope = (latest - before) / length;
        }
        for (int64_t i = 0; i < period; ++i) {
            const double line = slope * (middle - double(i));
            double off = values[t - i] - latest - line;
            if (cycles == 2) off = 0.5 * (off + values[t - period - i] - before - line);
            season_[g][size_t((t - i) % period * members(g) + place(p))] = off;
            seen_[g][size_t((t - i) % period)] = cycles;
        }
        level_[p] = latest + slope * middle;
        trend_[p] = slope;
        seasonal_[g] = true;
    }
};

}  // namespace foretell
