"""What crosses from Python into the compiled kernels: structures of sizes and addresses, as the headers have them."""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_float, c_int64, c_void_p
from typing import Any, ClassVar

_SIZES = "cell layer_norm reverse threads steps batch inputs hidden outputs"
_GIVEN = (
    "weight_ih weight_hh bias_ih bias_hh weight_hr peephole ln_ih_weight ln_weight ln_bias ln_c_weight ln_c_bias "
    "initial_h initial_c recurrent_mask keep_h keep_c"
)
_LEFT = "output final_h final_c gates cells"
_GRADIENTS = (
    "grad_x grad_weight_ih grad_weight_hh grad_bias_ih grad_bias_hh grad_weight_hr grad_peephole grad_ln_ih_weight "
    "grad_ln_weight grad_ln_bias grad_ln_c_weight grad_ln_c_bias grad_initial_h grad_initial_c"
)

WAVENET_WEIGHTS = "gated gated_bias mixed mixed_bias"
"""The weights that each layer of a WaveNet has."""


class Scan(ctypes.Structure):
    """`struct Scan` of `native/scan/scan.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [(name, c_int64) for name in _SIZES.split()]
        + [("lengths", c_void_p), ("batch_sizes", c_void_p), ("x", c_void_p), ("x_step", c_int64), ("x_row", c_int64)]
        + [(name, c_void_p) for name in _GIVEN.split()]
        + [("rate_h", c_double), ("rate_c", c_double)]
        + [(name, c_void_p) for name in _LEFT.split()]
        + [("grad_output", c_void_p), ("grad_output_step", c_int64), ("grad_output_row", c_int64)]
        + [("grad_final_h", c_void_p), ("grad_final_c", c_void_p)]
        + [(name, c_void_p) for name in _GRADIENTS.split()]
    )


class WaveNetNetwork(ctypes.Structure):
    """`struct WaveNetNetwork` of `native/wavenet/network.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [(name, c_int64) for name in ["inputs", "residual", "skip", "outputs", "layers", "kernel", "batch", "threads"]]
        + [(name, c_void_p) for name in f"dilations input input_bias {WAVENET_WEIGHTS}".split()]
        + [(name, c_void_p) for name in ["hidden", "hidden_bias", "output", "output_bias", "constants"]]
        + [("head", c_int64), ("bits", c_int64), ("least_log_scale", c_float), ("greatest_log_scale", c_float)]
    )


class WaveNetCall(ctypes.Structure):
    """`struct WaveNetCall` of `native/wavenet/network.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [("steps", c_int64), ("threads", c_int64), ("uniforms", c_void_p), ("local", c_void_p)]
        + [("temperature", c_double), ("top_k", c_int64), ("top_p", c_double)]
        + [(name, c_void_p) for name in ["levels_before", "scalars_before", "levels", "scalars"]]
    )


_STACK_WEIGHTS = f"{WAVENET_WEIGHTS} extra x gates skips grad_skips grad_x"
_STACK_GRADIENTS = "grad_gated grad_gated_bias grad_residual grad_residual_bias grad_skip grad_skip_bias grad_extra"


class WaveNetStack(ctypes.Structure):
    """`struct WaveNetStack` of `native/wavenet/stack.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [(name, c_int64) for name in ["layers", "residual", "skip", "kernel", "batch", "steps", "threads"]]
        + [("extra_steps", c_int64), ("dilations", c_void_p)]
        + [(name, c_void_p) for name in f"{_STACK_WEIGHTS} {_STACK_GRADIENTS}".split()]
    )


class DecoderNetwork(ctypes.Structure):
    """`struct DecoderNetwork` of `native/decoder/decoder.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [(name, c_int64) for name in ["sequences", "rows", "threads"]]
        + [(name, c_int64) for name in ["vocabulary", "embedded", "constant", "features", "outputs", "layers"]]
        + [(name, c_void_p) for name in ["embedding", "constants", "recurrent"]]
        + [("projected", c_int64)]
        + [(name, c_void_p) for name in ["projection", "projection_bias", "head", "head_bias"]]
        + [("memory_steps", c_int64), ("memory_size", c_int64)]
        + [(name, c_void_p) for name in ["memory", "keys", "mask", "combine", "combine_bias"]]
    )


class DecoderCall(ctypes.Structure):
    """`struct DecoderCall` of `native/decoder/decoder.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [("first", c_int64), ("steps", c_int64), ("end", c_int64)]
        + [("temperature", c_double), ("top_k", c_int64), ("top_p", c_double)]
        + [(name, c_void_p) for name in ["uniforms", "tokens", "ids", "lengths"]]
        + [("row", c_int64), ("going", c_int64)]
    )


class DecoderExpansion(ctypes.Structure):
    """`struct DecoderExpansion` of `native/decoder/decoder.h`, field by field."""

    _fields_: ClassVar[Any] = [("rows", c_int64), ("top", c_int64)] + [
        (name, c_void_p) for name in ["tokens", "origins", "likely", "likely_tokens", "log_sum"]
    ]


class CandidateScan(ctypes.Structure):
    """`struct CandidateScan` of `native/candidates/candidates.h`, field by field."""

    _fields_: ClassVar[Any] = (
        [(name, c_int64) for name in ["series", "steps", "threads", "season", "second"]]
        + [("values", c_void_p), ("smoothings", c_int64), ("first_of_second", c_int64)]
        + [(name, c_void_p) for name in ["level_gain", "trend_gain", "damping", "season_gain", "theta", "logarithmic"]]
        + [("window", c_int64), ("features", c_void_p)]
        + [("anchors", c_int64), ("ahead", c_int64), ("each", c_int64)]
        + [(name, c_void_p) for name in ["anchor", "step_ahead", "candidates", "unit", "last"]]
    )
