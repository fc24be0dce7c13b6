"""A folder of sounds: what counts, who speaks, at what rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from foretell.audio.corpus import common_rate, is_silent, read_corpus, sound_files, trimmed
from foretell.audio.levels import to_pcm
from foretell.audio.speakers import speaker_of
from foretell.errors import AudioError


def test_sounds_of_all_folders_sorted(voices: Path, make_tone) -> None:
    (voices / "more" / "deep").mkdir(parents=True)
    soundfile.write(voices / "more" / "deep" / "LAST.FLAC", make_tone(0.1), 8000)
    (voices / "notes.txt").write_text("hello")
    (voices / "._0_ann_0.wav").write_bytes(b"what macOS leaves")
    files, others = sound_files(voices)
    assert others == 2
    assert [file.name for file in files][:2] == ["0_ann_0.wav", "0_bob_0.wav"]
    assert files[-1].name == "LAST.FLAC"
    corpus = read_corpus(voices, to_pcm)
    assert (corpus.rate, corpus.ignored, len(corpus.sounds)) == (8000, 2, 11)
    assert corpus.speakers == ()
    assert corpus.samples == sum(round(8000 * (0.04 + 0.01 * take)) * 2 for take in range(5)) + 800


def test_one_file_stands_for_itself(voices: Path) -> None:
    corpus = read_corpus(voices / "0_ann_0.wav", to_pcm)
    assert [sound.name for sound in corpus.sounds] == ["0_ann_0.wav"]


def test_the_commonest_rate_is_taken(tmp_path: Path, make_tone) -> None:
    for name, rate in (("a", 8000), ("b", 11_025), ("c", 11_025), ("d", 48_000)):
        soundfile.write(tmp_path / f"{name}.wav", make_tone(0.1, rate), rate)
    files, _ = sound_files(tmp_path)
    assert common_rate(files) == 11_025
    assert common_rate(files[-1:]) == 16_000
    assert common_rate([files[0], files[1]]) == 8000
    corpus = read_corpus(tmp_path, to_pcm, rate=6000)
    assert [len(sound.levels) for sound in corpus.sounds] == pytest.approx([600] * 4, abs=1)


def test_silence_is_trimmed_and_counted(tmp_path: Path, make_tone) -> None:
    soundfile.write(tmp_path / "a.wav", np.concatenate([np.zeros(4000), make_tone(0.5)]), 8000)
    corpus = read_corpus(tmp_path, to_pcm, trim=40)
    assert corpus.trimmed == 8000 - len(corpus.sounds[0].levels)
    assert 3900 <= corpus.trimmed <= 4000
    assert read_corpus(tmp_path, to_pcm).trimmed == 0


def test_a_silent_file_is_refused_unless_asked_for(tmp_path: Path, make_tone) -> None:
    soundfile.write(tmp_path / "a.wav", make_tone(0.5), 8000)
    soundfile.write(tmp_path / "b.wav", np.zeros(4000), 8000)
    with pytest.raises(AudioError, match=r"b\.wav is silent throughout.*--skip-silent"):
        read_corpus(tmp_path, to_pcm, trim=40)
    corpus = read_corpus(tmp_path, to_pcm, trim=40, skip_silent=True)
    assert (corpus.skipped, len(corpus.sounds)) == (("b.wav",), 1)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(AudioError, match="holds only silent files"):
        read_corpus(tmp_path, to_pcm, skip_silent=True)


def test_a_bad_file_is_named(voices: Path) -> None:
    (voices / "5_cid_0.wav").write_bytes(b"no sound at all")
    with pytest.raises(AudioError, match=r"5_cid_0\.wav cannot be read as audio"):
        read_corpus(voices, to_pcm)


def test_no_sound(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="holds no sound, nothing"):
        sound_files(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(AudioError, match="1 other file"):
        sound_files(tmp_path)
    with pytest.raises(AudioError, match="there is no folder"):
        sound_files(tmp_path / "none")


def test_speakers(voices: Path) -> None:
    assert read_corpus(voices, to_pcm, speakers_from="name").speakers == ("ann", "bob")
    assert read_corpus(voices, to_pcm, speakers_from="folder").speakers == ("voices",)
    assert speaker_of(Path("x/7_george_12.wav"), "name") == "george"
    assert speaker_of(Path("x/7_george_12_b.wav"), "name") == "george"
    assert speaker_of(Path("x/p225_001.wav"), "name") == "p225"
    assert speaker_of(Path("x/p225_001.wav"), "folder") == "x"
    assert speaker_of(Path("x/y/../p225_001.wav"), "folder") == "x"
    assert speaker_of(Path("x/y/z/../../p225_001.wav"), "folder") == "x"
    for nameless in ("LJ001.wav", "_1.wav", "7__1.wav"):
        with pytest.raises(AudioError, match=r"names no speaker.*--speakers-from folder"):
            speaker_of(Path(nameless), "name")


def test_ends_go_and_a_margin_stays(make_tone) -> None:
    sound = make_tone(0.1)
    padded = np.concatenate([np.zeros(1000, np.float32), sound, np.full(3000, 1e-5, np.float32)])
    cut = trimmed(padded, 8000, 40)
    # The sine begins at 0; 10 ms are 80 samples.
    assert abs(len(cut) - (len(sound) + 160)) <= 4
    assert len(trimmed(padded, 8000, 120)) > 3800


def test_silence_stays_whole() -> None:
    for silence in (np.zeros(500, np.float32), np.full(500, 0.25, np.float32), np.full(1, 0.5, np.float32)):
        assert is_silent(silence)
        assert trimmed(silence, 8000, 40) is silence
    assert not is_silent(np.array([0, 2**-15], np.float32))


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50), st.floats(0.1, 200))
def test_the_loudest_sample_always_stays(samples: list[float], threshold: float) -> None:
    sound = np.array(samples, np.float32)
    cut = trimmed(sound, 100, threshold)
    assert 1 <= len(cut) <= len(sound)
    loudest = np.abs(sound - sound.mean(dtype=np.float64)).argmax()
    assert sound[loudest] in cut
