"""The models that are served: loaded once, and again when their folder is replaced."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from foretell.errors import ForetellError, ModelError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.networks.backbones import PRETRAINED
from foretell.serve.problems import ServiceError
from foretell.storage.whole_folder import standing

_log = logging.getLogger("foretell.serve")
_MARKER = "model.json"
_EVERY = 1.0
"""Seconds between two looks at a model's folder."""
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Loaded:
    """A model as it was loaded."""

    forecaster: Forecaster
    stamp: Stamp | None
    at: datetime


class ServedModel:
    """A model in a folder. Requests keep the forecaster that they began with, while a newer one is loaded."""

    def __init__(self, name: str, folder: Path, device: str, on_load: Callable[[str], None] = lambda _: None) -> None:
        """Load the model. Raises ModelError as `Forecaster.load`."""
        self.name = name
        self._folder = folder
        self._device = device
        self._on_load = on_load
        self._lock = threading.Lock()
        self._looked = monotonic()
        self._loading = False
        self._tried: Stamp | None = None
        self.trouble: str | None = None
        """Why the folder cannot be used now; the model that was loaded before is still served."""
        self.loaded = self._load()

    @property
    def forecaster(self) -> Forecaster:
        """The forecaster; once a second its folder is looked at, and loaded in the background if it was replaced."""
        with self._lock:
            due = monotonic() - self._looked >= _EVERY and not self._loading
            if due:
                self._looked = monotonic()
                due = self._loading = self._has_changed()
        if due:
            threading.Thread(target=self._reload, name=f"load {self.name}", daemon=True).start()
        return self.loaded.forecaster

    def facts(self) -> dict[str, Any]:
        """Return what there is to say of the model."""
        forecaster = self.forecaster
        columns = forecaster.fitted_model.columns
        facts = {
            **forecaster.facts(),
            "levels": list(forecaster.levels),
            "frequency": forecaster.fitted_model.frequency.alias,
            "seasons": list(forecaster.fitted_model.seasons),
            "known": list(columns.known),
            "past": list(columns.past),
            "static": list(columns.static),
        }
        return {
            "name": self.name,
            "loaded": self.loaded.at.isoformat(timespec="seconds"),
            **({"trouble": self.trouble} if self.trouble else {}),
            "facts": facts,
        }

    def _has_changed(self) -> bool:
        stamp = _stamp(self._folder)
        if stamp is None:
            # Between the two renames of a replacement there may be nothing, too.
            self.trouble = "its folder is gone; the model that was loaded from it is still served"
            return False
        if stamp == self.loaded.stamp:
            self.trouble = None
            return False
        return stamp != self._tried

    def _load(self) -> Loaded:
        # Looked at before, so that a folder replaced meanwhile is loaded once more.
        stamp = _stamp(self._folder)
        forecaster = Forecaster.load(self._folder, self._device)
        return Loaded(forecaster, stamp, datetime.now(UTC))

    def _reload(self) -> None:
        self._tried = _stamp(self._folder)
        try:
            self.loaded = self._load()
        except ForetellError as error:
            self.trouble = (
                "its folder was replaced by something that cannot be loaded; the former model is still served"
            )
            _log.warning("model %s: %s", self.name, error)
        else:
            self.trouble = None
            _log.info("model %s was loaded again", self.name)
            self._on_load(self.name)
        finally:
            with self._lock:
                self._loading = False


class Models:
    """The models by name, besides the pretrained network, which is always there."""

    def __init__(
        self,
        named: Sequence[tuple[str, Path]],
        device: str,
        fitted: Callable[[str], Path | None] = lambda _: None,
        on_load: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Load the models. `fitted` returns the folder of a model that a job has fitted. Raises ModelError."""
        self.device = device
        self._served = {name: ServedModel(name, folder, device, on_load) for name, folder in named}
        self._fitted = fitted
        self._of_jobs: dict[str, ServedModel] = {}
        self._lock = threading.Lock()

    @property
    def first(self) -> str:
        """Name of the model that answers where none is named."""
        return next(iter(self._served), PRETRAINED)

    def is_loaded(self, name: str) -> bool:
        """Whether `forecaster` returns at once: it neither loads a model nor looks for the job that may have one."""
        return name == PRETRAINED or name in self._served

    def forecaster(self, name: str) -> Forecaster | None:
        """Return the forecaster of a name; None for the pretrained network. Raises ServiceError for an unknown name."""
        if name == PRETRAINED:
            return None
        served = self._served.get(name) or self._of_job(name)
        if served is None:
            known = ", ".join([*self._served, PRETRAINED])
            raise ServiceError("not-found", f"there is no model {name!r}; the models are {known}")
        return served.forecaster

    def facts(self) -> list[dict[str, Any]]:
        """Return what there is to say of each model."""
        pretrained = {"name": PRETRAINED, "facts": {"model": PRETRAINED, "horizon": "any", "frequency": "any"}}
        return [*(served.facts() for served in self._served.values()), pretrained]

    def forget(self, name: str) -> None:
        """Drop the model of a job that was deleted."""
        with self._lock:
            self._of_jobs.pop(name, None)

    def _of_job(self, name: str) -> ServedModel | None:
        folder = self._fitted(name)
        if folder is None:
            self.forget(name)
            return None
        with self._lock:
            if name not in self._of_jobs:
                while len(self._of_jobs) >= _MOST_OF_JOBS:
                    self._of_jobs.pop(next(iter(self._of_jobs)))
                try:
                    self._of_jobs[name] = ServedModel(name, folder, self.device)
                except ModelError:
                    return None
            return self._of_jobs[name]


_MOST_OF_JOBS = 8


def _stamp(folder: Path) -> Stamp | None:
    """Return what changes whenever the model in the folder is replaced; None if there is none."""
    try:
        found = (standing(folder, _MARKER) / _MARKER).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
