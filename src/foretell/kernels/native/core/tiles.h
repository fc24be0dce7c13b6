// Products of bfloat16 by tiles, registers of up to 16 rows of 64 bytes that some processors have (Intel's AMX). What
// they multiply are factors of two values, see `core/factors.h`.
#pragma once

#include <cstdint>

namespace foretell {

// Who computes what is asked of tiles: nobody, the processor, or for tests a program that does what it would do.
enum class TileUse : int64_t { off, processor, emulated };

// What holds in this process. Off until Python turns them on, see `foretell_tiles`.
TileUse tiles_in_use();

constexpr int tile_height = 16;   // the most rows of a tile
constexpr int tile_factors = 16;  // the most factors in a row of it, and columns of sums

// The shape of blocks of sums: an upper and a lower tile of rows, of which the lower may have none, and how many
// factors a step takes.
struct TileShape {
    int upper, lower, depth;
};

// sums[r][c] += sum over k of left[r][k] * right[k][c], for the rows of a shape and 16 or 32 columns. Rows are so many
// values apart. The left side lies in pieces of as many steps, the right side's rows follow each other.
struct TileBlock {
    const void* left;
    int64_t left_row, pieces, steps, piece;
    const void* right;
    int64_t right_row;
    float* sums;
    int64_t sums_row;
    bool lower, wide;  // whether there is a lower tile, and whether there are 32 columns
};

// Tiles set up for blocks of one shape, on this thread until the end of the scope. Other libraries set them up for
// themselves, wherever they run: nothing is taken as found, and nothing is left.
class TileScope {
  public:
    explicit TileScope(const TileShape& shape);
    TileScope(const TileScope&) = delete;
    ~TileScope();
    void add(const TileBlock& block) const;

  private:
    const TileUse by_;
    const TileShape shape_;
};

}  // namespace foretell
