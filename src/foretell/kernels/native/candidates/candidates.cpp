// Simple forecasts of a series at every step, how wrong each of them has been so far, and what else describes the past.
#include "core/boundary.h"

#include <array>
#include <limits>

#include "candidates/smoothing.h"
#include "core/exports.h"
#include "core/threads.h"
#include "core/vectors.h"

namespace foretell {
namespace {

constexpr int64_t BASIC = 10, CHOSEN = 5;  // candidates before and after the smoothings
constexpr int64_t DESCRIPTION = 20;        // features before those of the candidates
static_assert(BASIC >= lanes<double>);

// NaN and, so that everything computed here is finite, what is too great to reckon with.
bool missing(double value) { return !(std::abs(value) <= 1e300); }

// Means, spreads and slopes of all values so far.
struct Summary {
    int64_t count = 0, changes = 0, seasonal_changes = 0;
    double first = 0, last = 0, lowest = 0, highest = 0, level = 0;
    double change = 0, recent_change = 0, seasonal_change = 0, deviation = 0, zeros = 0, repeats = 0;
    bool positive = true;
    double trailing = 0, trailing_before = 0;  // means of the latest cycle and of the one before it
    Trend trend;

    double unit(int64_t season) const {
        const double typical = season > 1 && seasonal_changes >= 2 ? 0.5 * (change + seasonal_change) : change;
        return std::max({typical, 1e-4 * (highest - lowest), 1e-9 * std::abs(level) + 1e-12});
    }
};

// A least-squares line through points given one by one.
struct Line {
    double n = 0, x = 0, xx = 0, y = 0, xy = 0;
    void add(double at, double value) { n += 1, x += at, xx += at * at, y += value, xy += at * value; }
    double slope() const {
        const double d = n * xx - x * x, slope = n >= 4 && d > 0 ? (n * xy - x * y) / d : 0.0;
        return std::isfinite(slope) ? slope : 0.0;
    }
};

// The median of finite values, the upper one of an even number: the greatest of those that no more than half of them
// are below. Each is held against all, side by side, which takes a third of the time of a sort, whose branches nobody
// can foresee. There are no fewer values than a vector holds: the last vector begins earlier, if need be.
double median_of(const double* values, int64_t count) {
    const Vec<int64_t> middle = broadcast<int64_t>(count / 2);
    Vec<double> greatest = broadcast(-std::numeric_limits<double>::infinity());
    for (int64_t i = 0; i < count; i += lanes<double>) {
        const Vec<double> here = load(values + std::min<int64_t>(i, count - lanes<double>));
        Vec<int64_t> below{};
        for (int64_t k = 0; k < count; ++k) below -= broadcast(values[k]) < here;
        greatest = below <= middle && here > greatest ? here : greatest;
    }
    double median = greatest[0];
    for (int i = 1; i < lanes<double>; ++i) median = std::max(median, greatest[i]);
    return median;
}

// The mean of the values of each phase of a season, the older ones fading; NaN where there is none.
class PhaseMeans {
  public:
    PhaseMeans(int64_t period, double least_gain)
        : period_(std::max<int64_t>(period, 1)), least_gain_(least_gain), mean_(size_t(period_)),
          count_(size_t(period_)) {}
    void begin() {
        std::fill(mean_.begin(), mean_.end(), std::numeric_limits<double>::quiet_NaN());
        std::fill(count_.begin(), count_.end(), int64_t(0));
    }
    void update(int64_t t, double value) {
        const auto phase = size_t(t % period_);
        const double gain = std::max(1.0 / double(++count_[phase]), least_gain_);
        mean_[phase] = count_[phase] == 1 ? value : mean_[phase] + gain * (value - mean_[phase]);
    }
    double at(int64_t t) const { return mean_[size_t(t % period_)]; }

  private:
    int64_t period_;
    double least_gain_;
    std::vector<double> mean_;
    std::vector<int64_t> count_;
};

class Series {
  public:
    explicit Series(const CandidateScan& scan)
        : s_(scan), season_(scan.season), second_(scan.second), cycle_(season_ > 1 ? season_ : 4),
          lead_(season_ > 1 ? season_ : 6), base_(BASIC + scan.smoothings), all_(base_ + CHOSEN), bank_(scan),
          phases_(season_, 0.1), second_phases_(second_, 0.2), filled_(size_t(scan.steps)), logs_(size_t(scan.steps)),
          sums_(size_t(scan.steps + 1)), next_(size_t(all_)), error_(size_t(all_)), near_(size_t(all_)),
          far_(size_t(all_)), ahead_(size_t(all_ * (lead_ + 1))), scratch_(size_t(all_)), weight_(size_t(base_)) {}

