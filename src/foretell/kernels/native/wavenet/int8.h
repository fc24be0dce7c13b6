// Matrices of eight bits, with a scale for each output channel, and their product with rows of 16 bits. Sums of
// products are whole numbers of 32 bits, and exact: they are the same in any order and on any machine.
// `wavenet_int8.py` says the same in torch.
#pragma once

#include "wavenet/matrix.h"
#include "wavenet/rows.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace foretell {

// Two neighbouring depths of a column lie side by side, as the product of pairs takes them.
template <class Channel>
Matrix<Int8> pack(Int8* to, float* scales, int64_t depth, int64_t vectors, const Convolution& from, Channel channel) {
    for (int64_t n = 0; n < vectors * vector_floats; ++n)
        scales[n] = channel(n) < 0 ? 0 : from.greatest(channel(n)) / 127;
    const Matrix<Int8> matrix{to, depth, vectors, scales};
    for (int64_t panel = 0; panel < matrix.panels(); ++panel)
        for (int64_t pair = 0; pair < depth; pair += 2)
            for (int64_t i = 0; i < matrix.in(panel) * vector_floats; ++i)
                for (int64_t k = pair; k < pair + 2; ++k, ++to) {
                    const int64_t n = panel * panel_vectors * vector_floats + i;
                    const bool some = k < from.inputs && scales[n] > 0 && std::isfinite(scales[n]);
                    to->value = some ? int8_t(std::nearbyint(from.at(k, channel(n)) / scales[n])) : int8_t(0);
                }
    return matrix;
}

inline Vec<int16_t> load_pairs(const Int8* from) {
#if defined(__AVX512F__)
    return (Vec<int16_t>)_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__AVX2__)
    return (Vec<int16_t>)_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
    typedef int8_t Half __attribute__((vector_size(vector_bytes / 2)));
    Half half;
    std::memcpy(&half, from, sizeof half);
    return __builtin_convertvector(half, Vec<int16_t>);
#endif
}

// Whether one instruction multiplies pairs and adds them to the sums (AVX-512 VNNI).
#if defined(__AVX512F__) && !defined(__clang__)
inline const bool has_pair_sums = __builtin_cpu_supports("avx512vnni");
#else
constexpr bool has_pair_sums = false;
#endif

// sums[i] += a[2i] * b[2i] + a[2i + 1] * b[2i + 1].
template <bool pair_sums>
inline void add_pairs(Vec<int32_t>& sums, Vec<int16_t> a, Vec<int16_t> b) {
#if defined(__AVX512F__)
#if !defined(__clang__)
    // Written out, since this library must run where the instruction is missing.
    if constexpr (pair_sums) {
        asm("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(a), "vm"(b));
        return;
    }
#endif
    sums += (Vec<int32_t>)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    sums += (Vec<int32_t>)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    sums += (Vec<int32_t>)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    // The element of a pair that comes first lies in a word's lower half.
    const Vec<int32_t> x = (Vec<int32_t>)a, y = (Vec<int32_t>)b;
    sums += (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16);
#endif
}

// sums[r][v] = sum over k of rows[r][k] * weights[k][v]. C chains of sums hide the latency where there are few of them.
template <bool pair_sums, int R, int V, int C>
[[gnu::noinline]] void tile_of_pairs(const Rows<Int8>::Row* rows, int64_t depth, const Int8* weights, int64_t stride,
                                     Vec<int32_t>* sums) {
    Vec<int32_t> parts[C][R][V] = {};
    for (int64_t k = 0; k < depth; k += 2 * C)
#pragma GCC unroll 2
        for (int c = 0; c < C; ++c) {
            Vec<int16_t> w[V];
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) w[v] = load_pairs(weights + 2 * v * vector_floats);
            weights += 2 * stride;
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                int32_t pair;
                std::memcpy(&pair, rows[r].values + k + 2 * c, sizeof pair);
                const Vec<int16_t> x = (Vec<int16_t>)broadcast(pair);
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) add_pairs<pair_sums>(parts[c][r][v], w[v], x);
            }
        }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sums[r * V + v] = C == 2 ? parts[0][r][v] + parts[C - 1][r][v] : parts[0][r][v];
}

using TileOfPairs = void (*)(const Rows<Int8>::Row*, int64_t, const Int8*, int64_t, Vec<int32_t>*);

template <bool pair_sums, int V>
inline TileOfPairs tile_of_pairs_for(int rows) {
    static constexpr TileOfPairs tiles[] = {tile_of_pairs < pair_sums,
                                            1,
                                            V,
                                            V <= 4 ? 2 : 1 >,
                                            tile_of_pairs<pair_sums, 2, V, 1>,
                                            tile_of_pairs<pair_sums, 3, V, 1>,
                                            tile_of_pairs<pair_sums, 4, V, 1>,
                                            tile_of_pairs<pair_sums, 5, V, 1>,
                                            tile_of_pairs<pair_sums, 6, V, 1>};
    return tiles[rows - 1];
}

template <bool pair_sums>
inline TileOfPairs tile_of_pairs_for(int rows, int vectors) {
    switch (vectors) {
        case 8: return tile_of_pairs<pair_sums, 1, 8, 1>;
        case 6: return tile_of_pairs<pair_sums, 1, 6, 1>;
        case 4: return tile_of_pairs_for<pair_sums, 4>(rows);
        default: return tile_of_pairs_for<pair_sums, 2>(rows);
    }
}

// The product of matrix.h, its whole numbers times the two scales added to what `start` sets.
template <class Start, class Finish>
inline void multiply_panel(const Rows<Int8>::Row* rows, int64_t count, bool, const Matrix<Int8>& matrix, int64_t panel,
                           Start start, Finish finish) {
    const int vectors = matrix.in(panel), first = int(panel) * panel_vectors;
    const int64_t stride = vectors * vector_floats;
    const float* const scales = matrix.scales + first * vector_floats;
    const int widest = count == 1 ? panel_vectors : 4;
    for (int v = 0, width; v < vectors; v += width) {
        width = vectors - v < widest ? (count == 1 ? vectors : 2) : widest;
        const int64_t tiles = (count + most_rows - 1) / most_rows;
        for (int64_t i = 0, row = 0; i < tiles; ++i) {
            const int height = int((count - row + tiles - i - 1) / (tiles - i));
            Vec<int32_t> whole[most_rows * panel_vectors];
            const auto tile =
                has_pair_sums ? tile_of_pairs_for<true>(height, width) : tile_of_pairs_for<false>(height, width);
            tile(rows + row, matrix.depth, matrix.at(panel) + 2 * v * vector_floats, stride, whole);
            for (int r = 0; r < height; ++r) {
                Vec<float> sums[panel_vectors];
                start(row + r, first + v, width, sums);
                for (int j = 0; j < width; ++j)
                    sums[j] += __builtin_convertvector(whole[r * width + j], Vec<float>) *
                               (load(scales + (v + j) * vector_floats) * rows[row + r].scale);
                finish(row + r, first + v, width, sums);
            }
            row += height;
        }
    }
}

}  // namespace foretell
