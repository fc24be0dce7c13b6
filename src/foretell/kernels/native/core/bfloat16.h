// Single precision rounded to bfloat16, its upper half.
#pragma once

#include "core/vectors.h"

namespace foretell {

// In the upper halves of the words; to the nearest, ties to even.
inline Vec<uint32_t> rounded_to_bfloat16(Vec<float> v) {
    const auto bits = (Vec<uint32_t>)v, rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (v != v ? bits | 0x400000 : rounded) & 0xffff0000;  // rounding could carry a NaN over to zero
}

// A number as it is stored.
struct BFloat16 {
    uint16_t bits;

    // Of a value that is rounded already.
    static BFloat16 of(float value) {
        uint32_t word;
        std::memcpy(&word, &value, sizeof word);
        return {uint16_t(word >> 16)};
    }
    operator float() const {
        const uint32_t word = uint32_t(bits) << 16;
        float value;
        std::memcpy(&value, &word, sizeof value);
        return value;
    }
};

// The first `count` values; zeros beyond.
inline Vec<float> load_first(const BFloat16* from, int count) {
    typedef uint16_t Bits __attribute__((vector_size(vector_bytes / 2)));
    Bits bits{};
    if (count >= lanes<float>) std::memcpy(&bits, from, sizeof bits);
    else
        for (int i = 0; i < count; ++i) bits[i] = from[i].bits;
    return (Vec<float>)(__builtin_convertvector(bits, Vec<uint32_t>) << 16);
}

// A number in single precision of which a product takes what bfloat16 holds.
struct Rounded {
    float value;
    operator float() const;
};
inline Vec<float> load_first(const Rounded* from, int count) {
    const Vec<float> values = load_first(&from->value, count);
#if defined(__AVX512BF16__)
    return values;  // rounded by the instruction that makes a factor of two
#else
    return (Vec<float>)rounded_to_bfloat16(values);
#endif
}
inline Rounded::operator float() const { return load_first(this, 1)[0]; }

// Two vectors in one, lane by lane: the first in the lower halves.
inline Vec<uint32_t> two_as_bfloat16(Vec<float> first, Vec<float> second) {
#if defined(__AVX512BF16__)
    const auto widened = [](Vec<float> v) {
        return (Vec<uint32_t>)_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)v));
    };
    return widened(first) | widened(second) << 16;
#else
    return rounded_to_bfloat16(first) >> 16 | rounded_to_bfloat16(second);
#endif
}

}  // namespace foretell