    void run(int64_t b) {
        const double* values = s_.values + b * s_.steps;
        begin();
        int64_t start = 0;
        while (start < s_.steps && missing(values[start])) ++start;
        int64_t a = 0;
        for (; a < s_.anchors && s_.anchor[b * s_.anchors + a] < start; ++a) emit_nothing(b, a);
        const int64_t first_wanted = s_.steps - s_.window, features = DESCRIPTION + 3 * all_;
        float* row = s_.features + b * s_.window * features;
        std::fill(row, row + std::clamp<int64_t>(start - first_wanted, 0, s_.window) * features, 0.0f);
        for (int64_t step = start; step < s_.steps; ++step) {
            const int64_t t = step - start;
            take(t, values[step]);
            const double unit = sum_.unit(season_);
            rank(unit);
            forecast(t, 1, next_.data());
            double* far = ahead_.data() + (t + lead_) % (lead_ + 1) * all_;
            forecast(t, lead_, far);
            if (step >= first_wanted) describe(t, unit, !missing(values[step]), row + (step - first_wanted) * features);
            for (; a < s_.anchors && s_.anchor[b * s_.anchors + a] == step; ++a) emit(b, a, t, unit);
        }
        for (; a < s_.anchors; ++a) emit_nothing(b, a);
    }

  private:
    const CandidateScan& s_;
    const int64_t season_, second_, cycle_, lead_, base_, all_;
    SmoothingBank bank_;
    PhaseMeans phases_, second_phases_;
    std::vector<double> filled_, logs_;  // from the first value on, gaps filled
    std::vector<double> sums_;           // (T + 1): of the distances from the first value
    std::vector<double> next_;           // (K): the forecasts made now for the next step
    std::vector<double> error_;          // (K): how far the forecasts for this step were off
    std::vector<double> near_, far_;     // (K): the running mean absolute errors one step and a cycle ahead
    std::vector<double> ahead_;          // (lead + 1, K): the forecasts for the steps up to a cycle ahead
    std::vector<double> scratch_;
    std::vector<double> weight_;  // of each candidate but the chosen ones in their mean
    double weight_sum_ = 0;
    int64_t nearest_ = 0, farthest_ = 0, theta_ = -1;  // those least wrong one step and a cycle ahead; -1: no Theta
    int64_t far_count_ = 0;
    Summary sum_;
    Line line_, log_line_;

    void begin() {
        bank_.begin();
        phases_.begin();
        second_phases_.begin();
        sum_ = Summary();
        line_ = log_line_ = Line();
        far_count_ = 0;
        for (auto* errors : {&error_, &near_, &far_, &next_}) std::fill(errors->begin(), errors->end(), 0.0);
    }

    // Everything that changes with the value of step t, counted from the first value.
    void take(int64_t t, double given) {
        const bool seen = !missing(given);
        const double value = seen ? given : season_ > 1 && t >= season_ ? filled_[size_t(t - season_)] : sum_.last;
        filled_[size_t(t)] = value;
        if (seen && value <= 0) {
            sum_.positive = false;
            bank_.leave_logarithms();
        }
        logs_[size_t(t)] = value > 0 ? std::log(value) : t > 0 ? logs_[size_t(t - 1)] : 0.0;
        if (t == 0) sum_.first = sum_.lowest = sum_.highest = value;
        if (t > 0) judge(t, value, seen);
        if (seen) summarise(value);
        follow_level(t, value);
        if (seen) {
            phases_.update(t, value);
            if (second_ > 0) second_phases_.update(t, value);
        }
        bank_.update(t, filled_.data(), logs_.data(), seen, sum_.trend);
    }

    // The errors of the forecasts for this step, and how far it lies from the steps before.
    void judge(int64_t t, double value, bool seen) {
        if (!seen) {
            std::fill(error_.begin(), error_.end(), 0.0);
            return;
        }
        const double n = double(++sum_.changes), gain = std::max(1 / n, 0.06);
        for (int64_t k = 0; k < all_; ++k) {
            error_[size_t(k)] = value - next_[size_t(k)];
            near_[size_t(k)] += gain * (std::abs(error_[size_t(k)]) - near_[size_t(k)]);
        }
        if (t > lead_) {
            const double far_gain = std::max(1 / double(++far_count_), 0.04);
            const double* made = ahead_.data() + t % (lead_ + 1) * all_;
            for (int64_t k = 0; k < all_; ++k)
                far_[size_t(k)] += far_gain * (std::abs(value - made[k]) - far_[size_t(k)]);
        }
        const double slowest = 1 / double(std::max<int64_t>(100, 6 * season_));
        const double step = std::abs(value - filled_[size_t(t - 1)]);
        sum_.change += std::max(1 / n, slowest) * (step - sum_.change);
        sum_.recent_change += std::max(1 / n, 0.12) * (step - sum_.recent_change);
        sum_.repeats += (double(step == 0) - sum_.repeats) / n;
        if (season_ > 1 && t >= season_) {
            const double cycle = std::abs(value - filled_[size_t(t - season_)]);
            sum_.seasonal_change +=
                std::max(1 / double(++sum_.seasonal_changes), slowest) * (cycle - sum_.seasonal_change);
        }
    }

