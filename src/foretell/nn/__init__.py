"""Recurrent and convolutional layers for sequences, and what is built from them, as PyTorch modules."""

from foretell.nn.attention import Attention
from foretell.nn.cells import GRUCell, LSTMCell, RNNCell
from foretell.nn.conversion import from_haste, from_keras, to_haste, to_keras
from foretell.nn.convolution import CausalConv1d, Downsample
from foretell.nn.encoder_decoder import EncoderDecoder
from foretell.nn.generation import Generator
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics, Sampling
from foretell.nn.initialisation import chrono_
from foretell.nn.losses import sequence_loss
from foretell.nn.recurrent import GRU, LSTM, RNN
from foretell.nn.structures import SequenceToSequence, SequenceToVector, VectorToSequence
from foretell.nn.upsampling import Upsample
from foretell.nn.wavenet import WaveNet, dilation_cycles

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
    "Gaussian",
    "Generator",
    "Head",
    "LSTMCell",
    "MixtureOfLogistics",
    "RNNCell",
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
    "sequence_loss",
    "to_haste",
    "to_keras",
]
