// The functions that Python calls for a scan in double precision, once for each instruction set.
#include "scan/calls.h"

using namespace foretell;

EXPORTED int foretell_forward_double(const Scan* scan) { return run_forward<double>(scan, false); }
EXPORTED int foretell_backward_double(const Scan* scan) { return run_backward<double>(scan, false); }
EXPORTED void* foretell_keep_double(const Scan* scan) { return run_keep<double>(scan, false); }
EXPORTED int foretell_sizes_double(const Scan* scan, int64_t* row, int64_t* state) {
    return run_sizes<double>(scan, row, state);
}
