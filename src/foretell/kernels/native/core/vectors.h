// Vectors of the widest kind that the instruction set has, by the compiler's own extensions, and the two functions
// that every gate needs.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace foretell {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
constexpr int vector_registers = 32;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
constexpr int vector_registers = 16;
#else
constexpr int vector_bytes = 16;
#if defined(__aarch64__)
constexpr int vector_registers = 32;
#else
constexpr int vector_registers = 16;
#endif
#endif

template <class T>
constexpr int lanes = vector_bytes / int(sizeof(T));

template <class T>
struct VectorOf {
    typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

template <class T>
inline Vec<T> load(const T* from) {
    Vec<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
inline void store(T* to, Vec<T> v) {
    std::memcpy(to, &v, sizeof v);
}

// The first `count` values; zeros beyond.
template <class T>
inline Vec<T> load_first(const T* from, int count) {
    if (count >= lanes<T>) return load(from);
    Vec<T> v{};
    for (int i = 0; i < count; ++i) v[i] = from[i];
    return v;
}

template <class T>
inline void store_first(T* to, Vec<T> v, int count) {
    if (count >= lanes<T>) return store(to, v);
    for (int i = 0; i < count; ++i) to[i] = v[i];
}

// Zeros but for the first `count` values, whatever stood there.
template <class T>
inline Vec<T> first_only(Vec<T> v, int count) {
    Vec<BitsOf<T>> kept{};
    for (int i = 0; i < count && i < lanes<T>; ++i) kept[i] = -1;
    return (Vec<T>)((Vec<BitsOf<T>>)v & kept);
}

template <class T>
inline Vec<T> broadcast(T value) {
    return Vec<T>{} + value;
}

template <class T>
inline T sum(Vec<T> v) {
    T part[lanes<T>];
    std::memcpy(part, &v, sizeof v);
#pragma GCC unroll 8
    for (int half = lanes<T> / 2; half; half /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < half; ++i) part[i] += part[i + half];
    return part[0];
}

// A square of `lanes` rows, mirrored at its diagonal: in blocks of 1, 2, 4, ... the two off the diagonal change places.
template <class T>
inline void transpose(Vec<T>* rows) {
    constexpr int L = lanes<T>;
#if defined(__clang__)
    for (int i = 0; i < L; ++i)
        for (int j = 0; j < i; ++j) {
            const T above = rows[j][i];
            rows[j][i] = rows[i][j];
            rows[i][j] = above;
        }
#else
#pragma GCC unroll 8
    for (int size = 1; size < L; size *= 2) {
        Vec<BitsOf<T>> upper, lower;
#pragma GCC unroll 16
        for (int e = 0; e < L; ++e) {
            upper[e] = e & size ? L + e - size : e;
            lower[e] = e & size ? L + e : e + size;
        }
#pragma GCC unroll 16
        for (int i = 0; i < L; ++i) {
            if (i & size) continue;
            const Vec<T> a = rows[i], b = rows[i + size];
            rows[i] = __builtin_shuffle(a, b, upper);
            rows[i + size] = __builtin_shuffle(a, b, lower);
        }
    }
#endif
}

// a / b for finite b of at least 1, which is what the gates divide by. On AVX-512 in single precision: an estimate of
// 14 bits, one Newton step, and the remainder of the quotient; right to the last bit or so, in half a division's time.
inline Vec<float> quotient(Vec<float> a, Vec<float> b) {
#if defined(__AVX512F__)
    const Vec<float> estimate = (Vec<float>)_mm512_maskz_rcp14_ps(__mmask16(-1), (__m512)b);
    const Vec<float> inverse = estimate + estimate * (1.0f - b * estimate);
    const Vec<float> q = a * inverse;
    return q + inverse * (a - q * b);
#else
    return a / b;
#endif
}

inline Vec<double> quotient(Vec<double> a, Vec<double> b) { return a / b; }

// exp(x) = 2^n (1 + p(r)), where x = n ln 2 + r, |r| <= ln(2) / 2, and p is a Taylor polynomial of exp(r) - 1.
template <class T>
struct Exponential {
    Vec<T> power, less_one;  // 2^n and exp(r) - 1
};

template <class T>
struct Reduced {
    Vec<T> power, rest;  // 2^n and r
};

// Adding `magic` rounds to whole numbers, and leaves n in the low bits.
template <class T>
inline Reduced<T> reduce(Vec<T> x, T magic, int mantissa, T ln2_high, T ln2_low, BitsOf<T> one) {
    const Vec<T> shifted = x * T(1.44269504088896340736) + magic;
    const Vec<T> n = shifted - magic;
    const Vec<BitsOf<T>> bits = ((Vec<BitsOf<T>>)shifted << mantissa) + one;
    return {(Vec<T>)bits, (x - n * ln2_high) - n * ln2_low};
}

inline Exponential<float> exponential(Vec<float> x) {
    const auto [power, r] = reduce<float>(x, 12582912.0f, 23, 0.693359375f, -2.12194440e-4f, 0x3f800000);
    Vec<float> p = r * (1.0f / 5040) + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    return {power, p * (r * r) + r};
}

inline Exponential<double> exponential(Vec<double> x) {
    const auto [power, r] = reduce<double>(x, 6755399441055744.0, 52, 0.693147180369123816490,
                                           1.90821492927058770002e-10, 0x3ff0000000000000);
    constexpr double coefficients[] = {
        1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
        1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
    Vec<double> p = r * (1.0 / 6227020800) + coefficients[0];
#pragma GCC unroll 16
    for (int i = 1; i < 11; ++i) p = p * r + coefficients[i];
    return {power, p * (r * r) + r};
}

// Comparisons with NaN are false, so that NaN passes through.
template <class T>
inline Vec<T> clamp(Vec<T> x, T bound) {
    x = x < -bound ? broadcast<T>(-bound) : x;
    return x > bound ? broadcast<T>(bound) : x;
}

template <class T>
inline Vec<T> sigmoid(Vec<T> x) {
    const auto e = exponential(clamp<T>(-x, sizeof(T) == 4 ? 87 : 708));
    return quotient(broadcast<T>(1), e.power * e.less_one + e.power + T(1));
}

// tanh(x) = (exp(2|x|) - 1) / (exp(2|x|) + 1) with the sign of x; exp(2|x|) - 1 is kept exact near 0.
template <class T>
inline Vec<T> tanh(Vec<T> x) {
    using Bits = Vec<BitsOf<T>>;
    const Bits sign = (Bits)x & (Bits{} + std::numeric_limits<BitsOf<T>>::min());
    const auto e = exponential(clamp<T>((Vec<T>)((Bits)(x + x) ^ sign), sizeof(T) == 4 ? 20 : 44));
    const Vec<T> less_one = e.power * e.less_one + (e.power - T(1));
    return (Vec<T>)((Bits)quotient(less_one, less_one + T(2)) | sign);
}

}  // namespace foretell
