"""Text, with or without markup -> segments of phonemes, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from foretell.errors import SettingsError, TextError
from foretell.speech.text.clauses import clauses
from foretell.speech.text.front_ends import GRUUT, NAMES, front_end_for
from foretell.speech.text.ipa import Symbols, read_ipa, tidied
from foretell.speech.text.languages import canonical, language_of
from foretell.speech.text.letters import has_words, plain, require_alphabet, unspeakable, without_unspeakable
from foretell.speech.text.markup import marked_runs
from foretell.speech.text.runs import End, Phonemes, Place, Run, Silence, Style, Words
from foretell.speech.text.sentences import ends_sentence, finished, sentences
from foretell.speech.text.ssml import is_ssml, ssml_runs
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY, Segment

_ENDS = (".", "!", "?", "…")
_BOUNDARY = Symbols((WORD_BOUNDARY,), (0,))


@dataclass(frozen=True)
class Reader:
    """What turns text into segments of phonemes.

    Text is plain, with `[[ipa]]` and `[pause 500ms]` where they are wanted, or an SSML document. Segments come one by
    one, as soon as a sentence is read: a sentence is one segment unless its language, voice, rate or pitch changes or a
    pause divides it. Every sentence ends with a pause symbol.
    """

    language: str
    """Code of the language that the text is in where markup names no other."""
    voice: str | None = None
    """Name of the voice where markup names no other; None for the voice that the caller chooses."""
    rate: float = 1.0
    pitch: float = 1.0
    """Factors of speed and fundamental frequency, which those of markup multiply."""
    phonemes: bool = False
    """Whether the text is IPA throughout."""
    front_end: str = GRUUT
    """What reads text: "gruut", or "espeak-ng", which must be installed."""
    on_warning: Callable[[str], None] = field(default=lambda _: None, compare=False)
    """Called with a sentence about characters that cannot be read out, once for each character."""
    _warned: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "language", canonical(self.language))
        if self.front_end not in NAMES:
            raise SettingsError(f"front end {self.front_end!r} is unknown: give {' or '.join(NAMES)}")

    def read(self, text: str) -> Iterator[Segment]:
        """Yield the segments of a text.

        Raises TextError for text that cannot be read, with line and column; MissingExtraError where what reads its
        language is not installed; and TextError at the end if there was nothing to say.
        """
        yield from self._something(self._segments(self._runs(text, 1)), [text])

    def read_groups(self, groups: Iterable[list[str]]) -> Iterator[Segment]:
        """Yield the segments of lines that come in groups, as `foretell.text.lines.stream_lines` gives them.

        A line that comes alone is spoken at once. Of several lines an unfinished sentence waits for the next group; an
        SSML document waits for its end. Raises what `read` does.
        """
        yield from self._something(self._group_segments(groups), [])

    def transcript(self, text: str) -> Segment:
        """Return a whole text as one segment, for training. Raises what `read` does."""
        found, said = Symbols(), []
        for segment in self.read(text):
            if len(found) and found.symbols[-1] not in PAUSES:
                found += _BOUNDARY
            found += Symbols(segment.symbols, segment.stress)
            said.append(segment.text)
        found = tidied(found)
        return Segment(found.symbols, found.stress, self.language, self.voice, text=" ".join(filter(None, said)))

    @property
    def _style(self) -> Style:
        return Style(self.language, self.voice, self.rate, self.pitch)

    def _group_segments(self, groups: Iterable[list[str]]) -> Iterator[Segment]:
        waiting, first, line = "", 1, 1
        for group in groups:
            if not waiting.strip():
                waiting, first = "", line
            waiting += "".join(f"{text}\n" for text in group)
            line += len(group)
            if is_ssml(waiting):
                if "</speak>" not in waiting:
                    continue
                end = waiting.rindex("</speak>") + len("</speak>")
                ready, waiting = waiting[:end], waiting[end:]
            elif len(group) == 1 or self.phonemes:
                ready, waiting = waiting, ""
            else:
                ready, waiting = finished(waiting, self.language)
            yield from self._segments(self._runs(ready, first))
            first += ready.count("\n")
        yield from self._segments(self._runs(waiting, first))

    def _runs(self, text: str, line: int) -> Iterable[Run]:
        if is_ssml(text):
            return ssml_runs(text, self._style, line)
        if self.phonemes:
            return [
                Phonemes(row, self._style, Place(line + k)) for k, row in enumerate(text.split("\n")) if row.strip()
            ]
        return marked_runs(text, self._style, Place(line))

    def _something(self, segments: Iterator[Segment], texts: list[str]) -> Iterator[Segment]:
        empty = True
        for segment in segments:
            empty = empty and not segment.symbols and not segment.pause_after
            yield segment
        if empty:
            blank = all(not text.strip() for text in texts) and not self._warned
            raise TextError(
                "there is nothing to say: the text is empty"
                if blank
                else "there is nothing to say: the text has no words"
            )

    def _segments(self, runs: Iterable[Run]) -> Iterator[Segment]:
        sentence = _Sentence(self._style)
        for run in runs:
            if isinstance(run, End):
                yield from sentence.flushed(end=True)
            elif isinstance(run, Silence):
                yield from sentence.paused(run.seconds)
            elif isinstance(run, Phonemes):
                yield from sentence.in_style(run.style)
                joined = language_of(run.style.language).joined
                sentence.add(read_ipa(run.ipa, joined=joined, where=str(run.place)), run.ipa, "")
                if self.phonemes:
                    yield from sentence.flushed(end=True)
            else:
                yield from self._read_words(run, sentence)
        yield from sentence.flushed(end=True)

    def _read_words(self, run: Words, sentence: _Sentence) -> Iterator[Segment]:
        text, language = self._speakable(run), run.style.language
        if has_words(text):
            yield from sentence.in_style(run.style)
        # Otherwise it is the punctuation after words or phonemes, whose style it takes.
        pieces = sentences(text, language)
        piece = next(pieces, None)
        if piece is None:
            sentence.space()
            return
        if text[:1].isspace():
            sentence.space()
        while piece is not None:
            following = next(pieces, None)
            sentence.add(self._symbols(piece, run), piece, piece)
            if following is not None or ends_sentence(piece, language):
                # A long sentence is cut after a pause, which is no end of it.
                yield from sentence.flushed(end=not piece.endswith((",", ";", ":", "—")))
            piece = following
        if text[-1:].isspace():
            sentence.space()

    def _speakable(self, run: Words) -> str:
        """The text of a run without what cannot be read out, which is warned of."""
        found = {c: name for c, name in unspeakable(run.text).items() if c not in self._warned}
        if found:
            self._warned.update(found)
            named = ", ".join(f"{c} ({name})" for c, name in list(found.items())[:5])
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            self.on_warning(f"{run.place}: these characters cannot be read out and are left out: {named}{more}")
        return without_unspeakable(plain(run.text))

    def _symbols(self, piece: str, run: Words) -> Symbols:
        language = run.style.language
        if not has_words(piece):
            # Such as the full stop after phonemes.
            pauses = tuple(pause for _, pause in clauses(piece) if pause)
            return Symbols(pauses, (0,) * len(pauses))
        require_alphabet(piece, language, str(run.place))
        front_end = front_end_for(language, self.front_end)
        found = Symbols()
        for words, pause in clauses(front_end.prepared(piece)):
            if words and has_words(words):
                found += front_end.phonemes(words)
            if pause:
                found += Symbols((pause,), (0,))
        return found


class _Sentence:
    """The symbols of a sentence as they gather, and the segments that they make."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._symbols = Symbols()
        self._texts: list[str] = []

    def in_style(self, style: Style) -> Iterator[Segment]:
        """Go on in a style; yields what there is in another one."""
        if style != self._style:
            yield from self.flushed(end=False)
            self._style = style

    def add(self, symbols: Symbols, source: str, text: str) -> None:
        """Add symbols."""
        self._symbols += symbols
        self._texts.append(text or f"[[{source}]]")

    def space(self) -> None:
        """Add a boundary of words."""
        if len(self._symbols):
            self._symbols += _BOUNDARY

    def paused(self, seconds: float) -> Iterator[Segment]:
        """Yield what there is, with a silence after it."""
        segments = list(self.flushed(end=False))
        if segments:
            yield replace(segments[0], pause_after=seconds)
        elif seconds:
            yield self._segment(Symbols(), "", seconds)

    def flushed(self, *, end: bool) -> Iterator[Segment]:
        """Yield what there is; with a full stop if it is the end of a sentence that has none of its own."""
        symbols = tidied(self._symbols)
        if len(symbols):
            if end and symbols.symbols[-1] not in _ENDS:
                symbols = tidied(symbols + Symbols((".",), (0,)))
            yield self._segment(symbols, " ".join(self._texts), 0.0)
        self._symbols, self._texts = Symbols(), []

    def _segment(self, symbols: Symbols, text: str, pause: float) -> Segment:
        style = self._style
        return Segment(
            symbols.symbols, symbols.stress, style.language, style.voice, style.rate, style.pitch, pause, text
        )
