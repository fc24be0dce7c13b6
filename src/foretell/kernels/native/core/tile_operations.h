// The few things that one can do with tiles: by the processor's instructions, and by a program that does exactly what
// Intel's manual says they do, for tests on processors that have none.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace foretell {

// What LDTILECFG reads.
struct alignas(64) TileConfiguration {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};

    void set(int tile, int height, int width) {
        rows[tile] = uint8_t(height);
        row_bytes[tile] = uint16_t(height ? width : 0);  // both or neither
    }
};
static_assert(sizeof(TileConfiguration) == 64);

#if defined(FORETELL_TILE_INSTRUCTIONS)
// Written as instructions, since compilers' own functions for them do not all say that they read and write memory.
struct ProcessorTiles {
    static void configure(const TileConfiguration& configuration) {
        asm volatile("ldtilecfg %0" ::"m"(configuration) : "memory");
    }
    static void release() { asm volatile("tilerelease" ::: "memory"); }
    template <int tile>
    static void load(const void* from, int64_t stride) {
        asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(tile) : "memory");
    }
    template <int tile>
    static void store(void* to, int64_t stride) {
        asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(tile) : "memory");
    }
    // sums += left * right.
    template <int sums, int left, int right>
    static void multiply() {
        asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sums), "i"(left), "i"(right));
    }
};
#endif

// A thread's tiles in memory. Where the processor would refuse an instruction, so does this.
class EmulatedTiles {
  public:
    static void configure(const TileConfiguration& c) {
        bool right = c.palette == 1 && c.start_row == 0;
        for (const uint8_t byte : c.reserved) right = right && byte == 0;
        for (int t = 0; t < 16; ++t) {
            const int most_rows = t < count ? 16 : 0, most_bytes = t < count ? 64 : 0;
            right = right && c.rows[t] <= most_rows && c.row_bytes[t] <= most_bytes &&
                    (c.rows[t] == 0) == (c.row_bytes[t] == 0);
        }
        refuse_unless(right);
        State& s = state();
        s = {};
        s.configured = true;
        for (int t = 0; t < count; ++t) s.rows[t] = c.rows[t], s.row_bytes[t] = c.row_bytes[t];
    }
    static void release() { state() = {}; }

    template <int tile>
    static void load(const void* from, int64_t stride) {
        load(tile, from, stride);
    }
    template <int tile>
    static void store(void* to, int64_t stride) {
        store(tile, to, stride);
    }
    template <int sums, int left, int right>
    static void multiply() {
        multiply(sums, left, right);
    }

    static void load(int tile, const void* from, int64_t stride) {
        State& s = checked(tile);
        std::memset(s.data[tile], 0, sizeof s.data[tile]);
        for (int r = 0; r < s.rows[tile]; ++r)
            std::memcpy(s.data[tile][r], static_cast<const char*>(from) + r * stride, s.row_bytes[tile]);
    }
    static void store(int tile, void* to, int64_t stride) {
        const State& s = checked(tile);
        for (int r = 0; r < s.rows[tile]; ++r)
            std::memcpy(static_cast<char*>(to) + r * stride, s.data[tile][r], s.row_bytes[tile]);
    }
    // TDPBF16PS: even and odd values of a row are summed apart, each product fused into its sum; then both together are
    // added to what was there. Subnormal numbers are zero, read or computed; rounding is to the nearest, ties to even.
    static void multiply(int sums, int left, int right) {
        State& s = checked(sums);
        refuse_unless(sums != left && sums != right && left != right && s.rows[left] && s.rows[right] &&
                      s.rows[sums] == s.rows[left] && s.row_bytes[sums] == s.row_bytes[right] &&
                      s.row_bytes[left] == 4 * s.rows[right] && s.row_bytes[sums] % 4 == 0);
        const int depth = s.rows[right], columns = s.row_bytes[sums] / 4;
        for (int r = 0; r < s.rows[sums]; ++r) {
            float even[16] = {}, odd[16] = {};
            for (int k = 0; k < depth; ++k) {
                const uint32_t a = s.data[left][r][k];
                for (int c = 0; c < columns; ++c) {
                    const uint32_t b = s.data[right][k][c];
                    even[c] = flushed(std::fma(lower_half(a), lower_half(b), even[c]));
                    odd[c] = flushed(std::fma(upper_half(a), upper_half(b), odd[c]));
                }
            }
            for (int c = 0; c < columns; ++c) {
                float sum = value(s.data[sums][r][c]);
                sum = flushed(flushed(sum) + flushed(even[c] + odd[c]));
                std::memcpy(&s.data[sums][r][c], &sum, sizeof sum);
            }
        }
    }

  private:
    static constexpr int count = 8;
    struct State {
        bool configured = false;
        int rows[count] = {}, row_bytes[count] = {};
        uint32_t data[count][16][16] = {};
    };
    static State& state() {
        static thread_local State here;
        return here;
    }
    static State& checked(int tile) {
        refuse_unless(state().configured && state().rows[tile]);
        return state();
    }
    static void refuse_unless(bool right) {
        if (!right) __builtin_trap();
    }
    static float value(uint32_t bits) {
        float v;
        std::memcpy(&v, &bits, sizeof v);
        return v;
    }
    static float flushed(float v) {
        return std::fabs(v) < std::numeric_limits<float>::min() ? std::copysign(0.0f, v) : v;
    }
    static float lower_half(uint32_t pair) { return flushed(value(pair << 16)); }
    static float upper_half(uint32_t pair) { return flushed(value(pair & 0xffff0000)); }
};

}  // namespace foretell
