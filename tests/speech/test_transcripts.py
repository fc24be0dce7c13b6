"""Transcripts in all the ways in which they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from foretell.errors import ForetellError
from foretell.speech.transcripts import read_transcripts


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(text: str | bytes, *names: str) -> Path:
        voice = tmp_path / "linda"
        (voice / "wavs").mkdir(parents=True)
        for name in names or ("a.wav", "b.wav"):
            (voice / "wavs" / name).write_bytes(b"")
        content = text if isinstance(text, bytes) else text.encode()
        (voice / "metadata.csv").write_bytes(content)
        return voice

    return make


@pytest.mark.parametrize(
    "text",
    [
        "a|en|Hello.\nb|fr|Bonjour !\n",
        "a.wav|EN|Hello.\r\nb.wav|fr|Bonjour !\r\n",
        "\ufeffwavs/a.wav | en | Hello.\n\nwavs/b.wav|fr|Bonjour !",
        "a\ten\tHello.\nb\tfr\tBonjour !\n",
        "file_name|language|transcription\na.wav|en|Hello.\nb.wav|fr|Bonjour !\n",
        "language|text|id|normalized_text\nen|Hi|a|Hello.\nfr|Salut|b|Bonjour !\n",
    ],
)
def test_names_languages_and_texts(folder: Callable[..., Path], text: str) -> None:
    found = read_transcripts(folder(text), "de")
    assert [(r.sound.name, r.voice, r.language, r.text) for r in found.rows] == [
        ("a.wav", "linda", "en", "Hello."),
        ("b.wav", "linda", "fr", "Bonjour !"),
    ]
    assert found.untranscribed == 0


def test_two_columns_take_the_language_that_is_given(folder: Callable[..., Path]) -> None:
    voice = folder("a|One.\nb|Two.\n", "a.flac", "b.wav", "c.wav")
    assert [row.language for row in read_transcripts(voice, "en").rows] == ["en", "en"]
    assert [row.language for row in read_transcripts(voice).rows] == [None, None]
    assert read_transcripts(voice).untranscribed == 1


def test_the_third_column_of_ljspeech_has_numbers_in_words(folder: Callable[..., Path]) -> None:
    found = read_transcripts(folder("a|In 1455.|In fourteen fifty-five.\nb|Yes.|Yes.\n"), "en")
    assert [row.text for row in found.rows] == ["In fourteen fifty-five.", "Yes."]


def test_a_column_of_speakers(folder: Callable[..., Path]) -> None:
    found = read_transcripts(folder("a|p225|en-gb|One.\nb|p226|en_US|Two.\n"))
    assert [(row.voice, row.language) for row in found.rows] == [("p225", "en-gb"), ("p226", "en-us")]


def test_a_recording_with_two_transcripts_has_none(folder: Callable[..., Path]) -> None:
    found = read_transcripts(folder("a|en|One.\nb|en|Two.\nb.wav|en|Two.\na|en|Ten.\n"))
    assert [row.text for row in found.rows] == ["Two."]
    assert (found.ambiguous, found.untranscribed) == (("a.wav",), 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "metadata.csv is empty"),
        ("a|en|One.\nc|en|Two.\n", r"metadata.csv:2 names 'c', but there is no such file"),
        ("a|en|One.\nb|en|\n", r"metadata.csv:2 has no text"),
        ("a|en|One.\nb|Two.\n", r"metadata.csv:2 has 2 columns, the first line 3"),
        ("a|b|c|d|e\n", "has 5 columns: write name"),
        ("name|text\n", "names no recording"),
        (b"a|en|One.\nb|en|\xe9t\xe9\n", r"metadata.csv:2 is not UTF-8"),
    ],
)
def test_refuses(folder: Callable[..., Path], text: str, said: str) -> None:
    with pytest.raises(ForetellError, match=said):
        read_transcripts(folder(text), "en")


def test_refuses_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ForetellError, match="there is no folder"):
        read_transcripts(tmp_path / "nobody")
    with pytest.raises(ForetellError, match=r"has no metadata\.csv"):
        read_transcripts(tmp_path)
