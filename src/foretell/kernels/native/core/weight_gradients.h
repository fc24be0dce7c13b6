// The gradients of weight matrices and biases: products over all time steps and sequences at once.
#pragma once

#include <vector>

#include "core/buffer.h"
#include "core/interruption.h"
#include "core/product.h"
#include "core/threads.h"

namespace foretell {

// One weight (gates * H, features): the sum over rows of gradients of its products times features. In a row of
// gradients the `vectors` of unit u begin at `first + u * apart`; `gates` says which gate each of them belongs to.
template <class F>
struct WeightGradient {
    using T = SumOf<F>;

    const F* const* features;  // see FactorColumns
    int64_t feature_count, rows;
    const T* gradients;
    int64_t gradient_row, first, apart;
    const int* gates;
    int vectors;
    int64_t hidden;
    void* weight;  // this and the bias may be null
    T* bias;
    const T* const* gradient_rows = nullptr;  // where each row of gradients is, unless they follow one another
    bool rounds = false;                      // whether gradients are rounded as factors
    bool half = false;                        // whether the weight is stored as bfloat16

    const T* gradients_of(int64_t row) const {
        return gradient_rows ? gradient_rows[row] : gradients + row * gradient_row;
    }

    int64_t panels() const {
        const int64_t units = (hidden + lanes<T> - 1) / lanes<T>;
        return (units + units_per_panel(vectors) - 1) / units_per_panel(vectors);
    }
};

// One panel: a few units of a weight against a run of features. It walks over all rows a stretch at a time: the
// stretch's gradients are packed, and every feature meets them.
template <class F>
class WeightPanel {
    using T = SumOf<F>;

  public:
    WeightPanel(const WeightGradient<F>& gradient, int64_t panel, int64_t begin, int64_t end)
        : w(gradient), unit_(panel * units_per_panel(w.vectors)), begin_(begin), end_(end) {
        const int64_t left = (w.hidden + lanes<T> - 1) / lanes<T> - unit_;
        units_ = int(left < units_per_panel(w.vectors) ? left : units_per_panel(w.vectors));
        width_ = units_ * w.vectors;
    }

    void run(Interruption* interruption) const {
        if constexpr (std::is_same_v<F, T>)
            if (w.rows <= few_rows && !w.rounds) return run_by_units();
        Buffer<F> packed(stretch / values * width_ * lanes<F>);
        Buffer<T> sums((end_ - begin_) * width_ * lanes<T>, T(0));
        Vec<T> bias[tile_vectors]{};
        for (int64_t k = 0; k < w.rows; k += stretch) {
            if (interruption) interruption->check();
            const int64_t count = w.rows - k < stretch ? w.rows - k : stretch;
            pack(k, count, packed, bias);
            switch (width_) {
                case 4: add<4>(k, count, packed, sums); break;
                case 3: add<3>(k, count, packed, sums); break;
                case 2: add<2>(k, count, packed, sums); break;
                default: add<1>(k, count, packed, sums);
            }
        }
        write(bias);
        if (w.half) write_half(sums);
        else write(sums, static_cast<T*>(w.weight), store<T>, [](T sum) { return sum; });
    }

  private:
    static constexpr int64_t stretch = 256, values = values_of<F>, few_rows = 4;

    const WeightGradient<F>& w;
    const int64_t unit_, begin_, end_;
    int units_, width_;

    // Of few rows: the gradient of each unit meets the features as they lie, and the weight is written as it lies.
    void run_by_units() const {
        constexpr int L = lanes<T>;
        T* const weight = static_cast<T*>(w.weight);
        Vec<T> bias[tile_vectors]{};
        for (int v = 0; v < width_; ++v) {
            const int64_t at = w.first + (unit_ + v / w.vectors) * w.apart + v % w.vectors * L;
            const int64_t unit = (unit_ + v / w.vectors) * L, left = units_left(unit);
            for (int64_t k = 0; k < w.rows; ++k) bias[v] += load(w.gradients_of(k) + at);
            for (int64_t lane = 0; lane < left && weight; ++lane) {
                T* const row = weight + (w.gates[v % w.vectors] * w.hidden + unit + lane) * w.feature_count;
                for (int64_t f = begin_; f < end_; f += L) {
                    const int here = int(end_ - f < L ? end_ - f : L);
                    Vec<T> sum{};
                    for (int64_t k = 0; k < w.rows; ++k)
                        sum += load_first(w.features[k] + f, here) * w.gradients_of(k)[at + lane];
                    store_first(row + f, sum, here);
                }
            }
        }
        write(bias);
    }

