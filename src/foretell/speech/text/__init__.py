"""Text to phonemes: what a voice speaks.

`Reader` turns text, IPA and a subset of SSML into segments of IPA symbols, sentence by sentence. `SymbolTable` holds
the symbols that a voice was trained on and says any others by their nearest.
"""

from __future__ import annotations

from foretell.speech.text.reading import Reader
from foretell.speech.text.symbol_table import SymbolTable

__all__ = ["Reader", "SymbolTable"]
