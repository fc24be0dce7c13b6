// The instructions for matrix tiles as they were compiled, beside their emulation: `test_tiles.py` builds and runs
// this. On a processor without them each one traps, is decoded from its bytes, and is carried out by the emulation.
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/tiles.cpp"

using namespace foretell;

namespace {

std::atomic<long> traps{0};

void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::_Exit(1);
}

// An instruction with a prefix VEX of three bytes, in the map 0F38, and what its operands are.
struct Instruction {
    const uint8_t* bytes;
    const greg_t* registers;
    int64_t length = 5, address = 0, stride = 0;

    Instruction(const uint8_t* at, const greg_t* all) : bytes(at), registers(all) {
        expect(bytes[0] == 0xc4 && (bytes[1] & 31) == 2 && bytes[2] >> 7 == 0 && (bytes[2] >> 2 & 1) == 0,
               "an illegal instruction that is none of tiles");
        if (in_memory()) find_memory();
    }
    int prefix() const { return bytes[2] & 3; }  // none, 66, F3, F2
    int code() const { return bytes[3]; }
    bool in_memory() const { return bytes[4] >> 6 != 3; }
    int reg() const { return (bytes[4] >> 3 & 7) | extended(7); }
    int rm() const { return (bytes[4] & 7) | extended(5); }
    int other() const { return ~(bytes[2] >> 3) & 15; }

  private:
    int extended(int bit) const { return bytes[1] >> bit & 1 ? 0 : 8; }
    int64_t value(int number) const {
        constexpr int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                 REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
        return registers[order[number]];
    }
    void find_memory() {
        const int mode = bytes[4] >> 6;
        int base = rm();
        if ((bytes[4] & 7) == 4) {  // base, index and scale follow
            const int index = (bytes[5] >> 3 & 7) | extended(6);
            base = (bytes[5] & 7) | extended(5);
            if (index != 4) stride = value(index) << (bytes[5] >> 6);
            ++length;
        }
        expect(mode != 0 || (base & 7) != 5, "an address that no operation of tiles has");
        address = value(base);
        if (mode == 1) address += int8_t(bytes[length]), ++length;
        if (mode == 2) {
            int32_t displacement;
            std::memcpy(&displacement, bytes + length, sizeof displacement);
            address += displacement, length += 4;
        }
    }
};

void carry_out(int, siginfo_t*, void* context) {
    greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const Instruction i(reinterpret_cast<const uint8_t*>(registers[REG_RIP]), registers);
    void* const memory = reinterpret_cast<void*>(i.address);
    const int which = i.code() << 4 | i.prefix() << 1 | i.in_memory();
    switch (which) {
        case 0x491: EmulatedTiles::configure(*static_cast<const TileConfiguration*>(memory)); break;
        case 0x490: EmulatedTiles::release(); break;
        case 0x4b7: EmulatedTiles::load(i.reg(), memory, i.stride); break;
        case 0x4b5: EmulatedTiles::store(i.reg(), memory, i.stride); break;
        case 0x5c4: EmulatedTiles::multiply(i.reg(), i.rm(), i.other()); break;
        default: expect(false, "an instruction of tiles that is not used");
    }
    registers[REG_RIP] += i.length;
    ++traps;
}

std::mt19937 engine(1);
int from(int least, int most) { return std::uniform_int_distribution<int>(least, most)(engine); }

void draw(std::vector<uint32_t>& to) {
    std::normal_distribution<float> normal;
    for (uint32_t& pair : to) {
        const auto bits = [&] {
            const float scale = from(0, 99) ? 1 : 1e-38f;  // some are subnormal
            return uint32_t(BFloat16::of(normal(engine) * scale).bits);
        };
        const uint32_t first = bits();
        pair = first | bits() << 16;
    }
}

void compare(int depth) {
    const int upper = from(1, 16), lower = from(0, 1) ? from(1, 16) : 0, rows = upper + lower;
    const bool wide = from(0, 1);
    const int64_t columns = wide ? 32 : 16, pieces = from(1, 3), steps = from(1, 3), piece = steps * depth + from(0, 4);
    std::vector<uint32_t> left(size_t(rows * pieces * piece)), right(size_t(pieces * steps * depth * columns));
    draw(left), draw(right);
    std::vector<float> found[2];
    for (const auto by : {TileUse::processor, TileUse::emulated}) {
        auto& sums = found[by == TileUse::emulated];
        sums.assign(size_t(rows * columns), 0.5f);
        in_use = by;
        const TileScope tiles({upper, lower, depth});
        tiles.add({left.data(), pieces * piece, pieces, steps, piece, right.data(), columns, sums.data(), columns,
                   lower > 0, wide});
    }
    for (size_t i = 0; i < found[0].size(); ++i) {
        const float tolerance = traps ? 0 : 1e-5f * std::max(1.0f, std::abs(found[1][i]));
        expect(std::abs(found[0][i] - found[1][i]) <= tolerance, "instructions and emulation differ");
    }
}

}  // namespace

int main() {
    struct sigaction action{};
    action.sa_sigaction = carry_out;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGILL, &action, nullptr);
    has_permission();
    in_use = TileUse::processor;
    expect(multiplies_rightly(), "wrong products");
    for (const int depth : {8, 12, 16})
        for (int i = 0; i < 40; ++i) compare(depth);
    std::printf("%ld instructions trapped\n", traps.load());
}
