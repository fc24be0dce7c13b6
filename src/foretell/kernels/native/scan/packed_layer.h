// A layer's weights ready for scans forwards; made for one call, or kept for many.
#pragma once

#include <memory>

#include "scan/packed_weights.h"

namespace foretell {

template <class T, class U>
struct PackedLayer {
    const Layout<T, U> layout;
    const Vectors<T, U> vectors;
    const PackedWeights<T, U> weights;

    PackedLayer(const Scan& s, Packing packing)
        : layout(s.hidden, s.layer_norm), vectors(s, layout), weights(s, layout, packing) {}
};

// A layer whose weights stay packed from call to call: a loop that takes one time step at a time would otherwise spend
// itself on packing. It holds copies: what becomes of the weights it was made from is the caller's affair.
class KeptLayer {
  public:
    virtual ~KeptLayer() = default;
    // The scan of a structure with the same cell, sizes and options; its weights are not read.
    virtual void forward(const Scan& s) const = 0;

    // Null for a cell that is not known. Throws std::bad_alloc.
    static std::unique_ptr<KeptLayer> of_floats(const Scan& s);
    static std::unique_ptr<KeptLayer> of_doubles(const Scan& s);
};

}  // namespace foretell
