// The weight matrices of a layer, packed into panels for the products of a scan; or, for a single step, as they lie.
#pragma once

#include "scan/groups.h"
#include "core/scratch.h"
#include "core/threads.h"

namespace foretell {

// Forwards, rows of features meet the transposed matrices, whose columns are units; backwards, rows of gradients meet
// the matrices as they are, whose columns are features. Forwards they may also stay unpacked, see `Unpacked`.
enum class Packing { forwards, backwards, none };

// To pack a weight costs as much as is lost on so many rows by reading it as it lies.
constexpr int64_t rows_worth_packing = 80;

inline Packing packing_forwards(const Scan& s) {
    return s.steps == 1 && s.batch < rows_worth_packing ? Packing::none : Packing::forwards;
}

template <class T, class U>
class PackedWeights {
  public:
    struct Matrix : Panels<T> {  // empty where there is no such matrix
        Unpacked<T> unpacked{};
    };
    Matrix input, hidden, reset, projection;

    PackedWeights(const Scan& s, const Layout<T, U>& layout, Packing packing)
        : sources_{{s.weight_ih, U::input_gate, U::input_blocks, s.hidden, s.inputs},
                   {s.weight_hh, U::hidden_gate, U::hidden_blocks, s.hidden, s.outputs},
                   {U::reset_before ? s.weight_hh : nullptr, reset_gate(), 1, s.hidden, s.hidden},
                   {s.weight_hr, whole, 1, s.outputs, s.hidden}} {
        const int64_t depths[] = {layout.input_depth().total(), layout.hidden_depth().total(), layout.padded,
                                  round_up(s.outputs, lanes<T>)};
        if (packing == Packing::backwards && !s.grad_x) sources_[0].weight = nullptr;
        Matrix* const all[] = {&input, &hidden, &reset, &projection};
        int64_t values = 0, panels = 0;
        for (int i = 0; i < 4; ++i) {
            const Source& of = sources_[i];
            if (!of.weight) continue;
            Panels<T>& matrix = *all[i];
            matrix = packing == Packing::backwards
                         ? Panels<T>{nullptr, depths[i], vectors(of.columns), tile_vectors}
                         : Panels<T>{nullptr, of.columns, vectors(of.hidden) * of.vectors,
                                     units_per_panel(of.vectors) * of.vectors};
            all[i]->unpacked = {static_cast<const T*>(of.weight), of.gates, of.vectors, of.hidden, of.columns};
            values += matrix.size();
            panels += matrix.count();
        }
        if (packing == Packing::none) return;
        memory_ = Scratch(Scratch::panels, values * int64_t(sizeof(T)));
        T* next = static_cast<T*>(memory_.data());
        for (Matrix* matrix : all) {
            matrix->data = next;
            next += matrix->size();
        }
        parallel(panels, threads_for(s, double(values) * 8), [&](int64_t panel) {
            int i = 0;
            for (; panel >= all[i]->count(); ++i) panel -= all[i]->count();
            const Source& of = sources_[i];
            const T* weight = static_cast<const T*>(of.weight);
            if (packing == Packing::forwards)
                pack_transposed(weight, of.gates, of.vectors, of.hidden, *all[i], panel);
            else
                pack_straight(weight, of.gates, of.vectors, of.hidden, of.columns, *all[i], panel);
        });
    }

  private:
    struct Source {  // a matrix (gates * hidden, columns)
        const void* weight;
        const int* gates;
        int vectors;
        int64_t hidden, columns;
    };

    static int64_t vectors(int64_t columns) { return (columns + lanes<T> - 1) / lanes<T>; }
    static const int* reset_gate() {
        if constexpr (U::reset_before) return U::reset_gate;
        else return nullptr;
    }

    Source sources_[4];
    Scratch memory_;
};

}  // namespace foretell
