// The functions that Python calls for a scan in single and double precision, once for each instruction set.
#include "scan/calls.h"

namespace foretell {
namespace {

template <class T, class Cell>
void sizes(const Scan& scan, int64_t* row, int64_t* cell) {
    const Layout<T, Cell> layout(scan.shape.hidden, scan.shape.layer_norm);
    *row = layout.row();
    *cell = Cell::has_cell ? layout.padded : 0;
}

}  // namespace

std::unique_ptr<KeptLayer> KeptLayer::of_floats(const Scan& scan) { return keep<float>(scan); }
std::unique_ptr<KeptLayer> KeptLayer::of_doubles(const Scan& scan) { return keep<double>(scan); }

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
EXPORTED int foretell_forward_kept(const void* layer, const Scan* scan) {
    return guarded([&] { static_cast<const KeptLayer*>(layer)->forward(*scan); });
}
EXPORTED void foretell_forget(void* layer) { delete static_cast<KeptLayer*>(layer); }
