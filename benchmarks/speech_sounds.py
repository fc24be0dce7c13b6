"""The sounds that are judged: recordings, the same through the vocoder alone, speech from text, and that of others."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from foretell.audio.reading import read_sound
from foretell.speech import Speech, SpeechModel, SpeechSettings, Voices, read_speech
from foretell.speech.contour import Contour
from foretell.speech.corpus import Recording
from foretell.speech.scales import log_hertz, vocoder_frames
from foretell.speech.synthesis import Synthesiser
from foretell.speech.transcripts import read_transcripts

RATE = 16_000
REFERENCE, PROMPTS, HARVARD = "reference", "prompts", "Harvard"
RECORDINGS, CODEC, OURS = "recordings", "recordings through the vocoder", "foretell"
_PEERS = Path(__file__).with_name("speech_peers.py")


@dataclass(frozen=True)
class Sound:
    """A sound to be judged."""

    path: Path
    row: str
    """Who made it."""
    part: str
    """`REFERENCE`: recordings that a speaker is known by; `PROMPTS`: those that were held out; `HARVARD`."""
    voice: str
    language: str
    text: str
    recording: str
    """The file that was recorded, if there is one."""


@dataclass(frozen=True)
class Prompt:
    """A recording with its text."""

    sound: Path
    voice: str
    language: str
    text: str


@cache
def read(folders: tuple[Path, ...], settings: SpeechSettings) -> tuple[Speech, Speech]:
    """The recordings that training with these settings learns from, and those that it holds out."""
    source = Voices(folders)
    learned, held = source.hold_out(source.read(settings), settings)
    if held is None:
        raise SystemExit("Nothing is held out: train with --validation above 0.")
    return learned, held


def divided(folders: Sequence[Path], settings: SpeechSettings, notes: Path) -> tuple[list[Prompt], list[Prompt]]:
    """The prompts that training holds out, and those that it learns from; which these are is kept in `notes`.

    To know them every recording has to be read, as training reads them.
    """
    if not notes.is_file():
        names = [sorted((r.voice, r.name) for r in part.recordings) for part in read(tuple(folders), settings)]
        notes.write_text(json.dumps(names), encoding="utf-8")
    learned, held = ({tuple(pair) for pair in part} for part in json.loads(notes.read_text(encoding="utf-8")))
    rows = [row for folder in folders for row in read_transcripts(folder).rows]
    prompts = [((r.voice, r.sound.name), Prompt(r.sound, r.voice, r.language or "en", r.text)) for r in rows]
    return [p for key, p in prompts if key in held], [p for key, p in prompts if key in learned]


def place_of(folder: Path, row: str, part: str, voice: str, number: int) -> Path:
    """Where the sound of a prompt lies."""
    return folder / row.replace(" ", "-") / part / voice / f"{number:03}.wav"


class Recorder:
    """Writes sounds at 16 kHz into folders of their rows, and lists them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sounds: list[Sound] = []

    def keep(self, row: str, part: str, prompts: Iterable[Prompt], make: Callable[[Prompt, Path], None]) -> None:
        """Let `make` write the sound of each prompt; one that is there already is not made again."""
        for number, prompt in enumerate(prompts):
            path = place_of(self.folder, row, part, prompt.voice, number)
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                make(prompt, path)
            self.sounds.append(Sound(path, row, part, prompt.voice, prompt.language, prompt.text, prompt.sound.name))


def write(path: Path, waveform: NDArray[np.float32], rate: int) -> None:
    """Write a waveform at 16 kHz."""
    soundfile.write(path, np.clip(waveform, -1, 1), rate)
    if rate != RATE:
        soundfile.write(path, read_sound(path, RATE), RATE)


def recorded(prompt: Prompt, path: Path) -> None:
    """A prompt as it was recorded."""
    write(path, read_sound(prompt.sound, RATE), RATE)


