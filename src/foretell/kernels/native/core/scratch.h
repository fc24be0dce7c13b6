// Large arrays that are kept from call to call, and in large pages.
#pragma once

#include <atomic>
#include <cstring>
#include <utility>

#include "core/buffer.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace foretell {

// Asks the system to back a large array by large pages, before it is first touched: to fault in tens of megabytes page
// by page costs as much time as to compute them. Only a hint.
inline void in_large_pages(void* data, int64_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr int64_t page = 4096, large = int64_t(2) << 20;
    if (!data || bytes < 2 * large) return;
    const auto begin = reinterpret_cast<int64_t>(data);
    madvise(reinterpret_cast<void*>(round_up(begin, page)), size_t(begin + bytes - round_up(begin, page)) / page * page,
            MADV_HUGEPAGE);
#else
    (void)data, (void)bytes;
#endif
}

// An array that is read over and over, in large pages from its first byte on where it is worth one: the hardware
// fetches ahead no further than to the end of a page. Its values are zero.
template <class T>
class PagedArray {
  public:
    explicit PagedArray(int64_t count = 0) {
        if (count <= 0) return;
        constexpr int64_t large = int64_t(2) << 20;
        const int64_t bytes = count * int64_t(sizeof(T)), alignment = bytes < large / 4 ? 64 : large;
        const int64_t rounded = round_up(bytes, alignment);
        data_ = static_cast<T*>(std::aligned_alloc(size_t(alignment), size_t(rounded)));
        if (!data_) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (alignment == large) madvise(data_, size_t(rounded), MADV_HUGEPAGE);
#endif
        std::memset(static_cast<void*>(data_), 0, size_t(bytes));
    }
    PagedArray(PagedArray&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    PagedArray& operator=(PagedArray&& other) noexcept {
        std::swap(data_, other.data_);
        return *this;
    }
    ~PagedArray() { std::free(data_); }
    operator T*() const { return data_; }

  private:
    T* data_ = nullptr;
};

// The large arrays that a scan works in, kept from call to call: a training loop would otherwise hand the same pages
// back to the system at every step and fault them in again. Gone with the process; at most 64 MiB of each kind stay.
class Scratch {
  public:
    enum Kind { panels, gradients, features, kinds };

    Scratch() = default;
    Scratch(Kind kind, int64_t bytes) : kind_(kind) {
        Block* kept = store(kind).exchange(nullptr);
        if (kept && kept->size >= bytes) {
            block_ = kept;
            return;
        }
        std::free(kept);
        block_ = static_cast<Block*>(std::aligned_alloc(64, size_t(header + round_up(bytes, 64))));
        if (!block_) throw std::bad_alloc();
        in_large_pages(block_, header + bytes);
        block_->size = bytes;
    }
    Scratch& operator=(Scratch&& other) noexcept {
        std::swap(kind_, other.kind_);
        std::swap(block_, other.block_);
        return *this;
    }
    ~Scratch() {
        if (block_) std::free(block_->size > most_kept ? block_ : store(kind_).exchange(block_));
    }

    void* data() const { return reinterpret_cast<char*>(block_) + header; }

  private:
    struct Block {
        int64_t size;
    };
    static constexpr int64_t header = 64, most_kept = int64_t(64) << 20;

    // Several Python threads may be here at once: one of them finds the block, the others get one of their own.
    static std::atomic<Block*>& store(Kind kind) {
        static std::atomic<Block*> kept[kinds] = {};
        return kept[kind];
    }

    Kind kind_ = panels;
    Block* block_ = nullptr;
};

}  // namespace foretell
