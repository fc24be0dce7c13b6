"""What the judges heard, as a table, and the targets that are met or missed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from speech_sounds import CODEC, HARVARD, OURS, PROMPTS, RECORDINGS, REFERENCE, Sound

from foretell.speech.text.spoken_form import spoken_form

WORD_ERROR_ABOVE = 0.02
HARVARD_ERROR = 0.15
QUALITY = 2.9
SIMILARITY = 0.88
REAL_TIME = 0.2
FIRST_MS = 150.0
MEGABYTES = 16.0


def words_of(text: str) -> list[str]:
    """Words in small letters, numbers in words, without punctuation."""
    said = spoken_form(text.replace("%", " percent"), "en").lower().replace("-", " ").replace("\u2019", "'")
    return re.findall(r"[a-z']+", said)


def errors(heard: Sequence[str], due: Sequence[str]) -> int:
    """Substitutions, insertions and deletions that make one of the other (Levenshtein, 1966)."""
    row = list(range(len(due) + 1))
    for i, word in enumerate(heard, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(due, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


@dataclass(frozen=True)
class Judgement:
    """The sounds, and what the judges said of them by path."""

    sounds: Sequence[Sound]
    said: dict[str, Any]

    def word_error(self, row: str, part: str) -> float | None:
        """The share of English words that Whisper heard wrongly."""
        chosen = [s for s in self._of(row, part) if s.language == "en"]
        heard = self.said.get("words")
        if not chosen or heard is None:
            return None
        pairs = [(words_of(heard[str(s.path)]), words_of(s.text)) for s in chosen]
        return sum(errors(*pair) for pair in pairs) / sum(len(due) for _, due in pairs)

    def quality(self, row: str, part: str = PROMPTS) -> float | None:
        """The mean DNSMOS of English sounds."""
        heard = self.said.get("quality")
        values = [heard[str(s.path)] for s in self._of(row, part) if s.language == "en"] if heard else []
        return float(np.mean(values)) if values else None

    def similarity(self, row: str, voice: str) -> dict[str, float] | None:
        """The cosine between a voice as `row` says its prompts and each speaker as recorded: means of embeddings."""
        if self.said.get("speaker") is None:
            return None
        own = self._speaker([s for s in self._of(row, PROMPTS) if s.voice == voice])
        speakers = sorted({s.voice for s in self.sounds if s.part == REFERENCE})
        if own is None:
            return None
        found = {}
        for name in speakers:
            other = self._speaker([s for s in self.sounds if s.part == REFERENCE and s.voice == name])
            assert other is not None
            found[name] = float(own @ other)
        return found

    def _speaker(self, sounds: Sequence[Sound]) -> Any:
        if not sounds:
            return None
        mean = np.mean([self.said["speaker"][str(s.path)] for s in sounds], 0)
        return mean / np.linalg.norm(mean)

    def _of(self, row: str, part: str) -> list[Sound]:
        return [s for s in self.sounds if (s.row, s.part) == (row, part)]


def _shown(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)


def table(judged: Judgement, voices: Sequence[str]) -> list[str]:
    """A row for each who spoke."""
    rows = list(dict.fromkeys(s.row for s in judged.sounds if s.part != REFERENCE))
    lines = ["| | word error, held-out prompts | word error, Harvard | DNSMOS |", "|---|---|---|---|"]
    for row in rows:
        error, harvard = judged.word_error(row, PROMPTS), judged.word_error(row, HARVARD)
        lines.append(f"| {row} | {_shown(error)} | {_shown(harvard)} | {_shown(judged.quality(row), '.2f')} |")
    lines += ["", "| similarity to | " + " | ".join(voices) + " |", "|---|" + "---|" * len(voices)]
    for row in (RECORDINGS, CODEC, OURS):
        for voice in voices:
            found = judged.similarity(row, voice)
            if found is not None:
                numbers = " | ".join(f"{found[name]:.3f}" for name in voices)
                lines.append(f"| {voice}, {row} | {numbers} |")
    return lines


def targets(judged: Judgement, voices: Sequence[str], speed: tuple[float, float], megabytes: float) -> list[str]:
    """Each target, what was reached, and whether that is enough."""
    own, recorded = judged.word_error(OURS, PROMPTS), judged.word_error(RECORDINGS, PROMPTS)
    harvard, espeak = judged.word_error(OURS, HARVARD), judged.word_error("espeak-ng", HARVARD)
    lines = []

    def asked(name: str, value: float | None, bound: float | None, met: Callable[[float, float], bool]) -> None:
        if value is None or bound is None:
            lines.append(f"{name}: not judged")
        else:
            lines.append(f"{name}: {value:.3f}, asked {bound:.3f}: {'met' if met(value, bound) else 'MISSED'}")

    def at_most(value: float, bound: float) -> bool:
        return value <= bound

    def at_least(value: float, bound: float) -> bool:
        return value >= bound

    asked("word error, held-out prompts", own, None if recorded is None else recorded + WORD_ERROR_ABOVE, at_most)
    asked("word error, Harvard sentences", harvard, HARVARD_ERROR, at_most)
    asked("word error, Harvard, half of espeak-ng's", harvard, None if espeak is None else espeak / 2, at_most)
    asked("DNSMOS", judged.quality(OURS), QUALITY, at_least)
    for voice in voices:
        found = judged.similarity(OURS, voice)
        asked(f"similarity of {voice} to itself", None if found is None else found[voice], SIMILARITY, at_least)
        if found is not None and len(voices) > 1:
            nearest = max(found, key=found.__getitem__)
            lines.append(f"{voice} is nearest to {nearest}: {'met' if nearest == voice else 'MISSED'}")
    asked("real-time factor, one thread", speed[0], REAL_TIME, at_most)
    asked("first sound of a warm call, ms", speed[1], FIRST_MS, at_most)
    asked("size of the model folder, MB", megabytes, MEGABYTES, at_most)
    return lines
