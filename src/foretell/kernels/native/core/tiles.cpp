// Products by tiles, and whether this machine lets one use them. In the library of half precision alone.
#if defined(__AVX512BF16__)
#include "core/tiles.h"

#include <atomic>
#include <random>
#include <vector>

#include "core/bfloat16.h"
#include "core/exports.h"
#include "core/tile_operations.h"

#if defined(FORETELL_TILE_INSTRUCTIONS) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace foretell {

namespace {

std::atomic<TileUse> in_use{TileUse::off};

// Of the eight tiles four hold sums and two each side of the products: a loaded tile meets two others.
enum Register {
    upper_sums,
    upper_sums_right,
    lower_sums,
    lower_sums_right,
    upper,
    lower,
    first_columns,
    further_columns
};
constexpr int64_t word = 4;  // bytes of a sum, and of a factor

TileConfiguration configuration(const TileShape& shape) {
    TileConfiguration c;
    for (const int t : {upper_sums, upper_sums_right}) c.set(t, shape.upper, tile_factors * word);
    for (const int t : {lower_sums, lower_sums_right}) c.set(t, shape.lower, tile_factors * word);
    c.set(upper, shape.upper, shape.depth * word);
    c.set(lower, shape.lower, shape.depth * word);
    for (const int t : {first_columns, further_columns}) c.set(t, shape.depth, tile_factors * word);
    return c;
}

template <class By, bool has_lower, bool wide>
void add(const TileShape& shape, const TileBlock& b) {
    const int64_t sums_row = b.sums_row * word, left_row = b.left_row * word, right_row = b.right_row * word;
    constexpr int64_t right_tile = tile_factors * word;
    char* const sums = reinterpret_cast<char*>(b.sums);
    const char *left = static_cast<const char*>(b.left), *right = static_cast<const char*>(b.right);
    By::template load<upper_sums>(sums, sums_row);
    if (wide) By::template load<upper_sums_right>(sums + right_tile, sums_row);
    if (has_lower) By::template load<lower_sums>(sums + shape.upper * sums_row, sums_row);
    if (has_lower && wide) By::template load<lower_sums_right>(sums + shape.upper * sums_row + right_tile, sums_row);
    for (int64_t piece = 0; piece < b.pieces; ++piece, left += b.piece * word)
        for (int64_t step = 0; step < b.steps; ++step, right += shape.depth * right_row) {
            const char* const from = left + step * shape.depth * word;
            By::template load<upper>(from, left_row);
            By::template load<first_columns>(right, right_row);
            By::template multiply<upper_sums, upper, first_columns>();
            if (wide) By::template load<further_columns>(right + right_tile, right_row);
            if (wide) By::template multiply<upper_sums_right, upper, further_columns>();
            if (has_lower) By::template load<lower>(from + shape.upper * left_row, left_row);
            if (has_lower) By::template multiply<lower_sums, lower, first_columns>();
            if (has_lower && wide) By::template multiply<lower_sums_right, lower, further_columns>();
        }
    By::template store<upper_sums>(sums, sums_row);
    if (wide) By::template store<upper_sums_right>(sums + right_tile, sums_row);
    if (has_lower) By::template store<lower_sums>(sums + shape.upper * sums_row, sums_row);
    if (has_lower && wide) By::template store<lower_sums_right>(sums + shape.upper * sums_row + right_tile, sums_row);
}

template <class By>
void add(const TileShape& shape, const TileBlock& b) {
    if (b.lower) return b.wide ? add<By, true, true>(shape, b) : add<By, true, false>(shape, b);
    return b.wide ? add<By, false, true>(shape, b) : add<By, false, false>(shape, b);
}

// Why tiles cannot be had, as Python knows it, see `foretell/kernels/tiles.py`.
enum class Found : int64_t { usable, not_compiled, no_instructions, no_permission, wrong_results };

#if defined(FORETELL_TILE_INSTRUCTIONS) && defined(__linux__)
// Whether there are tiles of bfloat16 of the sizes that are used here, whose state the system saves.
bool has_instructions() {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return false;  // OSXSAVE
    unsigned low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low >> 17 & 3) != 3) return false;  // XTILECFG and XTILEDATA
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    if (!(d >> 24 & 1) || !(d >> 22 & 1)) return false;             // AMX-TILE and AMX-BF16
    if (!__get_cpuid_count(0x1d, 1, &a, &b, &c, &d)) return false;  // palette 1
    return (b & 0xffff) >= 64 && b >> 16 >= 8 && (c & 0xffff) >= 16;
}

