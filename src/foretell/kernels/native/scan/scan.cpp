// The functions that Python calls for a scan in single precision and, unless the processor multiplies bfloat16, in half
// precision; once for each instruction set.
#include "scan/calls.h"

namespace foretell {

std::unique_ptr<KeptLayer> KeptLayer::of_floats(const Scan& scan) { return keep<float>(scan, false); }

}  // namespace foretell

using namespace foretell;

EXPORTED int foretell_forward_float(const Scan* scan) { return run_forward<float>(scan, false); }
EXPORTED int foretell_backward_float(const Scan* scan) { return run_backward<float>(scan, false); }
EXPORTED int foretell_sizes_float(const Scan* scan, int64_t* row, int64_t* state) {
    return run_sizes<float>(scan, row, state);
}

#if !defined(__AVX512BF16__)
EXPORTED int foretell_forward_half(const Scan* scan) { return run_forward<float>(scan, true); }
EXPORTED int foretell_backward_half(const Scan* scan) { return run_backward<float>(scan, true); }
EXPORTED void* foretell_keep_half(const Scan* scan) { return run_keep<float>(scan, true); }
#endif

// A layer with its weights packed once for many calls of `foretell_forward_kept`.
EXPORTED void* foretell_keep_float(const Scan* scan) { return run_keep<float>(scan, false); }
EXPORTED int foretell_forward_kept(const void* layer, const Scan* scan) {
    return guarded([&] { static_cast<const KeptLayer*>(layer)->forward(*scan); });
}
EXPORTED void foretell_forget(void* layer) { delete static_cast<KeptLayer*>(layer); }

// What threads bring here and now, see `Machine::Pace`, and the bytes of a core's second-level cache.
EXPORTED void foretell_machine(int64_t threads, double* found) {
    const Machine::Pace pace = Machine::with(threads);
    found[0] = pace.rate, found[1] = pace.gain, found[2] = pace.wake, found[3] = pace.wait;
    found[4] = double(Machine::second_level_cache());
}
// For tests: takes all this for granted, or, where the rate is 0, measures again.
EXPORTED void foretell_assume(const double* pace) { Machine::assumed() = {pace[0], pace[1], pace[2], pace[3]}; }
