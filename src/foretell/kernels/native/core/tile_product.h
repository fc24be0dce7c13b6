// Products of rows with packed panels by tiles: a panel of factors of two values lies as tiles want their right side.
#pragma once

#include <optional>

#include "core/product.h"
#include "core/tiles.h"

namespace foretell {

// Of rows that a `FactorRows` holds with a packed matrix, on one thread. False where tiles are not used, since there
// are none or since they would not pay: for that counts how many rows there are on all threads, as a result must not
// depend on how these share them.
template <class F>
class TileProduct {
  public:
    static constexpr int most_rows = 0;
    TileProduct(const F* const*, int64_t, int64_t, Depth, bool) {}
    explicit operator bool() const { return false; }
    int height() const { return 1; }
    void add(int64_t, int, int, const F*, Vec<SumOf<F>>*) const {}
};

#if defined(__AVX512BF16__)
template <>
class TileProduct<Half> {
  public:
    static constexpr int most_rows = 2 * tile_height;

    TileProduct(const Half* const* rows, int64_t count, int64_t of_all, Depth depth, bool packed)
        : rows_(rows), depth_(depth) {
        if (!packed || of_all < fewest_rows || depth.total() < tile_factors || tiles_in_use() == TileUse::off) return;
        if (count == 0) return;
        // As `in_tiles` divides them, blocks differ by one row at most. Both tiles of rows are equally high, since a
        // product takes as long as its left side is high.
        const int64_t blocks = (count + most_rows - 1) / most_rows;
        height_ = int((count + blocks - 1) / blocks);
        upper_ = height_ > tile_height ? (height_ + 1) / 2 : height_;
        // Pieces of a row are whole vectors of one, two or three gates, 8 factors of each.
        step_ = depth.pieces == 1 || depth.length % 16 == 0 ? 16 : depth.length % 12 == 0 ? 12 : 8;
        scope_.emplace(TileShape{upper_, height_ - upper_, step_});
    }
    explicit operator bool() const { return scope_.has_value(); }
    int height() const { return height_; }

    // tile[r][v] += what `multiply_rows` adds, for `count` rows from `first` on, `height()` or one less: there is
    // memory for another row after the last.
    void add(int64_t first, int count, int vectors, const Half* panel, Vec<float>* tile) const {
        const int64_t columns = vectors * lanes<Half>, row = height_ > 1 ? rows_[1] - rows_[0] : 0;
        const int64_t steps = depth_.length / step_, done = steps * step_;
        for (int v = 0; v < vectors; v += 2)
            scope_->add({rows_[first] + depth_.first, row, depth_.pieces, steps, depth_.stride, panel + v * lanes<Half>,
                         columns, reinterpret_cast<float*>(tile + v), columns, height_ > upper_, v + 1 < vectors});
        if (done == depth_.length) return;
        const Depth rest{depth_.first + done, 1, depth_.length - done, 0};
        in_tiles(count, tile_rows(vectors), [&](int64_t from, int few) {
            multiply_rows(rows_ + first + from, few, vectors, rest, panel + done * columns, tile + from * vectors);
        });
    }

  private:
    // Counted in cycles, not measured: for one row tiles take as long to load the right side as vectors to compute.
    static constexpr int64_t fewest_rows = 4;

    const Half* const* rows_;
    const Depth depth_;
    int height_ = 1, upper_ = 1, step_ = 16;
    std::optional<TileScope> scope_;
};
#endif

}  // namespace foretell
