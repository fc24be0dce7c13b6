// Rows of activations in the form in which a product reads them: single precision as they are, or, for weights of eight
// bits, whole numbers of 16 bits with a scale of the row's own.
#pragma once

#include "core/buffer.h"
#include "core/scratch.h"
#include "core/vectors.h"

namespace foretell {

struct Int8 {
    int8_t value;
};

// `count` rows of `width` values, of which `inputs` can differ from zero. They begin as zeros.
template <class W>
class Rows {
  public:
    using Row = const float*;

    Rows(int64_t count, int64_t width, int64_t) : width_(width), values_(count * width) {}

    Row at(int64_t i) const { return values_ + i * width_; }
    // Where the values of rows from i on are best put together before they are set: in place, or in the room given.
    float* before_set(int64_t i, float*) const { return values_ + i * width_; }
    void set(int64_t i, const float* from) const {
        float* const to = values_ + i * width_;
        if (to == from) return;
        for (int64_t k = 0; k < width_; k += lanes<float>) store(to + k, load(from + k));
    }

  private:
    int64_t width_;
    PagedArray<float> values_;
};

inline int32_t greatest(Vec<int32_t> v) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_epi32((__m512i)v);
#else
    int32_t found = v[0];
    for (int i = 1; i < lanes<int32_t>; ++i) found = v[i] > found ? v[i] : found;
    return found;
#endif
}

// How many bits the magnitudes of activations have, so that a sum over `inputs` products with weights of magnitudes up
// to 127 fits 32 bits.
inline int activation_bits(int64_t inputs) {
    int bits = 14;
    while (bits > 0 && inputs << bits > int64_t(1) << 24) --bits;
    return bits;
}

// A row is a power of two times whole numbers, rounded to the nearest, ties to even: the greatest magnitude takes all
// of the bits. The scale of a row that is not finite is NaN, and so is then all that comes of it.
template <>
class Rows<Int8> {
  public:
    struct Row {
        const int16_t* values;
        float scale;
    };

    Rows(int64_t count, int64_t width, int64_t inputs)
        : width_(width), bits_(activation_bits(inputs)), values_(count * width), scales_(count) {}

    Row at(int64_t i) const { return {values_ + i * width_, scales_[i]}; }
    float* before_set(int64_t, float* room) const { return room; }
    void set(int64_t i, const float* from) const {
        constexpr int L = lanes<float>;
        typedef int16_t Half __attribute__((vector_size(L * sizeof(int16_t))));
        constexpr int32_t infinite = 255, most = 253;
        Vec<int32_t> magnitudes{};
        for (int64_t k = 0; k < width_; k += L) {
            const Vec<int32_t> one = (Vec<int32_t>)load(from + k) & 0x7fffffff;
            magnitudes = one > magnitudes ? one : magnitudes;
        }
        const int32_t exponent = greatest(magnitudes) >> 23;
        const int32_t wanted = bits_ + 253 - exponent, power = wanted < most ? wanted : most;
        const float factor = exponent == infinite ? 0 : from_bits(power << 23);
        scales_[i] = exponent == infinite ? std::numeric_limits<float>::quiet_NaN() : from_bits((254 - power) << 23);
        // The sum's last bits are the rounded number.
        constexpr float rounding = 12582912.0f;
        for (int64_t k = 0; k < width_; k += L) {
            const Half rounded = __builtin_convertvector((Vec<int32_t>)(load(from + k) * factor + rounding), Half);
            std::memcpy(values_ + i * width_ + k, &rounded, sizeof rounded);
        }
    }

  private:
    static float from_bits(int32_t bits) {
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    int64_t width_;
    int bits_;
    PagedArray<int16_t> values_;
    PagedArray<float> scales_;
};

}  // namespace foretell
