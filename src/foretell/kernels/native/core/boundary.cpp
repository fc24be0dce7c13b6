// Whether Python means the same structures.
#include "core/boundary.h"

#include "core/exports.h"

EXPORTED uint64_t foretell_layout() {
    constexpr uint64_t hash = foretell::layout_hash();
    return hash;
}
