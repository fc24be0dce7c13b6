// What crosses from Python for a WaveNet's generation (`foretell/kernels/structures.py` mirrors it field by field).
#pragma once

#include <cstdint>

namespace foretell {

enum class HeadKind : int64_t { categorical, mixture_of_logistics, gaussian };

// The network, as `foretell/nn/layers/wavenet.py` has it. Matrices are torch's, row-major, in single precision: of layer k
// `gated` (2R, R, kernel), `gated_bias` (2R,), `mixed` (R + S, R) with the rows of the residual first, or (S, R) in the
// last layer, `mixed_bias`. `constants` (B, layers, 2R) is what the global conditioning adds, null for nothing.
struct WaveNetNetwork {
    int64_t inputs;  // levels that a look-up takes, or 1 for a scalar
    int64_t residual, skip, outputs, layers, kernel, batch;
    int64_t threads;  // that calls will probably have: the weights are laid out for it
    const int64_t* dilations;
    const float *input, *input_bias;  // (R, inputs), (R,)
    const float *const *gated, *const *gated_bias, *const *mixed, *const *mixed_bias;
    const float *hidden, *hidden_bias;  // (S, S), (S,)
    const float *output, *output_bias;  // (outputs, S), (outputs,)
    const float* constants;
    int64_t head;  // HeadKind
    int64_t bits;  // of the grid that a mixture's values lie on
    float least_log_scale, greatest_log_scale;
};

// One call of the generator. `uniforms` (steps, B, 2) in [0, 1) are all the chance there is. `local` (steps, B, layers,
// 2R) is what the local conditioning adds, null for nothing. Values are levels or scalars, by the head: those generated
// (B, steps), and the last ones before them, `before` (B,), which the first step reads.
struct WaveNetCall {
    int64_t steps, threads;
    const float *uniforms, *local;
    double temperature;
    int64_t top_k;  // 0 for all
    double top_p;   // 1 for all
    const int64_t* levels_before;
    const float* scalars_before;
    int64_t* levels;
    float* scalars;
};

}  // namespace foretell
