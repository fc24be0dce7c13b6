// The factors of matrix products: numbers of the type of their sums or, in half precision, bfloat16.
#pragma once

#include "core/bfloat16.h"
#include "core/buffer.h"
#include "core/threads.h"

namespace foretell {

// A factor in half precision, for sums in single precision. Where the processor multiplies pairs of bfloat16 it holds
// two values that follow one another, the first in the lower half; elsewhere one, as a float.
struct Half {
#if defined(__AVX512BF16__)
    static constexpr int values = 2;
    using Word = uint32_t;
#else
    static constexpr int values = 1;
    using Word = float;
#endif
    Word word;
};
template <>
struct VectorOf<Half> : VectorOf<Half::Word> {};

inline Vec<Half> load_first(const Half* from, int count) {
    Vec<Half> v{};
    std::memcpy(&v, from, size_t(count < lanes<Half> ? count : lanes<Half>) * sizeof(Half));
    return v;
}

// What products of factors add up to, and how many values a factor holds.
template <class F>
struct FactorTraits {
    using Sum = F;
    static constexpr int values = 1;
};
template <>
struct FactorTraits<Half> {
    using Sum = float;
    static constexpr int values = Half::values;
};
template <class F>
using SumOf = typename FactorTraits<F>::Sum;
template <class F>
constexpr int values_of = FactorTraits<F>::values;

// What numbers that are stored as S are computed with.
template <class S>
using ValueOf = std::conditional_t<std::is_same_v<S, BFloat16>, float, S>;

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
#else
inline void add_product(Vec<float>& sum, Half a, Vec<float> b) { sum += a.word * b; }
#endif

// The factors of as many vectors of values as one holds, lane by lane.
template <class F>
inline Vec<F> factors_of(const Vec<SumOf<F>>* values) {
    if constexpr (std::is_same_v<F, SumOf<F>>) return values[0];
    else if constexpr (values_of<F> == 2) return two_as_bfloat16(values[0], values[1]);
    else return (Vec<F>)rounded_to_bfloat16(values[0]);
}

// A vector of factors of the first `count` values of a row; zeros beyond.
template <class F>
inline Vec<F> load_factors(const SumOf<F>* from, int64_t count) {
    constexpr int L = lanes<F>;
    const auto part = [&](int first) {
        const int64_t left = count - first;
        return load_first(from + first, int(left < 0 ? 0 : left < L ? left : L));
    };
    if constexpr (std::is_same_v<F, SumOf<F>>) return part(0);
#if defined(__AVX512BF16__)
    else return (Vec<F>)_mm512_cvtne2ps_pbh((__m512)part(L), (__m512)part(0));
#else
    else return (Vec<F>)rounded_to_bfloat16(part(0));
#endif
}

// The same of a row of bfloat16.
template <class F>
inline Vec<Half> load_factors(const BFloat16* from, int64_t count) {
    constexpr int most = lanes<Half> * Half::values;
    const int here = int(count < most ? count : most);
#if defined(__AVX512BF16__)
    Vec<Half> factors{};
    std::memcpy(&factors, from, size_t(here) * sizeof(BFloat16));
    return factors;
#else
    return load_first(from, here);
#endif
}

// Rows as the left side of a product: where they lie, or rounded into memory of their own.
template <class F>
class FactorRows {
    using T = SumOf<F>;
    static constexpr bool rounds = !std::is_same_v<F, T>;

  public:
    FactorRows(int64_t rows, int64_t most_values)
        : width_(round_up(factor_count<F>(most_values), lanes<F>)), rows_(rows), memory_(rounds ? rows * width_ : 0) {}

    void set(int64_t row, const T* from, int64_t values) {
        if constexpr (rounds) {
            F* const to = memory_ + row * width_;
            rows_[row] = to;
            for (int64_t k = 0; k < values; k += lanes<F> * values_of<F>)
                store(to + k / values_of<F>, load_factors<F>(from + k, values - k));
        } else {
            rows_[row] = from;
        }
    }
    operator const F* const*() const { return rows_; }

  private:
    const int64_t width_;
    Buffer<const F*> rows_;
    Buffer<F> memory_;
};

// Rows as the depth of a product, one below the other: where they lie, or as many in one as a factor holds values,
// rounded, in `memory`.
template <class F>
class FactorColumns {
    using T = SumOf<F>;

  public:
    // How many factors there must be room for.
    static int64_t size(int64_t rows, int64_t width) {
        return std::is_same_v<F, T> ? 0 : factor_count<F>(rows) * round_up(width, lanes<F>);
    }

    FactorColumns(const T* const* rows, int64_t count, int64_t width, F* memory, int64_t threads) {
        if constexpr (std::is_same_v<F, T>) {
            rows_ = rows;
        } else {
            constexpr int64_t values = values_of<F>, few = 64;
            const int64_t depth = factor_count<F>(count), apart = round_up(width, lanes<F>);
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
                        store(memory + k * apart + at, factors_of<F>(stacked));
                    }
                }
            });
        }
    }
    operator const F* const*() const { return rows_; }

  private:
    const F* const* rows_;
    Buffer<const F*> made_;
};

}  // namespace foretell
