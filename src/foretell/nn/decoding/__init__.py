"""Generation of sequences with a network, one step at a time: tokens (`tokens`, `beam`) and the values of a WaveNet.

`compiled` runs supported networks in compiled code; every compiled path has a readable equivalent in torch.
"""

from foretell.nn.decoding.beam import beam_search
from foretell.nn.decoding.tokens import Decoder, Search, generate, stream
from foretell.nn.decoding.wavenet_generator import Generator

__all__ = ["Decoder", "Generator", "Search", "beam_search", "generate", "stream"]
