"""What is tried with each damaged input. Whatever it raises beside foretell's own exceptions is a fault."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import safetensors.torch
import seeds
import torch
from mutations import bytes_damaged, json_bytes, json_damaged, table_damaged, tensors_damaged
from torch import nn

from foretell import Forecaster, ForecastSettings, TrainingSettings
from foretell.errors import ForetellError


class Wrong(Exception):  # noqa: N818 (an answer, not an error)
    """An answer that cannot be right."""


class Tables:
    """Delimited text and Parquet: read, understood as series, and sometimes forecast."""

    def __init__(self, folder: Path, given: Path) -> None:
        del given
        self._path = folder / "table"
        self._texts, self._parquets = seeds.tables(), seeds.parquets()
        self._settings = ForecastSettings(hidden=2, layers=1, windows=0, training=TrainingSettings(steps=1))

    def attempt(self, random: Random) -> None:
        """One damaged table."""
        from foretell.forecasting.tables.columns import Columns
        from foretell.forecasting.tables.regularise import to_panel
        from foretell.tables.files import read_table

        # Few are Parquet: each of those is read by a process of its own first, which takes as long as ten other tables.
        if random.random() < 0.03:
            data = bytes_damaged(random, random.choice(self._parquets))
        else:
            data = table_damaged(random, random.choice(self._texts)).encode("utf-8", "surrogatepass")
            if random.random() < 0.2:
                data = bytes_damaged(random, data)
        self._path.write_bytes(data)
        frame = read_table(self._path)
        panel, findings = to_panel(frame, Columns())
        findings.sentences()
        if np.isinf(panel.values).any():
            raise Wrong("an infinite value was read")
        if random.random() < 0.2:
            name = random.choice(("gru", "auto", "pretrained"))
            forecaster = Forecaster(name, 2, settings=self._settings, device="cpu").fit(frame)
            forecaster.predict()
            if forecaster.prediction is None or not np.isfinite(forecaster.prediction.quantiles).all():
                raise Wrong("a forecast that is not finite")


class Models:
    """Model folders of every kind: described, loaded, and asked for an answer."""

    def __init__(self, folder: Path, given: Path) -> None:
        self._folder = folder / "model"
        self._sound = sorted(place for place in given.iterdir() if (place / "model.json").exists())
        self._table = seeds.table().select("shop", "day", "sales")
        self._known = seeds.table()
        # What is imported at the first answer should not count as the time of an input.
        for place in self._sound:
            self._folder = place
            self._ask(place.name.split(" ")[0])
        self._folder = folder / "model"

    def attempt(self, random: Random) -> None:
        """One damaged folder."""
        sound = random.choice(self._sound)
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(sound, self._folder)
        page, weights = self._folder / "model.json", self._folder / "weights.safetensors"
        match random.randrange(10):
            case 0:
                path = random.choice((page, weights))
                path.write_bytes(bytes_damaged(random, path.read_bytes()))
            case 1:
                page.write_bytes(json_bytes(json_damaged(random, json.loads(page.read_bytes()))))
            case 2 | 3:
                head = json.loads(page.read_bytes())
                if random.random() < 0.3:
                    data = bytes_damaged(random, weights.read_bytes())
                else:
                    data = safetensors.torch.save(tensors_damaged(random, safetensors.torch.load(weights.read_bytes())))
                weights.write_bytes(data)
                head["model"]["weights_sha256"] = hashlib.sha256(data).hexdigest()
                self._sign(page, head)
            case _:
                head = json.loads(page.read_bytes())
                head["model"] = json_damaged(random, head["model"])
                self._sign(page, head)
        self._ask(sound.name.split(" ")[0])

    def _sign(self, page: Path, head: dict[str, Any]) -> None:
        body = json.dumps(head["model"], sort_keys=True, separators=(",", ":"))
        head["sha256"] = hashlib.sha256(body.encode()).hexdigest()
        page.write_bytes(json_bytes(head))

    def _ask(self, kind: str) -> None:
        if kind == "forecast":
            forecaster = Forecaster.load(self._folder, device="cpu")
            network = forecaster.fitted_model.network
            reads_more = network is not None and bool(network.covariates.known)
            forecaster.predict(self._known if reads_more else self._table)
            assert forecaster.prediction is not None
            _require_finite(forecaster.prediction.quantiles)
            return
        if kind == "audio":
            from foretell.audio import AudioModel

            sounding = AudioModel.load(self._folder)
            json.dumps(sounding.facts())
            _require_finite(next(sounding.stream(chunk=20)))
        elif kind == "music":
            from foretell.music import MusicModel

            composing = MusicModel.load(self._folder)
            json.dumps(composing.facts())
            composing.generate(2)
        elif kind == "classify":
            from foretell.text import TextClassifier

            sorting = TextClassifier.load(self._folder)
            json.dumps(sorting.facts())
            _require_finite(sorting.probabilities(["the film is fine", "", "é"]))
        elif kind == "translate":
            from foretell.text import Translator

            translating = Translator.load(self._folder)
            json.dumps(translating.facts())
            translating.predict(["the film is fine", ""], beam=2)
        elif kind == "text":
            from foretell.text import LanguageModel

            writing = LanguageModel.load(self._folder)
            json.dumps(writing.facts())
            writing.generate(5)
        else:
            from foretell.caption import Captioner

            describing = Captioner.load(self._folder)
            json.dumps(describing.facts())
            describing.predict(np.zeros((1, describing.settings.size, describing.settings.size, 3), np.uint8))


class Checkpoints:
    """Checkpoint folders of a small network: its training goes on from them."""

    def __init__(self, folder: Path, given: Path) -> None:
        del given
        self._sound, self._folder = folder / "sound", folder / "checkpoint"
        with contextlib.suppress(KeyboardInterrupt):
            self._train(self._sound, stop_after=7)

    def attempt(self, random: Random) -> None:
        """One damaged checkpoint."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._sound, self._folder)
        page = self._folder / "checkpoint.json"
        (weights,) = self._folder.glob("tensors-*")
        head = json.loads(page.read_bytes())
        match random.randrange(8):
            case 0:
                path = random.choice((page, weights))
                path.write_bytes(bytes_damaged(random, path.read_bytes()))
            case 1:
                page.write_bytes(json_bytes(json_damaged(random, head)))
            case 2 | 3 | 4:
                data = safetensors.torch.save(tensors_damaged(random, safetensors.torch.load(weights.read_bytes())))
                weights.write_bytes(data)
                head["body"]["sha256"] = hashlib.sha256(data).hexdigest()
                self._sign(page, head)
            case _:
                head["body"] = json_damaged(random, head["body"])
                self._sign(page, head)
        if not self._train(self._folder):
            raise Wrong("a training that ended with weights that are not finite")

    def _sign(self, page: Path, head: dict[str, Any]) -> None:
        head["sha256"] = hashlib.sha256(json.dumps(head["body"], sort_keys=True).encode()).hexdigest()
        page.write_bytes(json_bytes(head))

    def _train(self, folder: Path, stop_after: int | None = None) -> bool:
        from foretell.training import train

        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))

        def loss(network: nn.Module, batch: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
            return ((network(batch) - batch.sum(1, keepdim=True)) ** 2).mean(), state

        def stop(progress: Any) -> None:
            if progress.step == stop_after:
                raise KeyboardInterrupt

        train(
            network,
            lambda number: torch.randn(4, 3, generator=torch.Generator().manual_seed(number)),
            loss,
            settings=TrainingSettings(steps=10, evaluate_every=3, checkpoint_every=2, average=0.9, patience=5),
            evaluate=lambda network: float(network(torch.ones(2, 3)).pow(2).mean()),
            device="cpu",
            checkpoint=folder,
            on_progress=stop,
        )
        # An infinite variance may have been that of the data.
        weights = all(bool(torch.isfinite(tensor).all()) for tensor in network.parameters())
        return weights and not any(bool(torch.isnan(tensor).any()) for tensor in network.buffers())


class Midi:
    """MIDI files, and chorales as tables."""

    def __init__(self, folder: Path, given: Path) -> None:
        del given
        self._folder = folder
        self._midis, self._tables = seeds.midis(), seeds.chorales()

    def attempt(self, random: Random) -> None:
        """One damaged piece."""
        from foretell.music.chorales import read_chorale

        if random.random() < 0.85:
            path, data = self._folder / "a.mid", bytes_damaged(random, random.choice(self._midis))
        else:
            path = self._folder / "a.csv"
            data = table_damaged(random, random.choice(self._tables)).encode("utf-8", "surrogatepass")
        path.write_bytes(data)
        notes = read_chorale(path).notes
        if notes.min(initial=0) < 0 or notes.max(initial=0) > 127:
            raise Wrong("a note that there is not")


class Sounds:
    """Sound files in several formats."""

    def __init__(self, folder: Path, given: Path) -> None:
        del given
        self._path = folder / "a.wav"
        self._sounds = seeds.sounds()

    def attempt(self, random: Random) -> None:
        """One damaged recording."""
        from foretell.audio.reading import read_sound

        self._path.write_bytes(bytes_damaged(random, random.choice(self._sounds)))
        _require_finite(read_sound(self._path, random.choice((None, None, 8000, 1000))))


def _require_finite(values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise Wrong("an answer that is not finite")


SUBJECTS: dict[str, Any] = {
    "tables": Tables,
    "models": Models,
    "checkpoints": Checkpoints,
    "midi": Midi,
    "sounds": Sounds,
}
REFUSAL = ForetellError