    void summarise(double value) {
        const double n = double(++sum_.count);
        sum_.lowest = std::min(sum_.lowest, value);
        sum_.highest = std::max(sum_.highest, value);
        sum_.level += (value - sum_.level) / n;
        sum_.deviation += (std::abs(value - sum_.level) - sum_.deviation) / n;
        sum_.zeros += (double(value == 0) - sum_.zeros) / n;
        sum_.last = value;
    }

    // The mean of the latest cycle, in which a season cancels out, and the line through all of these means.
    void follow_level(int64_t t, double value) {
        sums_[size_t(t + 1)] = sums_[size_t(t)] + (value - sum_.first);
        auto mean = [&](int64_t from, int64_t count) {
            return sum_.first + (sums_[size_t(t + 1 - from)] - sums_[size_t(t + 1 - from - count)]) / double(count);
        };
        sum_.trailing = mean(0, std::min(t + 1, cycle_));
        sum_.trailing_before = t >= 2 * cycle_ - 1 ? mean(cycle_, cycle_) : sum_.trailing;
        if (season_ > 1 && t < cycle_ - 1) return;
        const double level = season_ > 1 ? sum_.trailing : value;
        line_.add(double(t), level);
        log_line_.add(double(t), level > 0 ? std::log(level) : logs_[size_t(t)]);
        sum_.trend = {line_.slope(), log_line_.slope()};
    }

    // The K candidates for `ahead` steps after step t.
    void forecast(int64_t t, int64_t ahead, double* out) {
        const double steps = double(ahead), cycles = double((ahead + season_ - 1) / season_);
        const bool two_cycles = t >= 2 * cycle_ - 1;
        auto in_phase = [&](int64_t season) {
            const int64_t at = t + ahead - (ahead + season - 1) / season * season;
            return at >= 0 ? filled_[size_t(at)] : sum_.last;
        };
        auto known = [](double value, double otherwise) { return missing(value) ? otherwise : value; };
        const double repeated = in_phase(season_);
        out[0] = sum_.last;
        out[1] = sum_.level;
        out[2] = repeated;
        out[3] = known(phases_.at(t + ahead), sum_.level);
        const bool second = second_ > 0 && t >= second_;
        out[4] = second ? in_phase(second_) : repeated;
        out[5] = second ? known(second_phases_.at(t + ahead), out[4]) : out[3];
        const double growth = two_cycles ? (sum_.trailing - sum_.trailing_before) / double(cycle_) : 0.0;
        out[6] = repeated + growth * cycles * double(season_);
        out[7] = out[6];
        if (two_cycles && sum_.positive && sum_.trailing_before > 0) {
            const double ratio = std::clamp(sum_.trailing / sum_.trailing_before, 0.6, 1.67);
            const double power = season_ > 1 ? cycles : 0.25 * steps;
            out[7] = repeated * (power == 1 ? ratio : std::pow(ratio, power));
        }
        out[8] = sum_.last + (t > 0 ? steps * (sum_.last - sum_.first) / double(t) : 0.0);
        out[9] = sum_.trailing;
        const double range = 1.5 * (sum_.highest - sum_.lowest);
        double low = sum_.lowest - range, high = sum_.highest + range;
        if (sum_.positive) low = std::max(low, 0.0);
        for (int64_t k = 6; k < 9; ++k) out[k] = std::clamp(out[k], low, high);
        const double* smoothed = bank_.forecast(t, ahead, sum_.trend, low, high);
        std::copy(smoothed, smoothed + s_.smoothings, out + BASIC);
        choose(out);
    }

    // Which candidates have been least wrong so far, and how much each counts in their mean.
    void rank(double unit) {
        nearest_ = farthest_ = 0;
        theta_ = -1;
        weight_sum_ = 0;
        const double least = 1e-3 * unit;
        const double equal = 1e-6 * unit;  // errors closer than this differ by rounding: the first of them counts
        const double scale = std::ldexp(1.0, -std::ilogb(least));  // exact; the cube of an error may not have room
        for (int64_t k = 0; k < base_; ++k) {
            const auto i = size_t(k);
            if (near_[i] < near_[size_t(nearest_)] - equal) nearest_ = k;
            if (far_[i] < far_[size_t(farthest_)] - equal) farthest_ = k;
            if (k >= BASIC && s_.theta[k - BASIC] && (theta_ < 0 || near_[i] < near_[size_t(theta_)] - equal))
                theta_ = k;
            const double wrong = (near_[i] + far_[i] + least) * scale;
            weight_[i] = 1 / (wrong * wrong * wrong);
            weight_sum_ += weight_[i];
        }
    }

