"""Whole networks of layers: sequences to sequences, to vectors and from vectors, and the encoder-decoder."""

from foretell.nn.sequence_to_sequence.encoder_decoder import EncoderDecoder
from foretell.nn.sequence_to_sequence.structures import SequenceToSequence, SequenceToVector, VectorToSequence

__all__ = ["EncoderDecoder", "SequenceToSequence", "SequenceToVector", "VectorToSequence"]
