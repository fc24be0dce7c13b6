"""The interface between Python and the compiled kernels: the one declaration of its structures and enumerations.

`foretell.kernels.structures`, their mirror in Python, is derived from it, and so is `native/core/boundary.h`, which
`python -m foretell.kernels.boundary` writes. A library that was built from another layout is refused.

A line of a structure is `type: names  # comment`; a type is a number, an address, or a structure declared earlier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Enumeration:
    """Named numbers, starting at 0."""

    name: str
    members: tuple[str, ...]
    comment: str

    def __getitem__(self, member: str) -> int:
        return self.members.index(member)

    def __contains__(self, member: str) -> bool:
        return member in self.members


@dataclass(frozen=True)
class Line:
    """Consecutive fields of the same type."""

    type: str
    names: tuple[str, ...]
    comment: str


@dataclass(frozen=True)
class Structure:
    """A structure that is passed by address."""

    name: str
    comment: str
    lines: tuple[Line, ...]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The name and type of each field, in order."""
        return [(name, line.type) for line in self.lines for name in line.names]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(name for name, _ in self.fields)


_LINE = re.compile(r"(?P<type>[\w *]+?): (?P<names>[\w ]+?) *(?:# (?P<comment>.*))?")


def _structure(name: str, comment: str, fields: str) -> Structure:
    lines = []
    for text in filter(None, map(str.strip, fields.splitlines())):
        found = _LINE.fullmatch(text)
        if found is None:
            raise ValueError(f"{name}: {text!r} is no line of a structure")
        lines.append(Line(found["type"], tuple(found["names"].split()), found["comment"] or ""))
    return Structure(name, comment, tuple(lines))


CELL = Enumeration(
    "CellKind",
    ("rnn_tanh", "rnn_relu", "lstm", "gru", "gru_reset_before"),
    "The cells that the compiled scan knows.",
)

SCAN_SHAPE = _structure(
    "ScanShape",
    "T steps, B sequences, I input features, H hidden features, R of the output: R = H but for an LSTM with a "
    "projection. Three layouts of the sequences: a padded batch (T, B, .), the same with `lengths` (B,), or packed "
    "rows (N, .) with `batch_sizes` (T,), never increasing, as torch's PackedSequence has them.",
    """
    int64: cell  # CellKind
    int64: layer_norm reverse  # 0 or 1
    int64: half  # 1 where weight_ih, weight_hh, weight_hr and their gradients are bfloat16, in half precision alone
    int64: steps batch inputs hidden outputs
    int64: slices  # equal parts of the batch with weight gradients of their own, one after another; 0 or 1 for none
    const int64*: lengths batch_sizes
    """,
)

_PARAMETERS = """
    {address}: weight_ih weight_hh bias_ih bias_hh
    {address}: weight_hr  # (R, H)
    {address}: weight_peephole  # (3, H): i, f, o
    {address}: ln_ih_weight ln_hh_weight  # of the norms of the two products (gates * H,)
    {address}: ln_weight ln_bias  # of an RNN's one norm (H,)
    {address}: ln_c_weight ln_c_bias  # of the norm of the cell state (H,)
"""

SCAN_WEIGHTS = _structure(
    "ScanWeights",
    "A cell's parameters by torch's names and in its order of gates, row-major; null for those that it does not have.",
    _PARAMETERS.format(address="const void*"),
)

SCAN_STATE = _structure(
    "ScanState",
    "What the sequences bring along, and what a scan leaves. Features are contiguous; null stands for what is absent.",
    """
    const void*: x
    int64: x_step x_row  # strides
    const void*: initial_h initial_c  # (B, R) and (B, H), as are the final states
    const void*: recurrent_mask  # (B, R): multiplies h(t-1) on its way into the gates
    const void*: keep_h keep_c  # zoneout: shares of the old value, in the layout of the outputs,
    double: rate_h rate_c  # or one share for all where these are null
    void*: output final_h final_c
    void*: gates cells  # what backward needs, in the kernel's own layout; null where no gradient is wanted
    """,
)

SCAN_WEIGHT_GRADIENTS = _structure(
    "ScanWeightGradients",
    "The gradients of the parameters of the same names; null for those that are not wanted.",
    _PARAMETERS.format(address="void*"),
)

