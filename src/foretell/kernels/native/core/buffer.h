// Arrays that are gone with their owner.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

namespace foretell {

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// An array aligned to vectors, its values unset. Throws std::bad_alloc.
template <class T>
class Buffer {
  public:
    explicit Buffer(int64_t count = 0) {
        if (count <= 0) return;
        data_ = static_cast<T*>(std::aligned_alloc(64, size_t(round_up(count * int64_t(sizeof(T)), 64))));
        if (!data_) throw std::bad_alloc();
    }
    Buffer(int64_t count, T value) : Buffer(count) {
        for (int64_t i = 0; i < count; ++i) data_[i] = value;
    }
    Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
    Buffer& operator=(Buffer&& other) noexcept {
        T* mine = data_;
        data_ = other.data_;
        other.data_ = mine;
        return *this;
    }
    ~Buffer() { std::free(data_); }
    operator T*() const { return data_; }

  private:
    T* data_ = nullptr;
};

}  // namespace foretell
