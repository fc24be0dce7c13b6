"""A run's state to and from a checkpoint: with it a killed run ends as it would have, to the bit."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from foretell.errors import ModelError
from foretell.training import checkpoint, truncation
from foretell.training import optimiser as optimisers
from foretell.training.history import Record
from foretell.training.run import Run
from foretell.training.weights import Snapshot

# Settings in which a resumed run may differ from the former one without ending elsewhere.
_FREE = ("checkpoint_every",)
# Not for the network, and of a dtype, float64, that some devices lack.
_RECORD = ("losses", "gradient_norms", "learning_rates", "evaluations", "best_value")


def save(run: Run, folder: Path, *, seconds: float, identity: str) -> None:
    """Write the run's checkpoint after `seconds` of training; `identity` tells its data from other data."""
    health, early, average, record = run.health, run.early, run.average, run.record
    shape, carried = truncation.flatten(run.state)
    tensors = {
        "weights": run.weights.vector,
        "last_good": run.last_good.vector,
        "losses": torch.tensor(record.losses, dtype=torch.float64),
        "gradient_norms": torch.tensor(record.gradient_norms, dtype=torch.float64),
        "learning_rates": torch.tensor(record.learning_rates, dtype=torch.float64),
        "evaluations": torch.tensor([value for _, value in record.evaluations], dtype=torch.float64),
        "best_value": torch.tensor(early.best, dtype=torch.float64),
        **_named("buffer", run, run.weights.buffers()),
        **_named("last_good_buffer", run, run.last_good.buffers),
        **{f"optimiser.{name}": value for name, value in optimisers.moments(run.optimiser).items()},
        **carried,
    }
    if average is not None:
        tensors["average"] = average.vector
    if early.snapshot is not None:
        tensors["best"] = early.snapshot.vector
        tensors |= _named("best_buffer", run, early.snapshot.buffers)
    facts = {
        "settings": _settings(run),
        "layout": run.weights.layout,
        "buffers": run.weights.buffer_names,
        "identity": identity,
        "steps": run.steps,
        "batch": run.batch,
        "chunk": run.chunk,
        "state": shape,
        "seconds": seconds,
        "healthy": health.healthy,
        "skipped": health.skipped,
        "in_a_row": health.in_a_row,
        "evaluated": [step for step, _ in record.evaluations],
        "best_step": early.best_step,
        "waited": early.waited,
        "averaged": average.updates if average is not None else 0,
    }
    # Equal tensors that share memory (a state that is also a buffer, say) are two entries all the same.
    checkpoint.write(folder, run.steps, {name: t.detach().cpu().clone() for name, t in tensors.items()}, facts)


def resume(run: Run, folder: Path, *, identity: str) -> float:
    """Bring a fresh run to where the checkpoint in `folder` stands; returns the seconds spent, 0 if there is none.

    Raises `ModelError` for a checkpoint that is damaged, or of a run with other settings, network or data.
    """
    found = checkpoint.read(folder)
    if found is None:
        return 0.0
    tensors, facts = found
    _require_same(run, folder, facts, identity)
    try:
        _restore(run, _placed(tensors, run.hardware.device), facts)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"the checkpoint in {folder} does not fit this run ({type(error).__name__}: {error}): delete the folder to "
            "train from the start"
        ) from error
    return float(facts["seconds"])


def identity_of(value: Any) -> str:
    """A checksum of the tensors in a batch, by which a resumed run notices that its data are not the former ones."""
    digest = hashlib.sha256()
    _digest(value, digest)
    return digest.hexdigest()


def _restore(run: Run, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    run.weights.restore(Snapshot(tensors["weights"], _buffers("buffer", run, tensors)))
    run.last_good = Snapshot(tensors["last_good"], _buffers("last_good_buffer", run, tensors))
    prefix = "optimiser."
    moments = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    optimisers.load_moments(run.optimiser, moments)
    run.steps, run.batch, run.chunk = facts["steps"], facts["batch"], facts["chunk"]
    run.state = truncation.unflatten(facts["state"], tensors)
    for name in ("healthy", "skipped", "in_a_row"):
        setattr(run.health, name, facts[name])
    run.early.best = float(tensors["best_value"])
    run.early.best_step, run.early.waited = facts["best_step"], facts["waited"]
    if "best" in tensors:
        run.early.snapshot = Snapshot(tensors["best"], _buffers("best_buffer", run, tensors))
    if run.average is not None:
        run.average.vector.copy_(tensors["average"])
        run.average.updates = facts["averaged"]
    run.record = Record(
        tensors["losses"].tolist(),
        tensors["gradient_norms"].tolist(),
        tensors["learning_rates"].tolist(),
        list(zip(facts["evaluated"], tensors["evaluations"].tolist(), strict=True)),
    )


def _require_same(run: Run, folder: Path, facts: dict[str, Any], identity: str) -> None:
    advice = "delete the folder to train from the start, or give another one"
    theirs, ours = facts["settings"], _settings(run)
    for name in sorted(theirs.keys() | ours.keys()):
        if name not in _FREE and theirs.get(name) != ours.get(name):
            raise ModelError(
                f"the checkpoint in {folder} is of a run with {name}={theirs.get(name)!r}, this one has "
                f"{name}={ours.get(name)!r}: {advice}"
            )
    pairs = zip([*facts["layout"], *facts["buffers"]], [*run.weights.layout, *run.weights.buffer_names], strict=False)
    lengths_differ = len(facts["layout"]) != len(run.weights.layout) or len(facts["buffers"]) != len(
        run.weights.buffer_names
    )
    for there, here in pairs:
        if there != (list(here) if isinstance(here, tuple) else here):
            raise ModelError(f"the checkpoint in {folder} is of another network ({there} there, {here} here): {advice}")
    if lengths_differ:
        raise ModelError(f"the checkpoint in {folder} is of another network, with other layers: {advice}")
    if facts["identity"] != identity:
        raise ModelError(
            f"the checkpoint in {folder} is of a run on other data (its first batch or names differ): {advice}"
        )


def _placed(tensors: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """On the device; the record stays on the CPU."""
    return {name: t if name in _RECORD else t.to(device) for name, t in tensors.items()}


def _settings(run: Run) -> dict[str, Any]:
    return {**dataclasses.asdict(run.settings), "carry": run.carry}


def _named(prefix: str, run: Run, buffers: list[Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": b for name, b in zip(run.weights.buffer_names, buffers, strict=True)}


def _buffers(prefix: str, run: Run, tensors: dict[str, Tensor]) -> list[Tensor]:
    return [tensors[f"{prefix}.{name}"] for name in run.weights.buffer_names]


def _digest(value: Any, digest: Any) -> None:
    if isinstance(value, Tensor):
        # A dimension of one element may have any stride, even in a tensor that counts as contiguous; a copy has none.
        plain = value.detach().cpu().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
        digest.update(f"{plain.dtype} {tuple(plain.shape)}".encode())
        if plain.numel():  # torch does not view nothing as bytes
            digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, dict):
        for name, part in value.items():
            digest.update(str(name).encode())
            _digest(part, digest)
    elif isinstance(value, list | tuple):
        for part in value:
            _digest(part, digest)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for f in dataclasses.fields(value):
            _digest(getattr(value, f.name), digest)
    elif isinstance(value, bool | int | float | str | None):
        digest.update(repr(value).encode())
