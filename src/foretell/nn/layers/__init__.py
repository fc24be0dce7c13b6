"""Layers for whole sequences: recurrent layers and their cells, convolutions, WaveNet, attention, and layer stacks."""

from foretell.nn.layers.attention import Attention
from foretell.nn.layers.cells import GRUCell, LSTMCell, RNNCell
from foretell.nn.layers.convolution import CausalConv1d, Downsample
from foretell.nn.layers.gated_stack import GatedStack
from foretell.nn.layers.initialisation import chrono_
from foretell.nn.layers.length_regulator import Regulated, regulate_length
from foretell.nn.layers.recurrent import GRU, LSTM, RNN
from foretell.nn.layers.stack import Stack
from foretell.nn.layers.upsampling import Upsample, interpolate
from foretell.nn.layers.wavenet import WaveNet, dilation_cycles

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Attention",
    "CausalConv1d",
    "Downsample",
    "GRUCell",
    "GatedStack",
    "LSTMCell",
    "RNNCell",
    "Regulated",
    "Stack",
    "Upsample",
    "WaveNet",
    "chrono_",
    "dilation_cycles",
    "interpolate",
    "regulate_length",
]
