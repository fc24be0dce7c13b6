"""Recurrent and convolutional layers for sequences, and networks built from them, as PyTorch modules.

`layers` map one sequence to another, `heads` interpret outputs as distributions, `decoding` generates new sequences
with a network, `sequence_to_sequence` combines layers into whole networks, and `conversion` converts weights from and
to other libraries. Imports run in that order: decoding uses heads and layers, sequence_to_sequence uses all three.
"""

from foretell.nn.conversion import from_haste, from_keras, to_haste, to_keras
from foretell.nn.decoding import Generator
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics, Sampling
from foretell.nn.layers import (
    GRU,
    LSTM,
    RNN,
    Attention,
    CausalConv1d,
    Downsample,
    GatedStack,
    GRUCell,
    LSTMCell,
    Regulated,
    RNNCell,
    Upsample,
    WaveNet,
    chrono_,
    dilation_cycles,
    interpolate,
    regulate_length,
)
from foretell.nn.losses import sequence_loss
from foretell.nn.sequence_to_sequence import EncoderDecoder, SequenceToSequence, SequenceToVector, VectorToSequence

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Attention",
    "Categorical",
    "CausalConv1d",
    "Downsample",
    "EncoderDecoder",
    "GRUCell",
    "GatedStack",
    "Gaussian",
    "Generator",
    "Head",
    "LSTMCell",
    "MixtureOfLogistics",
    "RNNCell",
    "Regulated",
    "Sampling",
    "SequenceToSequence",
    "SequenceToVector",
    "Upsample",
    "VectorToSequence",
    "WaveNet",
    "chrono_",
    "dilation_cycles",
    "from_haste",
    "from_keras",
    "interpolate",
    "regulate_length",
    "sequence_loss",
    "to_haste",
    "to_keras",
]
