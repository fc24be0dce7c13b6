"""The symbols that a voice was trained on, their numbers, and how it says any others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from foretell.errors import ModelError
from foretell.speech.text.articulation import LETTERS, articulations
from foretell.speech.text.nearest import nearest
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY, Segment


@dataclass(frozen=True)
class SymbolTable:
    """The symbols of a voice in the order of their numbers."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, segments: Iterable[Segment], *, at_least: int = 1) -> SymbolTable:
        """Return the table of all symbols that occur `at_least` so often; the rarer ones are said by their nearest."""
        counts = Counter(symbol for segment in segments for symbol in segment.symbols)
        return cls(tuple(sorted(symbol for symbol, count in counts.items() if count >= at_least)))

    @classmethod
    def from_json(cls, content: object) -> SymbolTable:
        """Return the table that `to_json` wrote. Raises ModelError where it is none."""
        if not isinstance(content, list) or not all(isinstance(symbol, str) for symbol in content):
            raise ModelError("the symbols of the voice are not a list of texts: the model's folder is damaged")
        for symbol in content:
            if not _is_symbol(symbol):
                raise ModelError(f"the voice's symbol {symbol!r} is no IPA symbol: the model's folder is damaged")
        if len(set(content)) < len(content):
            raise ModelError("the voice has a symbol twice: the model's folder is damaged")
        return cls(tuple(content))

    def to_json(self) -> list[str]:
        """Return the symbols, for the model's folder."""
        return list(self.symbols)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._numbers

    def numbers(self, symbols: Sequence[str]) -> list[int]:
        """Return the numbers of known symbols. Raises KeyError for others: `adapted` replaces them first."""
        return [self._numbers[symbol] for symbol in symbols]

    def adapted(self, segment: Segment) -> tuple[Segment, dict[str, tuple[str, ...]]]:
        """Return the segment in the symbols of this table, and what was put in the place of each that is not in it.

        A foreign sound is said by the nearest known one; see `nearest`.
        """
        replaced = {symbol: self._nearest(symbol) for symbol in segment.symbols if symbol not in self._numbers}
        if not replaced:
            return segment, {}
        symbols: list[str] = []
        stress: list[int] = []
        for symbol, level in zip(segment.symbols, segment.stress, strict=True):
            said = replaced.get(symbol, (symbol,))
            symbols += said
            stress += [level if k == 0 else 0 for k in range(len(said))]
        return replace(segment, symbols=tuple(symbols), stress=tuple(stress)), replaced

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    def _nearest(self, symbol: str) -> tuple[str, ...]:
        return nearest(symbol, self._numbers.keys())


def replacements_in_words(replaced: dict[str, tuple[str, ...]]) -> str:
    """Return what `SymbolTable.adapted` replaced as a warning for people; empty if only pauses were."""
    said = [f"{symbol} by {' '.join(by) or 'nothing'}" for symbol, by in replaced.items() if symbol[:1] in LETTERS]
    if not said:
        return ""
    return f"the voice was not trained on some of these sounds and says the nearest that it knows: {', '.join(said)}"


def _is_symbol(symbol: str) -> bool:
    if symbol == WORD_BOUNDARY or symbol in PAUSES:
        return True
    try:
        return bool(articulations(symbol))
    except KeyError:
        return False
