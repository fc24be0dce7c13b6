"""The command that speaks, with a voice that says every symbol as ten equal samples."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from foretell.errors import SettingsError, TextError
from foretell.speech.repertoire import Repertoire
from foretell.speech.request import Request
from foretell.speech.say import Say
from foretell.speech.utterance import Segment

VOICES = Repertoire.of([Segment(("t", "a", "."), (0, 1, 0), "en", "ann")])


class Model:
    """A model whose sound is the numbers of its symbols."""

    rate = 8000

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def stream(self, text: Any, *, on_warning: Any, seed: int, **asked: Any) -> Iterator[NDArray[np.float32]]:
        self.asked = {"seed": seed, **asked}
        asked.pop("temperature", None)
        for segment in Request(**asked).segments(text, VOICES, on_warning):
            yield np.repeat(np.array(VOICES.symbols.numbers(segment.symbols), np.float32) / 8, 10)


class Notes:
    """A printer that keeps what it is told."""

    json = False

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, sentence: str, style: str = "") -> None:  # noqa: ARG002
        self.said.append(sentence)

    note = say

    def progress(self, *_: Any, **__: Any) -> Any:
        return nullcontext(lambda _: None)


class Standard:
    """A standard stream with bytes below."""

    def __init__(self, data: bytes = b"") -> None:
        self.buffer = io.BytesIO(data)

    def isatty(self) -> bool:
        return False


def run(say: Say) -> tuple[dict[str, Any], Model, Notes]:
    model, notes = Model(), Notes()
    say.check(json=False)
    return say.run(model, notes), model, notes  # type: ignore[arg-type]


def said(path: Path) -> str:
    waveform, rate = soundfile.read(path)
    assert rate == 8000
    return "".join(VOICES.symbols.symbols[round(8 * float(level))] for level in waveform[::10])


def test_a_text_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "x.wav"
    content, model, notes = run(Say(str(out), "ta", phonemes=True, speed=1.5, seed=3, temperature=0.5))
    assert said(out) == "ta."
    assert content["samples"] == 30
    assert content["files"] == {"sound": str(out)}
    assert (model.asked["seed"], model.asked["speed"], model.asked["temperature"]) == (3, 1.5, 0.5)
    assert f"{out}: 0.00 s of speech" in notes.said[-1]
    assert "temperature" not in run(Say(str(out), "ta", phonemes=True))[1].asked


def test_files_with_text(tmp_path: Path) -> None:
    out = tmp_path / "x.flac"
    (tmp_path / "a.txt").write_bytes(gzip.compress("ta\r\nat\n".encode("utf-16")))
    run(Say(str(out), file=tmp_path / "a.txt", phonemes=True))
    assert said(out) == "ta.at."
    with pytest.raises(TextError, match="there is no file"):
        run(Say(str(out), file=tmp_path / "b.txt"))


def test_standard_input_and_output(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Standard()
    monkeypatch.setattr(sys, "stdin", Standard(b"ta\nat\n"))
    monkeypatch.setattr(sys, "stdout", output)
    say = Say("-", phonemes=True)
    assert say.takes_stdout(json=False)
    content, _, _ = run(say)
    assert content["files"] == {}
    waveform, rate = soundfile.read(io.BytesIO(output.buffer.getvalue()))
    assert (len(waveform), rate) == (60, 8000)


def test_raw_output(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Standard()
    monkeypatch.setattr(sys, "stdout", output)
    run(Say("-", "ta", phonemes=True, stream_format="raw"))
    assert len(output.buffer.getvalue()) == 60


def test_warnings_are_notes(tmp_path: Path) -> None:
    _, _, notes = run(Say(str(tmp_path / "x.wav"), "tæ", phonemes=True))
    assert notes.said[0] == (
        "warning: ann: the voice was not trained on some of these sounds and says the nearest that it knows: æ by a"
    )


def test_nothing_is_written_where_the_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("before")
    for text, words in (("", "nothing to say"), ("ta\nQ", "line 2, column 1: 'Q'")):
        with pytest.raises(TextError, match=words):
            run(Say(str(tmp_path / "x.wav"), text, phonemes=True))
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]
    assert (tmp_path / "x.wav").read_text() == "before"


@pytest.mark.parametrize(
    ("say", "kind", "words"),
    [
        (Say("x.wav", "a", Path("b")), SettingsError, "the text and --file are two texts"),
        (Say("x.wav", "a", encoding="cp1252"), SettingsError, "--encoding is for a file or standard input"),
        (Say("x.wav", "a", speed=9), SettingsError, "speed 9: give 0.2 to 5"),
        (Say("x.wav", "a", stream_format="raw"), SettingsError, "--format raw is for --out -"),
        (Say("x.mp3", "a"), SettingsError, "end its name in one of .wav, .flac"),
        (Say("nowhere/x.wav", "a"), SettingsError, "there is no folder nowhere"),
    ],
)
def test_what_is_refused_before_any_work(
    say: Say, kind: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=words):
        say.check(json=False)


def test_standard_output_is_for_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="--json and --out - both write to standard output"):
        Say("-", "a").check(json=True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(SettingsError, match="would write sound to the terminal: pipe it into a player"):
        Say("-", "a").check(json=False)


def test_a_pipe_that_closes_while_speaking(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closing(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() > 100:
                raise BrokenPipeError
            return super().write(data)

    output = Standard()
    output.buffer = Closing()
    monkeypatch.setattr(sys, "stdout", output)
    spoken: list[int] = []

    class Counting(Model):
        def stream(self, *arguments: Any, **asked: Any) -> Iterator[NDArray[np.float32]]:
            for waveform in super().stream(*arguments, **asked):
                spoken.append(len(waveform))
                yield waveform

    with pytest.raises(BrokenPipeError):
        Say("-", "ta\n" * 100, phonemes=True).run(Counting(), Notes())  # type: ignore[arg-type]
    assert len(spoken) < 5
