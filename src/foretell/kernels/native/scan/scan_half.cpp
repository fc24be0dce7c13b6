// The functions that Python calls for a scan in half precision where the processor multiplies bfloat16: tensors are in
// single precision, the factors of matrix products pairs of bfloat16. Alone in a library of its own, since nothing else
// gains by that; elsewhere half precision is single precision with rounded factors, see `scan.cpp`.
#if defined(__AVX512BF16__)
#include "scan/calls.h"

using namespace foretell;

EXPORTED int foretell_forward_half(const Scan* scan) { return run_forward<Half>(scan, true); }
EXPORTED int foretell_backward_half(const Scan* scan) { return run_backward<Half>(scan, true); }
EXPORTED void* foretell_keep_half(const Scan* scan) { return run_keep<Half>(scan, true); }
#endif
