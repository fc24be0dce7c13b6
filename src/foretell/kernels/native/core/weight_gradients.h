// The gradients of weight matrices and biases: products over all time steps and sequences at once.
#pragma once

#include <vector>

#include "core/buffer.h"
#include "core/interruption.h"
#include "core/product.h"
#include "core/threads.h"
#include "core/tiles.h"

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
        if constexpr (values == 2)
            if (by_tiles()) return run_by_tiles(interruption);
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

    // A factor's rows of gradients from `k` on, before `end`, of a vector; they are added to its sum.
    Vec<F> packed_gradients(int64_t k, int64_t end, int v, Vec<T>& sum) const {
        const int64_t at = w.first + (unit_ + v / w.vectors) * w.apart + v % w.vectors * lanes<T>;
        Vec<T> gradients[values];
        for (int64_t j = 0; j < values; ++j) {
            gradients[j] = k + j < end ? load(w.gradients_of(k + j) + at) : Vec<T>{};
            sum += gradients[j];
        }
        return w.rounds ? rounded_factors_of<F>(gradients) : factors_of<F>(gradients);
    }

    // The gradients of a stretch close together, and their sums added to those of the stretches before.
    void pack(int64_t k, int64_t count, F* packed, Vec<T>* sums) const {
        Vec<T> here[tile_vectors]{};
        for (int64_t i = 0; i < count; i += values)
            for (int v = 0; v < width_; ++v, packed += lanes<F>)
                store<F>(packed, packed_gradients(k + i, k + count, v, here[v]));
        for (int v = 0; v < width_; ++v) sums[v] += here[v];
    }

    // Counted in cycles, not measured.
    bool by_tiles() const {
        constexpr int64_t fewest_features = 8;
        return w.rows >= tile_factors * values && w.feature_count >= fewest_features && tiles_in_use() != TileUse::off;
    }

    // The same with products by tiles: gradients on the left, a unit a row, the features as they lie on the right. A
    // unit's sums follow each other.
    void run_by_tiles(Interruption* interruption) const {
        const int64_t wide = round_up(end_ - begin_, tile_factors);
        Buffer<F> packed(stretch / values * width_ * lanes<F>), rest(tile_factors * wide);
        Buffer<T> sums(width_ * lanes<T> * wide, T(0));
        Vec<T> bias[tile_vectors]{};
        for (int64_t k = 0; k < w.rows; k += stretch) {
            if (interruption) interruption->check();
            const int64_t count = w.rows - k < stretch ? w.rows - k : stretch;
            pack_upright(k, count, packed, bias);
            const TileScope tiles({tile_height, tile_height, tile_factors});
            const F* const* features = w.features + k / values;
            const int64_t factors = factor_count<F>(count), steps = factors / tile_factors;
            if (steps > 0)
                add_by_tiles(tiles, steps, packed, features[0] + begin_, features[1] - features[0], sums, wide);
            if (factors % tile_factors == 0) continue;
            for (int64_t i = 0; i < tile_factors; ++i) {  // what is not there has to be zero on both sides
                const int64_t at = steps * tile_factors + i;
                if (at < factors) std::memcpy(rest + i * wide, features[at] + begin_, size_t(wide) * sizeof(F));
                else std::memset(rest + i * wide, 0, size_t(wide) * sizeof(F));
            }
            add_by_tiles(tiles, 1, packed + steps * tile_factors * width_ * lanes<F>, rest, wide, sums, wide);
        }
        write(bias);
        for (int64_t row = 0; row < width_ * lanes<T> && w.weight; ++row) write_row(int(row), sums + row * wide);
    }

    // A stretch's gradients as left tiles: for every 16 factors one for each vector, 16 units of 16 factors.
    void pack_upright(int64_t k, int64_t count, F* packed, Vec<T>* sums) const {
        constexpr int64_t L = lanes<F>;
        Vec<T> here[tile_vectors]{};
        for (int64_t i = 0; i < count; i += L * values)
            for (int v = 0; v < width_; ++v, packed += L * L) {
                Vec<F> square[L];
                for (int64_t s = 0; s < L; ++s)
                    square[s] = packed_gradients(k + i + s * values, k + count, v, here[v]);
                transpose<uint32_t>(square);
                for (int64_t s = 0; s < L; ++s) store<F>(packed + s * L, square[s]);
            }
        for (int v = 0; v < width_; ++v) sums[v] += here[v];
    }

    void add_by_tiles(const TileScope& tiles, int64_t steps, const F* packed, const F* features, int64_t apart, T* sums,
                      int64_t wide) const {
        constexpr int64_t tile = tile_height * tile_factors;
        for (int64_t f = 0; f < wide; f += 2 * tile_factors)
            for (int v = 0; v < width_; v += 2)
                tiles.add({packed + v * tile, tile_factors, steps, 1, width_ * tile, features + f, apart,
                           sums + v * tile_height * wide + f, wide, v + 1 < width_, f + tile_factors < wide});
    }

    // The sums of one lane of a vector, if it is a unit.
    void write_row(int row, const T* sums) const {
        const int v = row / lanes<T>;
        const int64_t unit = (unit_ + v / w.vectors) * lanes<T> + row % lanes<T>;
        if (unit >= w.hidden) return;
        const int64_t at = (w.gates[v % w.vectors] * w.hidden + unit) * w.feature_count + begin_;
        if (!w.half) {
            std::memcpy(static_cast<T*>(w.weight) + at, sums, size_t(end_ - begin_) * sizeof(T));
            return;
        }
        for (int64_t f = 0; f < end_ - begin_; f += lanes<T>) {
            const Vec<T> rounded = (Vec<T>)rounded_to_bfloat16(load(sums + f));
            for (int64_t i = 0; i < lanes<T> && f + i < end_ - begin_; ++i)
                static_cast<BFloat16*>(w.weight)[at + f + i] = BFloat16::of(rounded[i]);
        }
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
        const int64_t n = parts(*w), part = task % n;
        const auto begin = [&](int64_t of) {  // whole vectors
            return of == n ? w->feature_count : w->feature_count * of / n / lanes<F> * lanes<F>;
        };
        WeightPanel<F>(*w, task / n, begin(part), begin(part + 1)).run(interruption);
    });
}

}  // namespace foretell
