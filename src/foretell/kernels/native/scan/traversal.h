// What the scan does alike forwards and backwards: it walks through time, and finds what a step reads.
#pragma once

#include <algorithm>

#include "core/activations.h"
#include "core/interruption.h"
#include "core/tile_product.h"
#include "scan/cells.h"
#include "scan/packed_layer.h"
#include "scan/zoneout.h"

namespace foretell {

// State and sums are of type T, the factors of the matrix products of type F.
template <class F, class Cell>
class Traversal {
  protected:
    using T = SumOf<F>;

    // Of one sequence at one time step, what the cell's equations read in either direction.
    struct Step {
        const T *h, *c;  // of the step before
        T* gates;
        Zoneout<T> zoneout_h, zoneout_c;
    };

    const ScanShape& shape;
    const ScanState& state;
    const Sequences& sequences;
    const Layout<T, Cell>& layout;
    const LayerVectors<T, Cell>& vectors;
    const PackedWeights<F, Cell>& weights;

    const bool rounds;  // whether factors are rounded to bfloat16
    Interruption& interruption;

    Traversal(const Scan& scan, const Sequences& in_order, const PackedLayer<F, Cell>& layer, Interruption& asked)
        : shape(scan.shape), state(scan.state), sequences(in_order), layout(layer.layout), vectors(layer.vectors),
          weights(layer.weights), rounds(layer.rounds), interruption(asked),
          shares_(shape.steps == 1 && shape.batch == 1 ? scan_threads(scan, Cell::input_blocks, 1) : 1),
          zeros_(scan.state.initial_h ? 0 : scan.shape.outputs, T(0)) {}

    static const T* values(const void* from) { return static_cast<const T*>(from); }
    static T* values(void* from) { return static_cast<T*>(from); }

    bool projected() const { return weights.projection.vectors; }

    // Whether the units of a group may be divided among threads: each works alone on its own, but for h of the step
    // before.
    bool divisible() const {
        return !layout.norm && !projected() && !Cell::reset_before && !state.recurrent_mask;
    }

    // Calls `multiply(panel, end)` for a member's panels of a matrix. A single step of a single sequence has them shared
    // among threads.
    template <class Matrix, class Multiply>
    void panels_of(const Matrix& matrix, const Member& member, Multiply multiply) const {
        if (member.size > 1) return multiply(member.begin(matrix.count()), member.end(matrix.count()));
        parallel(shares_, shares_, [&](int64_t share) {
            multiply(matrix.count() * share / shares_, matrix.count() * (share + 1) / shares_);
        });
    }

    // Calls `chunk(each_step)`, in which `each_step(visit)` calls `visit(time, running)` for every time step of the
    // chunk: `running` of the group's sequences have not ended there.
    template <class Chunk>
    void in_chunks(const Group& group, Direction direction, Chunk chunk) const {
        const int64_t length = chunk_steps(group.count, shape.steps);
        const bool falling = (direction == Direction::backwards) != bool(shape.reverse);
        for (int64_t first = 0; first < shape.steps; first += length) {
            const int64_t end = first + length < shape.steps ? first + length : shape.steps;
            interruption.check();
            chunk([&](auto visit) {
                for (int64_t i = first; i < end; ++i) {
                    const int64_t time = falling ? shape.steps - 1 - i : i;
                    visit(time, group.running(sequences.running(time)));
                }
            });
        }
    }

    // A thread's own units of a row of so many features.
    template <class Room>
    static void copy_own(const T* from, T* to, int64_t features, const Room& room) {
        const int64_t first = room.member.size > 1 ? room.unit * lanes<T> : 0;
        const int64_t end = room.member.size > 1 ? std::min(room.end * lanes<T>, features) : features;
        std::memcpy(to + first, from + first, size_t(end - first) * sizeof(T));
    }

    // Where the features of a time step are in a tensor in the layout of the outputs.
    int64_t offset(int64_t time, int64_t position, int64_t features) const {
        return sequences.offset(time, position, shape.batch * features, features);
    }

    void set_step(Step& step, int64_t time, int64_t position) const {
        const T *keep_h = values(state.keep_h), *keep_c = values(state.keep_c);
        step.zoneout_h = {keep_h ? keep_h + offset(time, position, shape.outputs) : nullptr, state.rate_h};
        step.zoneout_c = {keep_c ? keep_c + offset(time, position, shape.hidden) : nullptr, state.rate_c};
    }

    const T* initial_h(int64_t position) const {
        return state.initial_h ? values(state.initial_h) + sequences.row(position) * shape.outputs : zeros_;
    }
    // In blocks, as all cell states are kept.
    void copy_initial_c(int64_t position, T* to) const {
        const T* from = values(state.initial_c);
        to_blocks(from ? from + sequences.row(position) * shape.hidden : nullptr, whole, 1, shape.hidden, to, 1);
    }

    const T* recurrent_mask(int64_t position) const {
        return values(state.recurrent_mask) + sequences.row(position) * shape.outputs;
    }
    // h(t-1) as the gates see it; `room` for what recurrent dropout leaves of it.
    const T* seen(const T* h, int64_t position, T* room) const {
        if (!state.recurrent_mask) return h;
        const T* mask = recurrent_mask(position);
        for (int64_t i = 0; i < shape.outputs; ++i) room[i] = h[i] * mask[i];
        return room;
    }

    // What the equations of a vector of units read of the step before.
    Unit<T> unit(const Step& step, int64_t u) const {
        const int64_t at = u * lanes<T>;
        return {Cell::has_cell ? Vec<T>{} : load_first(step.h + at, int(shape.hidden - at)),
                Cell::has_cell ? load(step.c + at) : Vec<T>{}, vectors.peephole ? vectors.peephole + at : nullptr,
                layout.padded};
    }

  private:
    const int64_t shares_;
    const Buffer<T> zeros_;
};

}  // namespace foretell
