"""Whole networks: sequence to sequence, sequence to vector, vector to sequence, and the encoder-decoder."""

from foretell.nn.sequence_to_sequence.encoder_decoder import EncoderDecoder
from foretell.nn.sequence_to_sequence.structures import SequenceToSequence, SequenceToVector, VectorToSequence

__all__ = ["EncoderDecoder", "SequenceToSequence", "SequenceToVector", "VectorToSequence"]