    // Candidates made of the others.
    void choose(double* out) const {
        double mixed = 0;
        for (int64_t k = 0; k < base_; ++k) mixed += weight_[size_t(k)] * out[k];
        out[base_] = out[nearest_];
        out[base_ + 1] = far_count_ ? out[farthest_] : out[nearest_];
        out[base_ + 2] = theta_ < 0 ? out[nearest_] : out[theta_];
        out[base_ + 3] = mixed / weight_sum_;
        out[base_ + 4] = median_of(out, base_);
    }

    // The features of step t; see `DESCRIPTION` in foretell/kernels/candidates.py for their order.
    void describe(int64_t t, double unit, bool seen, float* to) const {
        const double value = filled_[size_t(t)], n = double(sum_.count);
        auto off = [&](bool there, double other) { return float(seen && there ? (value - other) / unit : 0.0); };
        *to++ = off(true, sum_.level);
        *to++ = off(t > 0, t > 0 ? filled_[size_t(t - 1)] : 0.0);
        *to++ = off(t >= season_, t >= season_ ? filled_[size_t(t - season_)] : 0.0);
        *to++ = off(second_ > 0 && t >= second_, t >= second_ ? filled_[size_t(t - second_)] : 0.0);
        *to++ = float((sum_.trailing - sum_.trailing_before) / unit);
        *to++ = float(sum_.level / unit);
        *to++ = float(sum_.change / unit);
        *to++ = float((season_ > 1 && sum_.seasonal_changes ? sum_.seasonal_change : sum_.change) / unit);
        *to++ = float(sum_.deviation / unit);
        *to++ = float(sum_.recent_change / unit);
        *to++ = float((sum_.highest - sum_.lowest) / unit);
        *to++ = float(!seen);
        *to++ = float(std::log1p(n) / 4);
        *to++ = float(std::log(double(season_)) / 3);
        *to++ = float(std::log1p(n / double(season_)) / 3);
        *to++ = float(second_ > 0 ? std::log(double(second_)) / 4 : 0.0);
        *to++ = float(sum_.positive);
        *to++ = float(sum_.zeros);
        *to++ = float(sum_.repeats);
        const double range = sum_.highest - sum_.lowest;
        *to++ = float(range > 0 ? (value - sum_.lowest) / range : 0.5);
        for (int64_t k = 0; k < all_; ++k) {
            to[k] = float(error_[size_t(k)] / unit);
            to[all_ + k] = float(near_[size_t(k)] / unit);
            to[2 * all_ + k] = float((far_count_ ? far_ : near_)[size_t(k)] / unit);
        }
    }

    void emit(int64_t b, int64_t a, int64_t t, double unit) {
        const int64_t place = b * s_.anchors + a;
        s_.unit[place] = unit;
        s_.last[place] = sum_.last;
        const int64_t* ahead = s_.step_ahead + (s_.each ? place * s_.ahead : 0);
        float* to = s_.candidates + place * all_ * s_.ahead;
        for (int64_t j = 0; j < s_.ahead; ++j) {
            forecast(t, ahead[j], scratch_.data());
            for (int64_t k = 0; k < all_; ++k)
                to[k * s_.ahead + j] = float(std::clamp((scratch_[size_t(k)] - sum_.last) / unit, -1e3, 1e3));
        }
    }

    // An anchor outside the series.
    void emit_nothing(int64_t b, int64_t a) {
        const int64_t place = b * s_.anchors + a, size = all_ * s_.ahead;
        s_.unit[place] = 1;
        s_.last[place] = 0;
        std::fill(s_.candidates + place * size, s_.candidates + (place + 1) * size, 0.0f);
    }
};

}  // namespace
}  // namespace foretell

using namespace foretell;

// 0, or 1 where memory ran out.
EXPORTED int foretell_candidates_run(const CandidateScan* scan) {
    return guarded([&] {
        const int64_t shares = std::min(scan->series, 4 * scan->threads);
        parallel(shares, scan->threads, [&](int64_t share) {
            Series series(*scan);
            for (int64_t b = scan->series * share / shares; b < scan->series * (share + 1) / shares; ++b) series.run(b);
        });
    });
}
