"""The spoken digits: bits per sample of the test takes, of a WaveNet trained by `foretell.audio` and of its rivals."""

from __future__ import annotations

import math
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import torch
from tables import markdown
from wavenet_baselines import Histogram, LinearPredictor
from wavenet_gru import SpeakerGRU

from foretell.audio import AudioData, AudioModel, AudioSettings, Sounds, read_data
from foretell.audio.batches import Batches
from foretell.audio.corpus import Corpus, read_corpus
from foretell.audio.fit import AudioFit
from foretell.audio.levels import Levels
from foretell.audio.network import build, head_of
from foretell.audio.task import AudioTask
from foretell.model.folder import refuse_to_replace
from foretell.nn import Categorical
from foretell.nn.decoding.wavenet_weights import PRECISIONS, with_weights
from foretell.training import History, Progress, train

ARCHIVE = "free_spoken_digits.tar.gz"
TEST_TAKES = range(5)
ROWS = ("histogram", "linear", "gru", "wavenet")
GRU_BATCH, GRU_CHUNK = 8, 256
"""Of what was tried the best for the GRU: many steps of short chunks, its state carried on. A WaveNet wants longer
ones, since gradients must reach back over its dilations."""
HEADER = ["", "test, bits per sample", "validation", "parameters", "steps", "seconds"]
INT8_LOSS = 0.005
"""Bits a sample that int8 weights may cost."""
_NO_BOUND = 1_000_000


@dataclass(frozen=True)
class Digits:
    """The folders of the two parts, and what was read of them."""

    test_folder: Path
    data: AudioData
    test: Corpus
    settings: AudioSettings

    def score(self, network: torch.nn.Module) -> float:
        """Bits a sample of the test part, by the batches and the task of `AudioModel.evaluate`."""
        settings, head = self.settings, Categorical()
        batches = Batches(
            self.test.sounds,
            head,
            batch=settings.batch,
            chunk=settings.chunk,
            piece=settings.piece,
            receptive_field=1,
            speakers=self.data.speakers,
        )
        return AudioTask(head).score(network, batches.once()).total.bits


@contextmanager
def unpacked(data: Path) -> Iterator[tuple[Path, Path]]:
    """Folders of the training takes and of the test takes, for as long as the block lasts."""
    with TemporaryDirectory(prefix="foretell-digits-") as place:
        folders = Path(place, "training"), Path(place, "test")
        for folder in folders:
            folder.mkdir()
        with tarfile.open(data / ARCHIVE) as archive:
            for member in archive:
                name = Path(member.name)
                file = archive.extractfile(member) if name.suffix == ".wav" and member.isfile() else None
                if file is not None:
                    take = int(name.stem.split("_")[2])
                    (folders[take in TEST_TAKES] / name.name).write_bytes(file.read())
        yield folders


@contextmanager
def digits(data: Path, settings: AudioSettings) -> Iterator[Digits]:
    """The digits as `foretell audio train --speakers-from name` reads them, silence at the ends cut off."""
    with unpacked(data) as (training, test):
        settings = replace(settings, speakers_from="name")
        found = read_data(training, settings)
        encode = Levels(Categorical()).encode
        corpus = read_corpus(test, encode, rate=found.rate, trim=settings.trim, speakers_from="name")
        yield Digits(test, found, corpus, settings)


def table(data: Path, minutes: float, keep: Path | None, seed: int, names: Sequence[str], gru_rate: float) -> str:
    """Run the rows with these names; each is printed on standard error as soon as it is there.

    The trained WaveNet is kept in the folder `keep`. Ctrl-C ends with the rows so far.
    """
    if keep is not None:
        refuse_to_replace(keep.absolute(), "audio")
    plain = AudioSettings()
    settings = replace(plain, training=replace(plain.training, minutes=minutes, steps=_NO_BOUND, seed=seed))
    with digits(data, settings) as found:
        said = _said(found)
        print(said, file=sys.stderr, flush=True)
        rows: list[list[str]] = []
        runs: dict[str, Callable[[], Iterator[list[str]]]] = {
            "histogram": lambda: _histogram(found),
            "linear": lambda: _linear(found),
            "gru": lambda: _gru(found, gru_rate),
            "wavenet": lambda: _wavenet(found, keep),
        }
        try:
            for name in names:
                for row in runs[name]():
                    print(f"| {' | '.join(row)} |", file=sys.stderr, flush=True)
                    rows.append(row)
        except KeyboardInterrupt:
            said += "\n\nInterrupted: the rows so far."
    return f"## Spoken digits\n\n{markdown(HEADER, rows)}\n\n{said}"


