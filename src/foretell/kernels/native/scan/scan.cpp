// The functions that Python calls. Compiled once for each instruction set, each time into a library of its own.
#include "scan/backward.h"
#include "core/exports.h"
#include "scan/forward.h"

namespace foretell {
namespace {

template <class T, class U>
void forward(const Scan& s, const PackedLayer<T, U>& layer) {
    const Sequences sequences(s);
    Forward<T, U>(s, sequences, layer).run();
}

template <class T, class U>
void forward(const Scan& s) {
    const PackedLayer<T, U> layer(s, packing_forwards(s));
    forward(s, layer);
}

template <class T, class U>
void backward(const Scan& s) {
    const Sequences sequences(s);
    Backward<T, U>(s, sequences).run();
}

template <class T, class U>
void sizes(const Scan& s, int64_t* row, int64_t* cell) {
    const Layout<T, U> layout(s.hidden, s.layer_norm);
    *row = layout.row();
    *cell = U::has_cell ? layout.padded : 0;
}

// `call` with the cell's equations; 0, or 1 where memory ran out, or 2 for a cell that is not known.
template <class Call>
int with_cell(const Scan& s, Call call) {
    return guarded([&] {
        switch (Cell(s.cell)) {
            case Cell::rnn_tanh: call(RNNUnit<false>{}); return 0;
            case Cell::rnn_relu: call(RNNUnit<true>{}); return 0;
            case Cell::lstm: call(LSTMUnit{}); return 0;
            case Cell::gru: call(GRUUnit{}); return 0;
            case Cell::gru_reset_before: call(GRUResetBeforeUnit{}); return 0;
        }
        return 2;
    });
}

template <class T, class U>
class KeptLayerOf final : public KeptLayer {
  public:
    explicit KeptLayerOf(const Scan& s) : layer_(s, Packing::forwards) {}
    void forward(const Scan& s) const override { foretell::forward(s, layer_); }

  private:
    const PackedLayer<T, U> layer_;
};

// Throws std::bad_alloc, as `with_cell` does not.
template <class T>
std::unique_ptr<KeptLayer> keep(const Scan& s) {
    std::unique_ptr<KeptLayer> kept;
    const int failure = with_cell(s, [&](auto unit) { kept = std::make_unique<KeptLayerOf<T, decltype(unit)>>(s); });
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

std::unique_ptr<KeptLayer> KeptLayer::of_floats(const Scan& s) { return keep<float>(s); }
std::unique_ptr<KeptLayer> KeptLayer::of_doubles(const Scan& s) { return keep<double>(s); }

}  // namespace foretell

using namespace foretell;

// Whether Python means the same structure.
EXPORTED int64_t foretell_structure_size() { return sizeof(Scan); }

EXPORTED int foretell_forward_float(const Scan* s) {
    return with_cell(*s, [&](auto unit) { forward<float, decltype(unit)>(*s); });
}
EXPORTED int foretell_forward_double(const Scan* s) {
    return with_cell(*s, [&](auto unit) { forward<double, decltype(unit)>(*s); });
}
EXPORTED int foretell_backward_float(const Scan* s) {
    return with_cell(*s, [&](auto unit) { backward<float, decltype(unit)>(*s); });
}
EXPORTED int foretell_backward_double(const Scan* s) {
    return with_cell(*s, [&](auto unit) { backward<double, decltype(unit)>(*s); });
}
// How many values the kernel keeps for backward: of gates and of cell states, for each time step of each sequence.
EXPORTED int foretell_sizes_float(const Scan* s, int64_t* row, int64_t* cell) {
    return with_cell(*s, [&](auto unit) { sizes<float, decltype(unit)>(*s, row, cell); });
}
EXPORTED int foretell_sizes_double(const Scan* s, int64_t* row, int64_t* cell) {
    return with_cell(*s, [&](auto unit) { sizes<double, decltype(unit)>(*s, row, cell); });
}

// A layer with its weights packed once for many calls of `foretell_forward_kept`.
EXPORTED void* foretell_keep_float(const Scan* s) {
    return made([&] { return KeptLayer::of_floats(*s); });
}
EXPORTED void* foretell_keep_double(const Scan* s) {
    return made([&] { return KeptLayer::of_doubles(*s); });
}
EXPORTED int foretell_forward_kept(const void* layer, const Scan* s) {
    return guarded([&] { static_cast<const KeptLayer*>(layer)->forward(*s); });
}
EXPORTED void foretell_forget(void* layer) { delete static_cast<KeptLayer*>(layer); }
