// The activations of gates: in the precision of the sums or, where products are in half precision, quicker ones.
#pragma once

#include "core/factors.h"

namespace foretell {

template <class T>
struct ExactActivations {
    static Vec<T> sigmoid(Vec<T> x) { return foretell::sigmoid<T>(x); }
    static Vec<T> tanh(Vec<T> x) { return foretell::tanh<T>(x); }
};

#if defined(__AVX512BF16__)
// Right to 17 bits, where bfloat16 keeps 8, in half as many instructions. They saturate, and NaN passes through.
struct QuickActivations {
    static Vec<float> sigmoid(Vec<float> x) {
        const auto e = exponential(-x);
        return quotient(broadcast(1.0f), e.power * e.less_one + e.power + 1.0f);
    }
    static Vec<float> tanh(Vec<float> x) {
        using Bits = Vec<int32_t>;
        const Bits sign = (Bits)x & (Bits{} + std::numeric_limits<int32_t>::min());
        const auto e = exponential((Vec<float>)((Bits)(x + x) ^ sign));
        const Vec<float> less_one = e.power * e.less_one + (e.power - 1.0f);
        return (Vec<float>)((Bits)quotient(less_one, less_one + 2.0f) | sign);
    }

  private:
    static Exponential<float> exponential(Vec<float> x) {
        constexpr __mmask16 all(-1);  // the intrinsics without a mask make GCC warn of their own insides
        const __m512 bound = _mm512_set1_ps(60), log2_e = _mm512_set1_ps(1.44269504088896340736f);
        const __m512 below = _mm512_maskz_min_ps(all, bound, (__m512)x);
        const __m512 bounded = _mm512_maskz_max_ps(all, -bound, below);
        const __m512 n =
            _mm512_maskz_roundscale_ps(all, bounded * log2_e, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        const Vec<float> r = (Vec<float>)bounded - (Vec<float>)n * 0.693147180559945309417f;
        Vec<float> p = r * (1.0f / 120) + 1.0f / 24;
        p = p * r + 1.0f / 6;
        p = p * r + 0.5f;
        return {(Vec<float>)_mm512_maskz_scalef_ps(all, _mm512_set1_ps(1), n), p * (r * r) + r};
    }
    static Vec<float> quotient(Vec<float> a, Vec<float> b) {
        const auto estimate = (Vec<float>)_mm512_maskz_rcp14_ps(__mmask16(-1), (__m512)b);
        return a * (estimate + estimate * (1.0f - b * estimate));
    }
};
#endif

// Those of a scan whose products have such factors.
template <class F>
struct ActivationsOf : ExactActivations<F> {};
#if defined(__AVX512BF16__)
template <>
struct ActivationsOf<Half> : QuickActivations {};
#endif

}  // namespace foretell
