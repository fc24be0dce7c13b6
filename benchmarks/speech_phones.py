"""A recogniser of phonemes, trained on the recordings that the voices learned from, for languages without a judge.

It reads mel spectra by two layers of LSTM in both directions and learns the phonemes of a recording by connectionist
temporal classification (Graves et al., 2006) and, beside it, the phoneme of each frame by the model's alignment. What
it hears is compared with the phonemes of the text; only those of the language can be heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from speech_sounds import CODEC, OURS, PROMPTS, RATE, RECORDINGS, Recorder
from speech_table import errors
from torch import Tensor, nn

from foretell.audio.reading import read_sound
from foretell.audio.signal import Frames, MelSpectrum
from foretell.nn import LSTM
from foretell.speech import Speech, SpeechModel
from foretell.speech.acoustic_task import AcousticBatch, AcousticBatches
from foretell.speech.aligning import align_others
from foretell.speech.preparing import prepared
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY
from foretell.training.loop import train

STEPS = 1_500
JUDGES_BELOW = 0.2
_BATCH = 16
_SIZE = 160
_HIDDEN_BANDS = 8
_WIDEST = 0.2
"""In training, of each recording up to so many neighbouring bands, and this share of its frames, are hidden."""


class Recogniser(nn.Module):
    """Spectra `(B, T, bands)` to scores of nothing and of `symbols` at every second frame."""

    def __init__(self, bands: int, symbols: int) -> None:
        super().__init__()
        self.near = nn.Conv1d(bands, _SIZE, 5, stride=2, padding=2)
        self.recurrent = LSTM(_SIZE, _SIZE, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.heard = nn.Linear(2 * _SIZE, 1 + symbols)
        self.frame = nn.Linear(2 * _SIZE, 1 + symbols)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores `(B, T / 2, 1 + symbols)` of what is heard, and of each frame on its own."""
        x = F.dropout(F.relu(self.near(mel.mT)).mT, 0.2, self.training)
        y = F.dropout(self.recurrent(x)[0], 0.3, self.training)
        return self.heard(y), self.frame(y)


class Phones:
    """A trained recogniser, and the phonemes of each language."""

    def __init__(self, model: SpeechModel, network: Recogniser) -> None:
        self._model, self._network = model, network.eval()
        self._mel = MelSpectrum(Frames(model.rate), model.settings.bands)
        self._allowed: dict[str, Tensor] = {}
        for inventory in model.learned.repertoire.voices.values():
            numbers = model.learned.symbols.numbers([s for s in inventory.symbols.symbols if is_sound(s)])
            for language in inventory.languages:
                own = self._allowed.setdefault(language, torch.full((1 + len(model.learned.symbols),), -torch.inf))
                own[[0, *(1 + n for n in numbers)]] = 0

    def heard(self, waveform: NDArray[np.float32], language: str) -> list[str]:
        """The phonemes of a sound."""
        mel = self._model.network.scaled(self._mel.of(waveform))[None]
        with torch.no_grad():
            scores = self._network(mel)[0][0] + self._allowed[language]
        best = [int(k) for k in torch.unique_consecutive(scores.argmax(1)) if k]
        return [self._model.learned.symbols.symbols[k - 1] for k in best]


def is_sound(symbol: str) -> bool:
    """Whether a symbol is heard."""
    return symbol != WORD_BOUNDARY and symbol not in PAUSES


def phones_of(model: SpeechModel, speech: Speech, place: Path) -> Phones:
    """A recogniser of the phonemes in recordings; what is trained lies beside `place` and is not trained again."""
    learned, network = model.learned, model.network
    speech = learned.known(speech)
    recordings = prepared(network, learned, speech, align_others(network, speech, learned.voices, learned.phonemes))
    sounds = torch.tensor([False, *map(is_sound, learned.symbols.symbols)])

    def loss(recogniser: nn.Module, batch: AcousticBatch, state: None) -> tuple[Tensor, None]:
        heard, frame = recogniser(hidden(batch.mel) if recogniser.training else batch.mel)
        symbols = 1 + batch.symbols
        spoken = sounds[symbols] & batch.symbol_mask
        lengths = batch.durations.sum(1)
        targets, counts = symbols[spoken], spoken.sum(1)
        scores = heard.log_softmax(2).transpose(0, 1)
        taught = F.ctc_loss(scores, targets, (lengths + 1) // 2, counts, reduction="sum", zero_infinity=True)
        due = [torch.where(sounds[s], s, 0).repeat_interleave(d) for s, d in zip(symbols, batch.durations, strict=True)]
        wanted = torch.nn.utils.rnn.pad_sequence(due, batch_first=True, padding_value=-100)[:, ::2]
        aligned = F.cross_entropy(frame.flatten(0, 1), wanted.flatten(), ignore_index=-100)
        return taught / counts.sum() + aligned, state

    torch.manual_seed(0)
    recogniser = Recogniser(model.settings.bands, len(learned.symbols))
    settings = replace(
        model.settings.training, minutes=None, steps=STEPS, learning_rate=3e-3, checkpoint_every=100, average=0.99
    )
    batches = AcousticBatches(recordings, _BATCH, 0)
    train(recogniser, batches, loss, settings=settings, device="cpu", checkpoint=place, identity="phones")
    return Phones(model, recogniser)


def hidden(mel: Tensor) -> Tensor:
    """Spectra of which some bands and frames are hidden (SpecAugment, Park et al., 2019)."""
    frames, bands = mel.shape[1:]
    kept = torch.ones_like(mel)
    for row in kept:
        wide = int(torch.randint(0, _HIDDEN_BANDS + 1, ()))
        low = int(torch.randint(0, bands - wide + 1, ()))
        row[:, low : low + wide] = 0
        long = int(torch.rand(()) * _WIDEST * frames)
        start = int(torch.randint(0, frames - long + 1, ()))
        row[start : start + long] = 0
    return mel * kept


def phone_errors(recorder: Recorder, phones: Phones, held: Speech, voices: Iterable[str]) -> list[str]:
    """A table: by voice the share of phonemes that are heard wrongly in recordings and in what was synthesised.

    Of a voice whose recordings it does not hear well the recogniser is no judge, which is said.
    """
    due = {(r.voice, r.name): [s for s in r.symbols if is_sound(s)] for r in held.recordings}
    rows: Sequence[str] = (RECORDINGS, CODEC, OURS)
    lines = ["| phoneme error | " + " | ".join(rows) + " |", "|---|" + "---|" * len(rows)]
    unheard = []
    for voice in voices:
        cells: list[float] = []
        for row in rows:
            wrong = total = 0
            for sound in recorder.sounds:
                if (sound.row, sound.part, sound.voice) == (row, PROMPTS, voice):
                    wanted = due[voice, sound.recording]
                    heard = phones.heard(read_sound(sound.path, RATE), sound.language)
                    wrong, total = wrong + errors(heard, wanted), total + len(wanted)
            cells.append(wrong / max(1, total))
        lines.append(f"| {voice} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
        if cells[0] > JUDGES_BELOW:
            unheard.append(voice)
    if unheard:
        lines.append(f"Above {JUDGES_BELOW} in recordings, so that it is no judge of {', '.join(unheard)}.")
    return lines
