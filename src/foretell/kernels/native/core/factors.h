// The factors of matrix products: numbers of the type of their sums, which half precision rounds to bfloat16, or where
// the processor multiplies pairs of bfloat16 such pairs.
#pragma once

#include "core/bfloat16.h"
#include "core/buffer.h"
#include "core/threads.h"

namespace foretell {

// What products of factors add up to, and how many values a factor holds.
template <class F>
struct FactorTraits {
    using Sum = F;
    static constexpr int values = 1;
};

#if defined(__AVX512BF16__)
// Two bfloat16 that follow one another, the first in the lower half; for sums in single precision.
struct Half {
    uint32_t word;
};
template <>
struct VectorOf<Half> : VectorOf<uint32_t> {};
template <>
struct FactorTraits<Half> {
    using Sum = float;
    static constexpr int values = 2;
};

inline Vec<Half> load_first(const Half* from, int count) {
    Vec<Half> v{};
    std::memcpy(&v, from, size_t(count < lanes<Half> ? count : lanes<Half>) * sizeof(Half));
    return v;
}
#else
using Half = float;
#endif

template <class F>
using SumOf = typename FactorTraits<F>::Sum;
template <class F>
constexpr int values_of = FactorTraits<F>::values;

// What numbers that are stored as S are computed with.
template <class S>
using ValueOf = std::conditional_t<std::is_same_v<S, double>, double, float>;

// How many factors hold so many values.
template <class F>
constexpr int64_t factor_count(int64_t values) {
    return (values + values_of<F> - 1) / values_of<F>;
}

inline void add_product(Vec<float>& sum, Vec<float> a, Vec<float> b) { sum += a * b; }
inline void add_product(Vec<double>& sum, Vec<double> a, Vec<double> b) { sum += a * b; }
inline void add_product(Vec<float>& sum, float a, Vec<float> b) { sum += a * b; }
inline void add_product(Vec<double>& sum, double a, Vec<double> b) { sum += a * b; }
#if defined(__AVX512BF16__)
inline void add_product(Vec<float>& sum, Vec<uint32_t> a, Vec<uint32_t> b) {
    sum = (Vec<float>)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
inline void add_product(Vec<float>& sum, Half a, Vec<uint32_t> b) { add_product(sum, broadcast(a.word), b); }
#endif

// The factors of as many vectors of values as one holds, lane by lane.
template <class F>
inline Vec<F> factors_of(const Vec<SumOf<F>>* values) {
    if constexpr (values_of<F> == 2) return two_as_bfloat16(values[0], values[1]);
    else return values[0];
}
// The same in half precision.
template <class F>
inline Vec<F> rounded_factors_of(const Vec<SumOf<F>>* values) {
    if constexpr (std::is_same_v<F, float>) return (Vec<F>)rounded_to_bfloat16(values[0]);
    else return factors_of<F>(values);
}

// A vector of factors of the first `count` values of a row; zeros beyond.
template <class F, class S>
inline Vec<F> load_factors(const S* from, int64_t count) {
    constexpr int L = lanes<F>;
    const auto part = [&](int first) {
        const int64_t left = count - first;
        return load_first(from + first, int(left < 0 ? 0 : left < L ? left : L));
    };
#if defined(__AVX512BF16__)
    if constexpr (std::is_same_v<F, Half>) return (Vec<F>)_mm512_cvtne2ps_pbh((__m512)part(L), (__m512)part(0));
    else
#endif
        return part(0);
}
#if defined(__AVX512BF16__)
template <>
inline Vec<Half> load_factors<Half>(const BFloat16* from, int64_t count) {
    Vec<Half> factors{};
    std::memcpy(&factors, from, size_t(count < 2 * lanes<Half> ? count : 2 * lanes<Half>) * sizeof(BFloat16));
    return factors;
}
#endif

// How far rows of so many factors lie apart: an odd number of vectors, so that sixteen rows do not meet in one set of a
// cache.
template <class F>
constexpr int64_t row_distance(int64_t factors) {
    return (round_up(factors, lanes<F>) / lanes<F> | 1) * lanes<F>;
}

// Rows as the left side of a product: where they lie or, in half precision, rounded into memory of their own, at equal
// distances and with one row to spare.
template <class F>
class FactorRows {
    using T = SumOf<F>;

  public:
    FactorRows(int64_t rows, int64_t most_values, bool rounds)
        : rounds_(rounds), width_(row_distance<F>(factor_count<F>(most_values))), rows_(rows),
          memory_(rounds ? (rows + 1) * width_ : 0) {}

    void set(int64_t row, const T* from, int64_t values) {
        if (rounds_) round(row, reinterpret_cast<const Rounded*>(from), values);
        else if constexpr (std::is_same_v<F, T>) rows_[row] = from;
    }
    operator const F* const*() const { return rows_; }

  private:
    void round(int64_t row, const Rounded* from, int64_t values) {
        F* const to = memory_ + row * width_;
        rows_[row] = to;
        if constexpr (std::is_same_v<T, float>)
            for (int64_t k = 0; k < values; k += lanes<F> * values_of<F>)
                store<F>(to + k / values_of<F>, load_factors<F>(from + k, values - k));
    }

    const bool rounds_;
    const int64_t width_;
    Buffer<const F*> rows_;
    Buffer<F> memory_;
};

// Rows as the depth of a product, one below the other: where they lie or, in half precision, as many in one as a factor
// holds values, rounded, in `memory`, in whole vectors and at equal distances.
template <class F>
class FactorColumns {
    using T = SumOf<F>;

  public:
    // How many factors there must be room for.
    static int64_t size(int64_t rows, int64_t width, bool rounds) {
        return rounds ? factor_count<F>(rows) * row_distance<F>(width) : 0;
    }

    FactorColumns(const T* const* rows, int64_t count, int64_t width, bool rounds, F* memory, int64_t threads) {
        if (rounds) round(rows, count, width, memory, threads);
        else if constexpr (std::is_same_v<F, T>) rows_ = rows;
    }
    operator const F* const*() const { return rows_; }

  private:
    void round(const T* const* rows, int64_t count, int64_t width, F* memory, int64_t threads) {
        constexpr int64_t values = values_of<F>, few = 64;
        const int64_t depth = factor_count<F>(count), apart = row_distance<F>(width);
        made_ = Buffer<const F*>(depth);
        rows_ = made_;
        parallel((depth + few - 1) / few, threads, [&](int64_t part) {
            for (int64_t k = part * few; k < depth && k < (part + 1) * few; ++k) {
                made_[k] = memory + k * apart;
                for (int64_t at = 0; at < width; at += lanes<F>) {
                    Vec<T> stacked[values];
                    for (int64_t i = 0; i < values; ++i)
                        stacked[i] = k * values + i < count ? load_first(rows[k * values + i] + at, int(width - at))
                                                            : Vec<T>{};
                    store<F>(memory + k * apart + at, rounded_factors_of<F>(stacked));
                }
            }
        });
    }

    const F* const* rows_ = nullptr;
    Buffer<const F*> made_;
};

}  // namespace foretell
