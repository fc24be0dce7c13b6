// A scan by the equations of the cell that it names, and layers kept packed: what the functions that Python calls share.
#pragma once

#include <memory>

#include "core/exports.h"
#include "scan/backward.h"
#include "scan/cells.h"
#include "scan/forward.h"

namespace foretell {

template <class F, class Cell>
void forward(const Scan& scan, const PackedLayer<F, Cell>& layer, Interruption& asked) {
    const Sequences sequences(scan.shape);
    Forward<F, Cell>(scan, sequences, layer, asked).run();
}

// `rounds`: whether matrix products are in half precision.
template <class F, class Cell>
void forward(const Scan& scan, bool rounds, Interruption& asked) {
    const PackedLayer<F, Cell> layer(scan, Direction::forwards, rounds, worth_packing(scan.shape));
    forward(scan, layer, asked);
}

template <class F, class Cell>
void backward(const Scan& scan, bool rounds, Interruption& asked) {
    const Sequences sequences(scan.shape);
    const PackedLayer<F, Cell> layer(scan, Direction::backwards, rounds, worth_packing(scan.shape));
    Backward<F, Cell>(scan, sequences, layer, asked).run();
}

// `call` with a scan and those that follow it: side by side, each on one thread, or, where there are fewer than threads,
// one after another on all.
template <class Call>
void each(const Scan& first, Call call) {
    Interruption asked(first.ask);
    if (!first.following) return call(first, asked);
    const int64_t count = 1 + first.following, threads = first.threads;
    const bool side_by_side = count >= threads;
    const double work = double(count) * scan_work(first.shape, 1, first.shape.steps * first.shape.batch);
    parallel(count, side_by_side ? threads_for(first, work) : 1, [&](int64_t i) {
        Scan scan = (&first)[i];
        scan.threads = side_by_side ? 1 : threads;
        call(scan, asked);
    });
}

// `call` with the cell's equations; 0, or as `guarded` says, or 2 for a cell that is not known.
template <class Call>
int with_cell(const Scan& scan, Call call) {
    return guarded([&] {
        switch (CellKind(scan.shape.cell)) {
            case CellKind::rnn_tanh: call(RNNCell<false>{}); return 0;
            case CellKind::rnn_relu: call(RNNCell<true>{}); return 0;
            case CellKind::lstm: call(LSTMCell{}); return 0;
            case CellKind::gru: call(GRUCell{}); return 0;
            case CellKind::gru_reset_before: call(GRUResetBeforeCell{}); return 0;
        }
        return 2;
    });
}

template <class F, class Cell>
class KeptLayerOf final : public KeptLayer {
  public:
    KeptLayerOf(const Scan& scan, bool rounds) : layer_(scan, Direction::forwards, rounds) {}
    void forward(const Scan& scan) const override {
        Interruption asked(scan.ask);
        foretell::forward(scan, layer_, asked);
    }

  private:
    const PackedLayer<F, Cell> layer_;
};

// Throws std::bad_alloc, as `with_cell` does not.
template <class F>
std::unique_ptr<KeptLayer> keep(const Scan& scan, bool rounds) {
    std::unique_ptr<KeptLayer> kept;
    const int failure =
        with_cell(scan, [&](auto cell) { kept = std::make_unique<KeptLayerOf<F, decltype(cell)>>(scan, rounds); });
    if (failure == 1) throw std::bad_alloc();
    return kept;
}

// What the functions that Python calls do, in each precision.
template <class F>
int run_forward(const Scan* scan, bool rounds) {
    return with_cell(*scan, [&](auto cell) {
        each(*scan, [&](const Scan& one, Interruption& asked) { forward<F, decltype(cell)>(one, rounds, asked); });
    });
}
template <class F>
int run_backward(const Scan* scan, bool rounds) {
    return with_cell(*scan, [&](auto cell) {
        each(*scan, [&](const Scan& one, Interruption& asked) { backward<F, decltype(cell)>(one, rounds, asked); });
    });
}
// Null where memory ran out, or for a cell that is not known.
template <class F>
void* run_keep(const Scan* scan, bool rounds) {
    KeptLayer* kept = nullptr;
    guarded([&] { kept = keep<F>(*scan, rounds).release(); });
    return kept;
}
// How many values the kernel keeps for backward: of gates and of cell states, for each time step of each sequence.
template <class T>
int run_sizes(const Scan* scan, int64_t* row, int64_t* state) {
    return with_cell(*scan, [&](auto cell) {
        const Layout<T, decltype(cell)> layout(scan->shape.hidden, scan->shape.layer_norm);
        *row = layout.row();
        *state = cell.has_cell ? layout.padded : 0;
    });
}

}  // namespace foretell
