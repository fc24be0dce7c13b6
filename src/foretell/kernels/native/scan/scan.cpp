// The functions that Python calls. Compiled once for each instruction set, each time into a library of its own.
#include "core/exports.h"
#include "scan/backward.h"
#include "scan/cells.h"
#include "scan/forward.h"

namespace foretell {
namespace {

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

template <class T, class Cell>
void sizes(const Scan& scan, int64_t* row, int64_t* cell) {
    const Layout<T, Cell> layout(scan.shape.hidden, scan.shape.layer_norm);
    *row = layout.row();
    *cell = Cell::has_cell ? layout.padded : 0;
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

}  // namespace

std::unique_ptr<KeptLayer> KeptLayer::of_floats(const Scan& scan) { return keep<float>(scan); }
std::unique_ptr<KeptLayer> KeptLayer::of_doubles(const Scan& scan) { return keep<double>(scan); }
std::unique_ptr<KeptLayer> KeptLayer::of_halves(const Scan& scan) { return keep<Half>(scan); }

}  // namespace foretell

using namespace foretell;

EXPORTED int foretell_forward_float(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { forward<float, decltype(cell)>(*scan); });
}
EXPORTED int foretell_forward_double(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { forward<double, decltype(cell)>(*scan); });
}
EXPORTED int foretell_backward_float(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { backward<float, decltype(cell)>(*scan); });
}
EXPORTED int foretell_backward_double(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { backward<double, decltype(cell)>(*scan); });
}
// The same in half precision: tensors are in single precision, matrix products of bfloat16.
EXPORTED int foretell_forward_half(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { forward<Half, decltype(cell)>(*scan); });
}
EXPORTED int foretell_backward_half(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { backward<Half, decltype(cell)>(*scan); });
}
// How many values the kernel keeps for backward: of gates and of cell states, for each time step of each sequence.
EXPORTED int foretell_sizes_float(const Scan* scan, int64_t* row, int64_t* state) {
    return with_cell(*scan, [&](auto cell) { sizes<float, decltype(cell)>(*scan, row, state); });
}
EXPORTED int foretell_sizes_double(const Scan* scan, int64_t* row, int64_t* state) {
    return with_cell(*scan, [&](auto cell) { sizes<double, decltype(cell)>(*scan, row, state); });
}

// A layer with its weights packed once for many calls of `foretell_forward_kept`.
EXPORTED void* foretell_keep_float(const Scan* scan) {
    return made([&] { return KeptLayer::of_floats(*scan); });
}
EXPORTED void* foretell_keep_double(const Scan* scan) {
    return made([&] { return KeptLayer::of_doubles(*scan); });
}
EXPORTED void* foretell_keep_half(const Scan* scan) {
    return made([&] { return KeptLayer::of_halves(*scan); });
}
EXPORTED int foretell_forward_kept(const void* layer, const Scan* scan) {
    return guarded([&] { static_cast<const KeptLayer*>(layer)->forward(*scan); });
}
EXPORTED void foretell_forget(void* layer) { delete static_cast<KeptLayer*>(layer); }
