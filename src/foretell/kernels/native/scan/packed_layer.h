// A layer's weights ready for scans in one direction; made for one call, or kept for many.
#pragma once

#include <memory>

#include "scan/layer_vectors.h"
#include "scan/packed_weights.h"

namespace foretell {

// Its products are of factors of the type F.
template <class F, class Cell>
struct PackedLayer {
    using T = SumOf<F>;

    const Layout<T, Cell> layout;
    const LayerVectors<T, Cell> vectors;
    const PackedWeights<F, Cell> weights;
    const bool rounds;  // whether factors are rounded to bfloat16

    // `in_half`: whether products are in half precision.
    PackedLayer(const Scan& scan, Direction direction, bool in_half, bool packed = true)
        : layout(scan.shape.hidden, scan.shape.layer_norm), vectors(scan.shape, scan.weights, layout),
          weights(scan, direction, in_half, packed), rounds(in_half) {}
};

// A layer whose weights stay packed from call to call: a loop that takes one time step at a time would otherwise spend
// itself on packing. It holds copies: what becomes of the weights it was made from is the caller's affair.
class KeptLayer {
  public:
    virtual ~KeptLayer() = default;
    // The scan of a structure with the same cell, sizes and options; its weights are not read.
    virtual void forward(const Scan& scan) const = 0;

    // Null for a cell that is not known. Throws std::bad_alloc.
    static std::unique_ptr<KeptLayer> of_floats(const Scan& scan);
    static std::unique_ptr<KeptLayer> of_doubles(const Scan& scan);
    static std::unique_ptr<KeptLayer> of_halves(const Scan& scan);
};

}  // namespace foretell
