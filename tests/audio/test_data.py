"""What a model is trained on and judged by, and what is said of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell.audio.corpus import Sound
from foretell.audio.data import hold_out, names, read_data
from foretell.errors import AudioError


def test_a_share_is_held_out(voices: Path, tiny) -> None:
    data = read_data(voices, tiny(validation=0.2, speakers_from="name"))
    assert (len(data.training), len(data.validation)) == (8, 2)
    assert data.speakers == ("ann", "bob")
    assert data.rate == 8000
    parts = data.parts()
    assert [sound.name for sound in parts.training.sounds] == [sound.name for sound in data.training]
    assert parts.validation is not None
    assert (parts.counts["training"], parts.counts["validation"], parts.validation.rate) == (8, 2, 8000)
    said = "\n".join(data.sentences())
    assert "10 sounds, 0.6 s at 8,000 samples per second." in said
    assert "2 speakers, by the files' names: ann, bob." in said
    assert "Validation: 2 sounds of them, held out." in said


def test_another_folder_judges(voices: Path, tmp_path: Path, tiny, make_tone) -> None:
    other = tmp_path / "other"
    other.mkdir()
    soundfile.write(other / "9_bob_9.wav", make_tone(0.2, 16_000), 16_000)
    (other / "readme.txt").write_text("read me")
    data = read_data(voices, tiny(speakers_from="name"), validation=other)
    assert (len(data.training), len(data.validation)) == (10, 1)
    assert len(data.validation[0].levels) == pytest.approx(1600, abs=1)
    assert f"Validation: 1 sound of {other}." in data.sentences()
    soundfile.write(other / "9_eve_9.wav", make_tone(0.2), 8000)
    with pytest.raises(AudioError, match=r"9_eve_9\.wav: the speaker 'eve' is not among ann, bob"):
        read_data(voices, tiny(speakers_from="name"), validation=other)


def test_everything_that_happened_is_said(tmp_path: Path, tiny, make_tone) -> None:
    soundfile.write(tmp_path / "a.wav", np.concatenate([np.zeros(8000), make_tone(1)]), 8000)
    soundfile.write(tmp_path / "b.wav", np.zeros(8000), 8000)
    (tmp_path / "c.txt").write_text("c")
    data = read_data(tmp_path, tiny(skip_silent=True))
    assert data.sentences() == [
        "1 sound, 1.0 s at 8,000 samples per second.",
        "1.0 s of silence were cut off at their ends.",
        "1 other file in the folder: ignored.",
        "1 file silent throughout: skipped, such as b.wav.",
        "Validation: the end of the one sound there is.",
    ]
    assert read_data(tmp_path, tiny(skip_silent=True, validation=0)).sentences()[-1] == (
        "Nothing is held out for validation."
    )


def test_many_names() -> None:
    assert names(tuple(f"s{k}" for k in range(10))) == "s0, s1, s2, s3, s4, s5, s6, s7 and 2 more"


def test_a_validation_folder_within_the_training_folder_is_left_out_of_it(voices: Path, tiny, make_tone) -> None:
    inner = voices / "valid"
    inner.mkdir()
    soundfile.write(inner / "9_bob_9.wav", make_tone(0.2), 8000)
    (inner / "9_ann_9.wav").symlink_to(voices / "0_ann_0.wav")
    data = read_data(voices, tiny(), validation=inner)
    assert [sound.name for sound in data.validation] == ["9_ann_9.wav", "9_bob_9.wav"]
    # Neither what lies there nor what a link there means is trained on.
    assert len(data.training) == 9
    assert not {sound.name for sound in data.training} & {"0_ann_0.wav", "valid/9_bob_9.wav", "valid/9_ann_9.wav"}
    assert data.sentences()[-1] == (
        f"Validation: 2 sounds of {inner}. 3 sounds of it in the training folder: left out of training."
    )


def test_a_validation_folder_that_holds_what_is_trained_on(voices: Path, tmp_path: Path, tiny) -> None:
    (tmp_path / "link").symlink_to(voices)
    for folder in (voices.parent, voices, voices / ".." / "voices", tmp_path / "link"):
        with pytest.raises(AudioError, match=r"the sounds to train on, .*, are part of it"):
            read_data(voices, tiny(), validation=folder)
    with pytest.raises(AudioError, match="the sounds to train on"):
        read_data(voices / "0_ann_0.wav", tiny(), validation=voices)


def test_clipped_samples_are_counted(tmp_path: Path, tiny) -> None:
    loud = np.array([0.5, -1.5, 1.25, -1.0, 1.0, 0.25] * 50, np.float32)
    soundfile.write(tmp_path / "a.wav", loud, 8000, subtype="FLOAT")
    assert "100 samples beyond full scale: clipped." in read_data(tmp_path, tiny()).sentences()


def sounds(count: int, speakers: int = 0) -> list[Sound]:
    levels = np.arange(100, dtype=np.int16)
    return [Sound(f"{k}", levels, f"s{k % speakers}" if speakers else None) for k in range(count)]


@pytest.mark.parametrize(("count", "share", "held"), [(10, 0.1, 1), (10, 0.25, 2), (3, 0.01, 1), (100, 0.3, 30)])
def test_whole_files(count: int, share: float, held: int) -> None:
    training, validation = hold_out(sounds(count), share, 0)
    assert len(validation) == held
    assert sorted(s.name for s in [*training, *validation]) == sorted(s.name for s in sounds(count))
    again = hold_out(sounds(count), share, 0)[1]
    assert [s.name for s in again] == [s.name for s in validation]


def test_the_seed_decides() -> None:
    drawn = {tuple(s.name for s in hold_out(sounds(50), 0.2, seed)[1]) for seed in range(5)}
    assert len(drawn) == 5


def test_every_speaker_stays_in_training() -> None:
    for seed in range(20):
        training, validation = hold_out(sounds(8, speakers=4), 0.5, seed)
        assert Counter(s.speaker for s in training) == {f"s{k}": 1 for k in range(4)}
        assert len(validation) == 4
    assert hold_out(sounds(4, speakers=4), 0.5, 0)[1] == []


def test_of_one_file_the_end() -> None:
    (training,), (validation,) = hold_out(sounds(1), 0.2, 0)
    assert training.levels.tolist() == list(range(80))
    assert validation.levels.tolist() == list(range(80, 100))


def test_nothing() -> None:
    training, validation = hold_out(sounds(5), 0, 0)
    assert (len(training), len(validation)) == (5, 0)
    tiny = Sound("a", np.zeros(1, np.int16))
    assert hold_out([tiny], 0.1, 0) == ([tiny], [])