class Through:
    """The vocoder alone: the spectrum and pitch of a recording -> sound."""

    def __init__(self, model: SpeechModel, folder: Path) -> None:
        self._model, self._folder = model, folder
        self._synthesiser = Synthesiser(model.network, model.learned)

    def __call__(self, prompt: Prompt, path: Path) -> None:
        """Write the copy of a prompt."""
        network, recording = self._model.network, self._read(prompt)
        pitch, voiced = torch.from_numpy(log_hertz(recording.hertz)), torch.from_numpy(recording.voiced)
        frames = vocoder_frames(network.scaled(recording.mel), pitch, voiced)[None]
        contour = Contour(recording.mel, frames, torch.zeros(0))
        chunks = list(self._synthesiser.sound(contour, seed=0))
        write(path, np.concatenate(chunks), self._model.rate)

    def _read(self, prompt: Prompt) -> Recording:
        place = self._folder / "one"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        shutil.copy(prompt.sound, place)
        (place / "metadata.csv").write_text(f"{prompt.sound.name}|{prompt.language}|{prompt.text}\n", encoding="utf-8")
        read: Speech = read_speech([place], rate=self._model.rate, bands=self._model.settings.bands)
        return read.recordings[0]


def spoken(model: SpeechModel) -> Callable[[Prompt, Path], None]:
    """What speaks a prompt with its voice."""

    def make(prompt: Prompt, path: Path) -> None:
        said = model.say(prompt.text, voice=prompt.voice, language=prompt.language)
        write(path, said, model.rate)

    return make


def said_by_peer(recorder: Recorder, peer: str, python: str, parts: dict[str, list[Prompt]]) -> bool:
    """Let another synthesiser say the prompts of each part; False where it is not installed."""
    waiting: list[tuple[Prompt, Path]] = []

    def later(prompt: Prompt, path: Path) -> None:
        waiting.append((prompt, path))

    first = len(recorder.sounds)
    for part, prompts in parts.items():
        recorder.keep(peer, part, prompts, later)
    lines = recorder.folder / "lines.json"
    lines.write_text(json.dumps([{"text": p.text, "path": str(path)} for p, path in waiting]), encoding="utf-8")
    done = subprocess.run([python, str(_PEERS), peer, str(lines)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{peer} is left out: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'not installed'}")
        del recorder.sounds[first:]
        return False
    for _, path in waiting:
        write(path, read_sound(path, RATE), RATE)
    return True


def harvard(voice: str) -> Iterator[Prompt]:
    """The Harvard sentences (IEEE, 1969), lists 1 to 5, for an English voice."""
    for line in Path(__file__).with_name("harvard_sentences.txt").read_text(encoding="utf-8").splitlines():
        yield Prompt(Path(), voice, "en", line)


def pico_voice(folder: Path, words: Path, count: int, python: str) -> Path:
    """A folder of recordings of Pico, which says lines of a text that the voices never said."""
    if (folder / "metadata.csv").is_file():
        return folder
    rows = [row.strip() for row in words.read_text(encoding="utf-8").splitlines()]
    plain = [row for row in rows if re.fullmatch(r"[A-Za-z ,.'-]+", row) and 6 <= len(row.split()) <= 12]
    chosen = of_many_words(plain, count)
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    lines = [{"text": row, "path": str(folder / "wavs" / f"{n:04}.wav")} for n, row in enumerate(chosen)]
    (folder / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
    subprocess.run([python, str(_PEERS), "Pico", str(folder / "lines.json")], check=True)
    metadata = "".join(f"{n:04}|en|{row}\n" for n, row in enumerate(chosen))
    (folder / "metadata.csv").write_text(metadata, encoding="utf-8")
    return folder


def of_many_words(sentences: Sequence[str], count: int) -> list[str]:
    """Choose sentences of many different words: always the one that adds the most, or the first of several."""
    left = {sentence: set(re.findall(r"[a-z']+", sentence.lower())) for sentence in sentences}
    chosen: list[str] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda sentence: len(left[sentence]))
        added = left.pop(best)
        chosen.append(best)
        for words in left.values():
            words -= added
    return chosen
