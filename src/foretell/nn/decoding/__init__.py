"""Sequences out of a network, one step at a time: tokens (`tokens`, `beam`) and the values of a WaveNet.

`compiled` hands a network that the compiled code knows to it; every path has its readable twin in torch.
"""

from foretell.nn.decoding.beam import beam_search
from foretell.nn.decoding.tokens import Decoder, Search, generate, stream
from foretell.nn.decoding.wavenet_generator import Generator

__all__ = ["Decoder", "Generator", "Search", "beam_search", "generate", "stream"]
