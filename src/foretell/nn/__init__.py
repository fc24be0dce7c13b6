"""Recurrent and convolutional layers for sequences, as PyTorch modules."""

from foretell.nn.cells import GRUCell, LSTMCell, RNNCell
from foretell.nn.convolution import CausalConv1d, Downsample
from foretell.nn.recurrent import GRU, LSTM, RNN
from foretell.nn.wavenet import WaveNet, dilation_cycles

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "CausalConv1d",
    "Downsample",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "WaveNet",
    "dilation_cycles",
]