    // The gradients of a stretch close together, and their sums added to those of the stretches before.
    void pack(int64_t k, int64_t count, F* packed, Vec<T>* sums) const {
        Vec<T> here[tile_vectors]{};
        for (int64_t i = 0; i < count; i += values)
            for (int v = 0; v < width_; ++v, packed += lanes<F>) {
                const int64_t at = w.first + (unit_ + v / w.vectors) * w.apart + v % w.vectors * lanes<T>;
                Vec<T> gradients[values];
                for (int64_t j = 0; j < values; ++j) {
                    gradients[j] = i + j < count ? load(w.gradients_of(k + i + j) + at) : Vec<T>{};
                    here[v] += gradients[j];
                }
                store<F>(packed, w.rounds ? rounded_factors_of<F>(gradients) : factors_of<F>(gradients));
            }
        for (int v = 0; v < width_; ++v) sums[v] += here[v];
    }

    template <int V>
    void add(int64_t k, int64_t count, const F* packed, T* sums) const {
        constexpr int L = lanes<T>;
        in_tiles(end_ - begin_, tile_rows(V), [&](int64_t at, int height) {
            Vec<T> tile[tile_rows(V) * V];
            T* to = sums + at * V * L;
            for (int i = 0; i < height * V; ++i) tile[i] = Vec<T>{};  // a sum of sums keeps small terms
            Tiles<F, V>::by_columns[height - 1](w.features + k / values, begin_ + at, factor_count<F>(count), packed, tile);
            for (int i = 0; i < height * V; ++i) store<T>(to + i * L, load(to + i * L) + tile[i]);
        });
    }

    int64_t units_left(int64_t unit) const { return w.hidden - unit < lanes<T> ? w.hidden - unit : lanes<T>; }

    void write(const Vec<T>* bias) const {
        for (int v = 0; v < width_ && w.bias && begin_ == 0; ++v) {
            const int64_t unit = (unit_ + v / w.vectors) * lanes<T>;
            store_first(w.bias + w.gates[v % w.vectors] * w.hidden + unit, bias[v], int(units_left(unit)));
        }
    }

    void write_half(T* sums) const {
        if constexpr (std::is_same_v<T, float>) {
            for (int64_t i = 0; i < (end_ - begin_) * width_ * lanes<T>; i += lanes<T>)
                store<T>(sums + i, (Vec<T>)rounded_to_bfloat16(load(sums + i)));
            write(sums, static_cast<BFloat16*>(w.weight), [](BFloat16* to, Vec<T> row) {
                for (int i = 0; i < lanes<T>; ++i) to[i] = BFloat16::of(row[i]);
            }, BFloat16::of);
        }
    }

    // In squares, as neither side should stride through the cache; `store_all` stores as many features of a unit as a
    // square has, `stored` converts one.
    template <class S, class StoreAll, class Stored>
    void write(const T* sums, S* weight, StoreAll store_all, Stored stored) const {
        constexpr int64_t L = lanes<T>;
        for (int v = 0; v < width_ && weight; ++v) {
            const int64_t unit = (unit_ + v / w.vectors) * L, left = units_left(unit);
            S* const rows = weight + (w.gates[v % w.vectors] * w.hidden + unit) * w.feature_count;
            const auto sum = [&](int64_t f) { return sums + ((f - begin_) * width_ + v) * L; };
            int64_t f = begin_;
            for (; f + L <= end_; f += L) {
                Vec<T> square[L];
                for (int64_t i = 0; i < L; ++i) square[i] = load(sum(f + i));
                transpose<T>(square);
                for (int64_t lane = 0; lane < left; ++lane) store_all(rows + lane * w.feature_count + f, square[lane]);
            }
            for (int64_t lane = 0; lane < left; ++lane)
                for (int64_t rest = f; rest < end_; ++rest)
                    rows[lane * w.feature_count + rest] = stored(sum(rest)[lane]);
        }
    }
};

// All of them at once, shared out by panels and, where these are few, by features.
template <class F>
void weight_gradients(const std::vector<WeightGradient<F>>& gradients, int64_t threads,
                      Interruption* interruption = nullptr) {
    constexpr int64_t most_features = 384, fewest_features = 24, tasks_a_thread = 4;
    int64_t panels = 0;
    for (const auto& w : gradients) panels += w.panels();
    const auto parts = [&](const WeightGradient<F>& w) {
        int64_t n = (w.feature_count + most_features - 1) / most_features;
        while (panels * n < tasks_a_thread * threads && w.feature_count / (n + 1) > fewest_features) ++n;
        return n > 0 ? n : 1;
    };
    int64_t tasks = 0;
    for (const auto& w : gradients) tasks += w.panels() * parts(w);
    parallel(tasks, threads, [&](int64_t task) {
        const WeightGradient<F>* w = gradients.data();
        for (; task >= w->panels() * parts(*w); ++w) task -= w->panels() * parts(*w);
        const int64_t n = parts(*w), part = task % n, features = w->feature_count;
        WeightPanel<F>(*w, task / n, features * part / n, features * (part + 1) / n)
            .run(interruption);
    });
}

}  // namespace foretell
