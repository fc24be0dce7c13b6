// W x + b for rows x, W as torch has it, (outputs, depth): read where it lies for a few rows, packed for many.
#pragma once

#include "core/buffer.h"
#include "core/threads.h"
#include "core/unpacked_product.h"

namespace foretell {

// Of a matrix that meets as many rows again and again, packing pays sooner than for one call.
constexpr int64_t rows_worth_keeping_packed = 4;

class Linear {
  public:
    // `rows`: as many as there will be at most. Weight and bias (null: none) must outlive this.
    Linear(const float* weight, const float* bias, int64_t outputs, int64_t depth, int64_t rows, int64_t threads)
        : weight_(weight), bias_(bias), outputs_(outputs), depth_(depth) {
        if (rows < rows_worth_keeping_packed) return;
        panels_ = {nullptr, depth, (outputs + lanes<float> - 1) / lanes<float>, tile_vectors};
        memory_ = Buffer<float>(panels_.size());
        panels_.data = memory_;
        parallel(panels_.count(), double(panels_.size()) < 1e5 ? 1 : threads, [&](int64_t panel) {
            pack_panel(panels_, panel, transposed<float>({weight, whole, 1, outputs, depth}));
        });
    }

    // Row r of `x` stands at x[r], and that of the results at `y + r * stride`.
    void operator()(const float* const* x, int64_t rows, float* y, int64_t stride, int64_t threads) const {
        const double work = double(rows) * double(outputs_) * double(depth_);
        const int64_t tasks = work < 2e5 ? 1 : 4 * threads, units = panels_.data ? panels_.count() : blocks();
        parallel(tasks, threads, [&](int64_t task) {
            const int64_t first = units * task / tasks, end = units * (task + 1) / tasks;
            if (panels_.data) by_panels(x, rows, y, stride, first, end);
            else by_blocks(x, rows, y, stride, first, end);
        });
    }

  private:
    static constexpr int L = lanes<float>;

    const float *weight_, *bias_;
    int64_t outputs_, depth_;
    Panels<float> panels_;
    Buffer<float> memory_;

    void by_panels(const float* const* x, int64_t rows, float* y, int64_t stride, int64_t first, int64_t end) const {
        const auto start = [&](int64_t panel, int64_t, Vec<float>* tile) {
            for (int v = 0; v < panels_.in(panel); ++v) {
                const int64_t at = (panel * panels_.width + v) * L;
                tile[v] = bias_ ? load_first(bias_ + at, int(outputs_ - at)) : Vec<float>{};
            }
        };
        const auto finish = [&](int64_t panel, int64_t r, const Vec<float>* tile) {
            for (int v = 0; v < panels_.in(panel); ++v) {
                const int64_t at = (panel * panels_.width + v) * L;
                store_first(y + r * stride + at, tile[v], int(outputs_ - at));
            }
        };
        multiply<float>(x, rows, {0, 1, depth_, 0}, panels_, start, finish, first, end);
    }

    // Blocks of `L` outputs.
    int64_t blocks() const { return (outputs_ + L - 1) / L; }

    void by_blocks(const float* const* x, int64_t rows, float* y, int64_t stride, int64_t first, int64_t end) const {
        for (int64_t block = first; block < end; ++block) {
            const int64_t at = block * L;
            const int here = int(outputs_ - at < L ? outputs_ - at : L);
            const float* row[L];  // past the last output its last row once more
            for (int i = 0; i < L; ++i) row[i] = weight_ + (at + (i < here ? i : here - 1)) * depth_;
            const Vec<float> bias = bias_ ? load_first(bias_ + at, here) : Vec<float>{};
            Vec<float> sums[rows_worth_keeping_packed];
            multiply_unpacked_rows<float>(row, x, rows, depth_, sums);
            for (int64_t r = 0; r < rows; ++r) store_first<float>(y + r * stride + at, bias + sums[r], here);
        }
    }
};

}  // namespace foretell
