// The weight matrices of a layer, packed into panels for the products of a scan; or, for a single step, as they lie.
#pragma once

#include "core/scratch.h"
#include "core/threads.h"
#include "core/unpacked_product.h"
#include "scan/groups.h"

namespace foretell {

// Forwards, rows of features meet the transposed matrices, whose columns are units; backwards, rows of gradients meet
// the matrices as they are, whose columns are features.
enum class Direction { forwards, backwards };

// To pack a weight costs as much as is lost on so many rows by reading it as it lies.
constexpr int64_t rows_worth_packing = 80;

// A single step of few rows reads its weights as they lie.
inline bool worth_packing(const ScanShape& shape) { return shape.steps > 1 || shape.batch >= rows_worth_packing; }

template <class F, class Cell>
class PackedWeights {
    using T = SumOf<F>;

  public:
    struct Matrix : Panels<F> {  // empty where there is no such matrix
        GateMatrix<T> source{};
        bool rounds = false;  // whether its factors are rounded
        bool half = false;    // whether the source is bfloat16

        // Calls `use` with the source as it is stored, or is to be read.
        template <class Use>
        void stored(Use use) const {
            if constexpr (std::is_same_v<T, float>) {
                if (half) return use(stored_as<BFloat16>());
                if (rounds) return use(stored_as<Rounded>());
            }
            if constexpr (std::is_same_v<F, T>) use(source);
        }

      private:
        template <class S>
        GateMatrix<S> stored_as() const {
            return {reinterpret_cast<const S*>(source.weight), source.gates, source.vectors, source.units,
                    source.columns};
        }
    };
    Matrix input, hidden, reset, projection;

    // As they lie unless `packed`.
    PackedWeights(const Scan& scan, Direction direction, bool rounds, bool packed) {
        const ScanShape& shape = scan.shape;
        const ScanWeights& weights = scan.weights;
        const auto from = [](const void* weight) { return static_cast<const T*>(weight); };
        input.source = {from(weights.weight_ih), Cell::input_gate, Cell::input_blocks, shape.hidden, shape.inputs};
        hidden.source = {from(weights.weight_hh), Cell::hidden_gate, Cell::hidden_blocks, shape.hidden, shape.outputs};
        if constexpr (Cell::reset_before)
            reset.source = {from(weights.weight_hh), Cell::reset_gate, 1, shape.hidden, shape.hidden};
        projection.source = {from(weights.weight_hr), whole, 1, shape.outputs, shape.hidden};
        const bool backwards = direction == Direction::backwards;
        if (backwards && !scan.gradients.x) input.source.weight = nullptr;
        for (Matrix* matrix : all_) {
            const GateMatrix<T>& source = matrix->source;
            Panels<F>& panels = *matrix;
            matrix->rounds = rounds;
            matrix->half = shape.half;
            if (!source.weight) continue;
            panels = backwards
                         ? Panels<F>{nullptr, factor_count<F>(source.vectors * vectors(source.units) * lanes<T>),
                                     vectors(source.columns), tile_vectors}
                         : Panels<F>{nullptr, factor_count<F>(source.columns), vectors(source.units) * source.vectors,
                                     units_per_panel(source.vectors) * source.vectors};
        }
        if (packed) pack(scan, direction);
    }
    PackedWeights(const PackedWeights&) = delete;

  private:
    Matrix* const all_[4] = {&input, &hidden, &reset, &projection};
    Scratch memory_;

    static int64_t vectors(int64_t columns) { return (columns + lanes<T> - 1) / lanes<T>; }

    void pack(const Scan& scan, Direction direction) {
        int64_t values = 0, panels = 0;
        for (const Matrix* matrix : all_) {
            values += matrix->size();
            panels += matrix->count();
        }
        memory_ = Scratch(Scratch::panels, values * int64_t(sizeof(F)));
        F* next = static_cast<F*>(memory_.data());
        for (Matrix* matrix : all_) {
            matrix->data = next;
            next += matrix->size();
        }
        parallel(panels, threads_for(scan, double(values) * 8), [&](int64_t panel) {
            Matrix* const* matrix = all_;
            for (; panel >= (*matrix)->count(); ++matrix) panel -= (*matrix)->count();
            (*matrix)->stored([&](const auto& source) {
                if (direction == Direction::forwards) pack_panel(**matrix, panel, transposed(source));
                else pack_panel(**matrix, panel, straight(source));
            });
        });
    }
};

}  // namespace foretell
