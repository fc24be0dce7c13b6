"""The program espeak-ng, by a stand-in that prints what the real one would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from foretell.errors import SettingsError, TextError
from foretell.speech.text import Reader
from foretell.speech.text.front_ends.espeak import Espeak

PROGRAM = """#!{python}
import sys
voice, words = sys.argv[sys.argv.index("-v") + 1], sys.stdin.buffer.read().decode()
known = {known!r}
if voice not in known:
    sys.exit("Error: The specified espeak-ng voice does not exist.")
sys.stdout.buffer.write(known[voice].get(words, words).encode())
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name, first on the path."""
    known = {
        "en-us": {"hello world": "həlˈoʊ wˈɜːld\n", "Doctor Who": "dˈɑːktɚ hˈuː\n"},
        "fr": {"le weekend": "lə- (en)wiːkˈɛnd(fr)\n", "les enfants": "le-z ɑ̃fˈɑ̃\n"},
        "de": {"Zeit": "tsˈaɪt\n"},
        "cmn": {"你好": "ni2χˈɑu2\n", "坏": "x§\n"},
        "ru": {"меню": 'mʲinˈu"\n', "вы": "vˈy^\n"},
        "ga": {"a": "ˈA X`S# ːa ʲa\n"},
    }
    path = tmp_path / "espeak-ng"
    path.write_text(PROGRAM.format(python=sys.executable, known=known), encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return path


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("language", "words", "symbols"),
    [
        ("en", "hello world", "h ə l oʊ _ w ɜː l d"),
        ("en-gb", "hello world", "h ə l oʊ _ w ɜː l d"),
        ("fr", "le weekend", "l ə _ w iː k ɛ n d"),
        ("fr", "les enfants", "l e z _ ɑ̃ f ɑ̃"),
        ("de", "Zeit", "t͡s aɪ t"),
        ("zh", "你好", "n i χ ɑ u"),
        ("en", "", ""),
        ("ru", "меню", "mʲ i n ʉ"),
        ("ru", "вы", "v ɨ"),
        ("ga", "a", "ɑ _ χ ʃ _ a _ a"),
    ],
)
def test_phonemes(language: str, words: str, symbols: str) -> None:
    found = Espeak.of(language).phonemes(words)
    assert " ".join(found.symbols).replace("   ", " _ ") == symbols
    assert sum(found.stress) <= 2


@pytest.mark.usefixtures("program")
def test_text() -> None:
    (found,) = Reader("en", front_end="espeak-ng").read("Dr. Who, hello world")
    assert "".join(found.symbols) == "dɑːktɚ huː,həloʊ wɜːld."


@pytest.mark.usefixtures("program")
def test_languages_and_symbols_that_it_does_not_know() -> None:
    with pytest.raises(SettingsError, match=r"espeak-ng has no language 'qq' \(Error: The specified .*--voices"):
        Espeak.of("qq").phonemes("a")
    with pytest.raises(TextError, match=r"^espeak-ng, '坏': '§'"):
        Espeak.of("zh").phonemes("坏")


def test_a_program_that_does_not_run(program: Path) -> None:
    program.write_text("#!/nowhere\n")
    with pytest.raises(TextError, match=r"espeak-ng failed on 'a'"):
        Espeak.of("en").phonemes("a")