def _said(found: Digits) -> str:
    data, test = found.data, found.test
    counted = f"{len(data.training):,} sounds to train on, {len(data.validation):,} of the same takes held out for"
    return (
        f"{data.rate:,} samples per second, {len(data.speakers)} speakers; {counted} validation, {len(test.sounds):,} "
        f"(takes {TEST_TAKES.start} to {TEST_TAKES.stop - 1}, {test.samples:,} samples) to test on. Silence at the "
        "ends is cut off; a sample is one of 256 mu-law levels; every test sample counts. GRU and WaveNet are told the "
        "speaker, have about the same number of parameters, and are trained by the same loop on the same sounds for "
        f"{found.settings.training.minutes:g} minutes each; the weights that foretold the held-out sounds best count. "
        "The linear predictor has coefficients for each speaker."
    )


def _histogram(found: Digits) -> Iterator[list[str]]:
    began = perf_counter()
    bits = Histogram(found.data.training).bits(found.test.sounds)
    yield _row("histogram of the levels", bits, None, 256, None, perf_counter() - began)


def _linear(found: Digits) -> Iterator[list[str]]:
    for order, adaptive in ((16, False), (32, False), (32, True)):
        began = perf_counter()
        predictor = LinearPredictor(found.data.training, order, adaptive=adaptive)
        bits = predictor.bits(found.test.sounds)
        scale = "scale by the last 32 errors" if adaptive else "one scale"
        title = f"linear predictor of order {order}, {predictor.shape} error, {scale}"
        yield _row(title, bits, None, predictor.parameters, None, perf_counter() - began)


def _gru(found: Digits, rate: float) -> Iterator[list[str]]:
    training = found.settings.training
    batch, chunk = GRU_BATCH, GRU_CHUNK
    settings = replace(found.settings, batch=batch, chunk=chunk, training=replace(training, learning_rate=rate))
    parts = found.data.parts()
    wavenet = build(settings, head_of(settings), len(found.data.speakers))
    fit = AudioFit(parts.training, parts.validation, settings, wavenet.receptive_field)
    size = sum(p.numel() for p in wavenet.parameters())
    torch.manual_seed(training.seed)
    network = SpeakerGRU.of_size(size, len(found.data.speakers), settings.speaker_size)
    history = train(
        network,
        fit.batches,
        fit.task.loss,
        settings=settings.training,
        evaluate=fit.bits,
        device="cpu",
        on_progress=_shown("gru"),
    )
    title = f"GRU of {network.gru.hidden_size} units"
    yield _trained(title, found.score(network), fit.score(network).total.bits, network, history)


def _wavenet(found: Digits, keep: Path | None) -> Iterator[list[str]]:
    parts = found.data.parts()
    model = AudioModel(found.settings).train(
        parts.training, parts.validation, device="cpu", on_progress=_shown("wavenet")
    )
    assert model.validation is not None
    assert model.history is not None
    if keep is not None:
        model.save(keep)
    settings = model.settings
    title = f"WaveNet, {settings.cycles} x {settings.layers} layers, {settings.residual}, {settings.skip}"
    test = model.read(Sounds(found.test_folder))
    bits = model.evaluate(test, device="cpu").bits
    yield _trained(title, bits, model.validation.bits, model.network, model.history)
    size = sum(p.numel() for p in model.network.parameters())
    for weights in PRECISIONS[1:]:
        rounded = AudioModel(model.settings)
        rounded._ready = with_weights(model.network, weights), model.learned
        lost = rounded.evaluate(test, device="cpu").bits
        met = "" if weights == "bfloat16" else ", met" if lost - bits <= INT8_LOSS else ", missed"
        yield _row(f"the same, {weights} weights ({lost - bits:+.5f}{met})", lost, None, size, None, None)


def _trained(title: str, bits: float, held: float | None, network: torch.nn.Module, history: History) -> list[str]:
    size = sum(p.numel() for p in network.parameters())
    return _row(title, bits, held, size, history.steps, history.seconds)


def _row(title: str, bits: float, held: float | None, size: int, steps: int | None, seconds: float | None) -> list[str]:
    cells = [title, f"{bits:.4f}", "" if held is None else f"{held:.4f}", f"{size:,}"]
    return [*cells, "" if steps is None else f"{steps:,}", "" if seconds is None else f"{seconds:,.0f}"]


def _shown(name: str, every: float = 30.0) -> Callable[[Progress], None]:
    """Says on standard error where a training stands, now and then."""
    last = -math.inf

    def show(progress: Progress) -> None:
        nonlocal last
        if progress.seconds - last < every:
            return
        last = progress.seconds
        bits = np.array([progress.loss, progress.evaluation or np.nan]) / [math.log(2), 1]
        words = f"{name}: {progress.seconds:.0f} s, {progress.step:,} steps, training {bits[0]:.3f} bits"
        print(f"{words}, validation {bits[1]:.3f}", file=sys.stderr, flush=True)

    return show