// Linux gives a process, with all its threads, room for the state of tiles only when it is asked to.
bool has_permission() {
    constexpr long ask_what_is_given = 0x1022, ask_for = 0x1023, tile_data = 18;
    uint64_t given = 0;
    syscall(SYS_arch_prctl, ask_for, tile_data);
    return !syscall(SYS_arch_prctl, ask_what_is_given, &given) && given >> tile_data & 1;
}
#else
bool has_instructions() { return false; }
bool has_permission() { return false; }
#endif

// Whole numbers so small that their products and sums are exact, in whichever order: both must come to the same.
[[maybe_unused]] bool multiplies_rightly() {
    constexpr TileShape shape{11, 10, 12};
    constexpr int rows = 21, pieces = 3, columns = 32, factors = pieces * shape.depth;
    std::mt19937 engine(1);
    std::uniform_int_distribution<int> number(-9, 9);
    const auto draw = [&](std::vector<uint32_t>& to) {
        for (uint32_t& pair : to) {
            const auto bits = [&] { return uint32_t(BFloat16::of(float(number(engine))).bits); };
            const uint32_t first = bits();
            pair = first | bits() << 16;
        }
    };
    std::vector<uint32_t> left(rows * factors), right(factors * columns);
    draw(left), draw(right);
    std::vector<float> expected(rows * columns, 3.0f), found = expected;
    for (int r = 0; r < rows; ++r)
        for (int k = 0; k < factors; ++k)
            for (int c = 0; c < columns; ++c)
                for (int half = 0; half < 2; ++half) {
                    const auto value = [&](uint32_t pair) { return float(BFloat16{uint16_t(pair >> 16 * half)}); };
                    expected[r * columns + c] += value(left[r * factors + k]) * value(right[k * columns + c]);
                }
    const TileScope tiles(shape);
    tiles.add({left.data(), factors, pieces, 1, shape.depth, right.data(), columns, found.data(), columns, true, true});
    return found == expected;
}

Found use_processor() {
#if defined(FORETELL_TILE_INSTRUCTIONS)
    static const Found found = [] {
        if (!has_instructions()) return Found::no_instructions;
        if (!has_permission()) return Found::no_permission;
        in_use = TileUse::processor;
        return multiplies_rightly() ? Found::usable : Found::wrong_results;
    }();
    in_use = found == Found::usable ? TileUse::processor : TileUse::off;
    return found;
#else
    return Found::not_compiled;
#endif
}

}  // namespace

TileUse tiles_in_use() { return in_use.load(std::memory_order_relaxed); }

TileScope::TileScope(const TileShape& shape) : by_(tiles_in_use()), shape_(shape) {
#if defined(FORETELL_TILE_INSTRUCTIONS)
    if (by_ == TileUse::processor) ProcessorTiles::configure(configuration(shape));
#endif
    if (by_ == TileUse::emulated) EmulatedTiles::configure(configuration(shape));
}

TileScope::~TileScope() {
#if defined(FORETELL_TILE_INSTRUCTIONS)
    if (by_ == TileUse::processor) ProcessorTiles::release();
#endif
    if (by_ == TileUse::emulated) EmulatedTiles::release();
}

void TileScope::add(const TileBlock& block) const {
#if defined(FORETELL_TILE_INSTRUCTIONS)
    if (by_ == TileUse::processor) return foretell::add<ProcessorTiles>(shape_, block);
#endif
    if (by_ == TileUse::emulated) return foretell::add<EmulatedTiles>(shape_, block);
}

}  // namespace foretell

using namespace foretell;

// From now on tiles are used as `wanted` says, or not at all where the result is not 0: why not, see `Found`. No scan
// may be under way.
EXPORTED int64_t foretell_tiles(int64_t wanted) {
    if (TileUse(wanted) == TileUse::processor) return int64_t(use_processor());
    in_use = TileUse(wanted);
    return 0;
}
#endif