SCAN_GRADIENTS = _structure(
    "ScanGradients",
    "Those of the results, which come in, and those of what was given, which are left.",
    """
    const void*: output
    int64: output_step output_row  # strides
    const void*: final_h final_c
    void*: x initial_h initial_c
    ScanWeightGradients: weights
    """,
)

SCAN = _structure(
    "Scan",
    "A layer's scan in one direction.",
    """
    int64: threads
    int64: following  # scans of the same form, one after another behind this one: all are run side by side
    const void*: ask  # int (*)(), called now and then on the caller's thread: other than 0 ends the call; may be null
    ScanShape: shape
    ScanWeights: weights
    ScanState: state
    ScanGradients: gradients
    """,
)

HEAD_KIND = Enumeration(
    "HeadKind",
    ("categorical", "mixture_of_logistics", "gaussian"),
    "The heads that a WaveNet's generation samples from.",
)

WEIGHT_KIND = Enumeration(
    "WeightKind",
    ("float32", "bfloat16", "int8"),
    "In what a WaveNet's generation keeps matrices, from the most exact to the least.",
)

WAVENET_NETWORK = _structure(
    "WaveNetNetwork",
    "A WaveNet, as `foretell/nn/layers/wavenet.py` has it. Matrices are torch's, row-major, in single precision: of "
    "layer k "
    "`gated` (2R, R, kernel), `gated_bias` (2R,), `mixed` (R + S, R) with the rows of the residual first, or (S, R) "
    "in the last layer, `mixed_bias`. `constants` (B, layers, 2R) is what the global conditioning adds, null for "
    "nothing.",
    """
    int64: inputs  # levels that a look-up takes, or 1 for a scalar
    int64: residual skip outputs layers kernel batch
    int64: threads  # that calls will probably have: the weights are laid out for it
    const int64*: dilations
    const float*: input input_bias  # (R, inputs), (R,)
    const float* const*: gated gated_bias mixed mixed_bias
    const float*: hidden hidden_bias  # (S, S), (S,)
    const float*: output output_bias  # (outputs, S), (outputs,)
    const float*: constants
    int64: weights  # WeightKind
    int64: head  # HeadKind
    int64: bits  # of the grid that a mixture's values lie on
    float: least_log_scale greatest_log_scale
    const float*: log_widths  # (outputs,) of levels, whose density then has the temperature; null for all the same
    """,
)

WAVENET_CALL = _structure(
    "WaveNetCall",
    "One call of the generator. `uniforms` (steps, B, 2) in [0, 1) are all the chance there is. `local` (steps, B, "
    "layers, 2R) is what the local conditioning adds, null for nothing. Values are levels or scalars, by the head: "
    "those generated (B, steps), and the last ones before them, `before` (B,), which the first step reads.",
    """
    int64: steps threads
    const float*: uniforms local
    double: temperature
    const float*: temperatures  # (steps,), null for the same at all steps
    int64: top_k  # 0 for all
    double: top_p  # 1 for all
    const int64*: levels_before
    const float*: scalars_before
    int64*: levels
    float*: scalars
    """,
)

WAVENET_STACK = _structure(
    "WaveNetStack",
    "A WaveNet's layers over whole sequences. Of B sequences of T time steps layer k has `x[k]` (B, past + T, R), its "
    "inputs, of which the first `past` = (kernel - 1) dilation rows are from before; and `gates[k]` (B, T, units, 2, "
    "lanes), the filter's tanh and the gate's sigma of each vector of units. Forwards x[0] is given, and the rest is "
    "left for backward. Weights as in `WaveNetNetwork`, layer by layer; `extra[k]` (B, T, 2R) or, the same for all "
    "time steps, (B, 1, 2R) is what conditioning adds, null for nothing. To it comes the product of `local` (B, T, L) "
    "with `local_weights[k]` (2R, L); L is `local_size`, 0 for none.",
    """
    int64: layers residual skip kernel batch steps threads
    int64: extra_steps local_size  # T or 1, and L
    const int64*: dilations
    const void* const*: gated gated_bias mixed mixed_bias extra
    const void*: local
    const void* const*: local_weights
    void* const*: x gates
    void*: skips  # (B, T, S)
    const void*: grad_skips  # (B, T, S)
    void*: grad_x  # (B, T, R), of x[0] without the past
    void* const*: grad_gated grad_gated_bias  # (kernel, 2R, R), (2R,)
    void* const*: grad_residual grad_residual_bias grad_skip grad_skip_bias
    void* const*: grad_extra  # (B, T, units, 2, lanes) each, null where not wanted
    void*: grad_local  # (B, T, L), null where not wanted
    void* const*: grad_local_weights  # (2R, L)
    """,
)

