// The functions that Python calls for a scan in half precision: tensors are in single precision, matrix products of
// bfloat16. Alone in a library for processors that multiply bfloat16, since nothing else gains by that.
#include "scan/calls.h"

namespace foretell {

std::unique_ptr<KeptLayer> KeptLayer::of_halves(const Scan& scan) { return keep<Half>(scan); }

}  // namespace foretell

using namespace foretell;

EXPORTED int foretell_forward_half(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { forward<Half, decltype(cell)>(*scan); });
}
EXPORTED int foretell_backward_half(const Scan* scan) {
    return with_cell(*scan, [&](auto cell) { backward<Half, decltype(cell)>(*scan); });
}
EXPORTED void* foretell_keep_half(const Scan* scan) {
    return made([&] { return KeptLayer::of_halves(*scan); });
}
