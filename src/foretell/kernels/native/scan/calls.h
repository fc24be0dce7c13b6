// A scan by the equations of the cell that it names, and layers kept packed: what the functions that Python calls share.
#pragma once

#include <memory>

#include "core/exports.h"
#include "scan/backward.h"
#include "scan/cells.h"
#include "scan/forward.h"

namespace foretell {

template <class F, class Cell>
void forward(const Scan& scan, const PackedLayer<F, Cell>& layer) {
    const Sequences sequences(scan.shape);
    Forward<F, Cell>(scan, sequences, layer).run();
}

template <class F, class Cell>
void forward(const Scan& scan) {
    const PackedLayer<F, Cell> layer(scan, packing_forwards(scan.shape));
    forward(scan, layer);
}

template <class F, class Cell>
void backward(const Scan& scan) {
    const Sequences sequences(scan.shape);
    const PackedLayer<F, Cell> layer(scan, Packing::backwards);
    Backward<F, Cell>(scan, sequences, layer).run();
}

// `call` with the cell's equations; 0, or 1 where memory ran out, or 2 for a cell that is not known.
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
    explicit KeptLayerOf(const Scan& scan) : layer_(scan, Packing::forwards) {}
    void forward(const Scan& scan) const override { foretell::forward(scan, layer_); }

  private:
    const PackedLayer<F, Cell> layer_;
};

// Throws std::bad_alloc, as `with_cell` does not.
template <class F>
std::unique_ptr<KeptLayer> keep(const Scan& scan) {
    std::unique_ptr<KeptLayer> kept;
    const int failure =
        with_cell(scan, [&](auto cell) { kept = std::make_unique<KeptLayerOf<F, decltype(cell)>>(scan); });
    if (failure == 1) throw std::bad_alloc();
    return kept;
}

// Null where memory ran out, or for a cell that is not known.
template <class Make>
KeptLayer* made(Make make) {
    KeptLayer* kept = nullptr;
    guarded([&] { kept = make().release(); });
    return kept;
}

}  // namespace foretell