DECODER_NETWORK = _structure(
    "DecoderNetwork",
    "A network that predicts a token from the one before: an embedding, recurrent layers, maybe attention, a linear "
    "head. All in single precision; B sequences. The outputs are head p + head_bias, p = projection f + "
    "projection_bias or, where that is null, the features f. Attention, where `memory` is not null: score = query . "
    "key, context = sum of the memory under softmax(score), and the head sees tanh(combine [context; query] + "
    "combine_bias).",
    """
    int64: sequences rows threads  # B, and how many rows there may be at most: more than B in a beam search
    int64: vocabulary embedded constant features outputs layers
    const float*: embedding  # (vocabulary, embedded)
    const float*: constants  # (B, constant): beside the embedded token at every step; null where constant = 0
    const Scan*: recurrent  # each with its weights, its sizes, and the initial state (B, .)
    int64: projected  # the size of p
    const float*: projection projection_bias head head_bias
    int64: memory_steps memory_size
    const float*: memory keys  # (B, S, memory_size) and (B, S, features)
    const uint8*: mask  # (B, S): zero for a step without weight; null: all count
    const float*: combine combine_bias
    """,
)

DECODER_CALL = _structure(
    "DecoderCall",
    "Some steps of all sequences that have not ended, each token drawn from the outputs and fed back.",
    """
    int64: first steps end  # the number of the first step; the token that ends a sequence, -1 for none
    double: temperature  # 0 takes the likeliest token
    int64: top_k  # 0 for all
    double: top_p  # 1 for all
    const float*: uniforms  # (steps, B) in [0, 1); null where nothing is drawn
    int64*: tokens  # (B): those to be fed, and then those to be fed next
    int64*: ids lengths  # (B, row) and (B): `end` itself is not stored, but the step at which it came is
    int64: row
    int64: going  # how many sequences have not ended
    """,
)

DECODER_EXPANSION = _structure(
    "DecoderExpansion",
    "One step of rows that a beam search chooses.",
    """
    int64: rows top
    const int64*: tokens origins  # (rows): what is fed, and the row of the step before whose state it continues
    float*: likely  # (rows, top): the greatest outputs, falling
    int64*: likely_tokens  # (rows, top)
    float*: log_sum  # (rows): log of the sum of exp(outputs)
    """,
)

CANDIDATE_SCAN = _structure(
    "CandidateScan",
    "B series of T steps on one time grid, NaN where nothing was seen; leading NaN come before a series began. "
    "Infinities and what is beyond 1e300 count as NaN, so that all results are finite. Everything at a step is "
    "computed from the values up to that step alone. P exponential smoothings; those from `first_of_second` on follow "
    "the second season where there is one.",
    """
    int64: series steps threads
    int64: season second  # season lengths in steps; 1 and 0 for none
    const double*: values  # (B, T)
    int64: smoothings first_of_second
    const double*: level_gain trend_gain damping season_gain  # (P)
    const uint8*: theta logarithmic  # (P)
    int64: window  # features are wanted of the last W steps
    float*: features  # (B, W, F)
    int64: anchors ahead each  # A, H; whether the steps ahead differ from anchor to anchor
    const int64*: anchor  # (B, A) ascending: the steps to forecast from
    const int64*: step_ahead  # (H), or (B, A, H) with `each`
    float*: candidates  # (B, A, K, H): in units from the last value
    double*: unit last  # (B, A)
    """,
)

ENUMERATIONS = (CELL, HEAD_KIND, WEIGHT_KIND)
STRUCTURES = (
    SCAN_SHAPE,
    SCAN_WEIGHTS,
    SCAN_STATE,
    SCAN_WEIGHT_GRADIENTS,
    SCAN_GRADIENTS,
    SCAN,
    WAVENET_NETWORK,
    WAVENET_CALL,
    WAVENET_STACK,
    DECODER_NETWORK,
    DECODER_CALL,
    DECODER_EXPANSION,
    CANDIDATE_SCAN,
)
"""Each after those that it holds."""
