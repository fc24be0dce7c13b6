"""Saving a run's state to a checkpoint and resuming from it.

With the same number of threads, a run that was killed and resumed ends with a bit-identical result.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from foretell.errors import ModelError
from foretell.training import checkpoint, truncation
from foretell.training.facts import Facts
from foretell.training.history import Record
from foretell.training.run import Run
from foretell.training.weights import Snapshot

# Settings that may change when a run is resumed, without a different result.
_FREE = ("checkpoint_every",)
# At a constant rate the length of the run is one of them, since the training so far did not depend on it.
_FREE_AT_A_CONSTANT_RATE = (*_FREE, "steps", "minutes")
# These are not for the network, and some devices lack their dtype, float64.
_RECORD = ("losses", "gradient_norms", "learning_rates", "evaluations", "best_value")


def save(run: Run, folder: Path, *, seconds: float, identity: str) -> None:
    """Write the run's checkpoint after `seconds` of training; `identity` identifies its data."""
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
        **{f"optimiser.{name}": value for name, value in run.optimiser.moments.items()},
        **carried,
    }
    if average is not None:
        tensors["average"] = average.vector
    if early.snapshot is not None:
        tensors["best"] = early.snapshot.vector
        tensors |= _named("best_buffer", run, early.snapshot.buffers)
    facts = Facts(
        settings=_settings(run),
        layout=run.weights.layout,
        buffers=run.weights.buffer_names,
        identity=identity,
        steps=run.steps,
        batch=run.batch,
        chunk=run.chunk,
        state=shape,
        seconds=seconds,
        healthy=health.healthy,
        skipped=health.skipped,
        in_a_row=health.in_a_row,
        evaluated=[step for step, _ in record.evaluations],
        best_step=early.best_step,
        waited=early.waited,
        averaged=average.updates if average is not None else 0,
    )
    # Tensors that share memory, such as a state that is also a buffer, are still two entries.
    checkpoint.write(folder, run.steps, {name: t.detach().cpu().clone() for name, t in tensors.items()}, vars(facts))


def resume(run: Run, folder: Path, *, identity: str) -> float:
    """Restore a new run from the checkpoint in `folder`; return the seconds spent so far, 0 if there is none.

    Raises `ModelError` for a checkpoint that is damaged, or of a run with different settings, network or data.
    """
    found = checkpoint.read(folder)
    if found is None:
        return 0.0
    tensors, said = found
    try:
        facts = Facts.parse(said)
    except ValueError as error:
        raise unfit(folder, error) from error
    _require_same(run, folder, facts, identity)
    try:
        _restore(run, _placed(tensors, run.hardware.device), facts)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise unfit(folder, error) from error
    if run.chunk and run.chunk >= len(run.chunks()):
        raise unfit(folder, ValueError("the batch has fewer chunks"))
    return float(facts.seconds)


def unfit(folder: Path, error: Exception) -> ModelError:
    """Return the error to raise for a checkpoint that cannot be resumed from."""
    return ModelError(
        f"the checkpoint in {folder} does not fit this run ({type(error).__name__}: {error}): delete the folder to "
        "train from the start, or give another one"
    )


def identity_of(value: Any) -> str:
    """Return a checksum of the tensors in a batch, by which a resumed run detects different data."""
    digest = hashlib.sha256()
    _digest(value, digest)
    return digest.hexdigest()


def _restore(run: Run, tensors: dict[str, Tensor], facts: Facts) -> None:
    record = _record(tensors, facts)
    state = truncation.unflatten(facts.state, tensors)
    vector = run.weights.vector
    current = Snapshot(_like(vector, tensors, "weights"), _buffers("buffer", run, tensors))
    last_good = _usable("last_good", run, tensors)
    best_value = float(_like(torch.tensor(0.0, dtype=torch.float64), tensors, "best_value"))
    best = None if facts.best_step is None else _usable("best", run, tensors)
    average = None if run.average is None else _like(vector, tensors, "average")
    prefix = "optimiser."
    moments = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    run.optimiser.load(moments, stepped=facts.healthy > 0)
    run.weights.restore(current)
    run.last_good = last_good
    run.steps, run.batch, run.chunk, run.state = facts.steps, facts.batch, facts.chunk, state
    run.health.healthy, run.health.skipped, run.health.in_a_row = facts.healthy, facts.skipped, facts.in_a_row
    run.early.best, run.early.best_step, run.early.waited = best_value, facts.best_step, facts.waited
    run.early.snapshot = best
    if record.evaluations:
        run.early.latest = record.evaluations[-1][1]
    if run.average is not None and average is not None:
        run.average.vector.copy_(average)
        run.average.updates = facts.averaged
    run.record = record


def _record(tensors: dict[str, Tensor], facts: Facts) -> Record:
    each_step, each_evaluation = (torch.empty(n, dtype=torch.float64) for n in (facts.steps, len(facts.evaluated)))
    losses, norms, rates = (
        _like(each_step, tensors, name).tolist() for name in ("losses", "gradient_norms", "learning_rates")
    )
    values = _like(each_evaluation, tensors, "evaluations").tolist()
    return Record(losses, norms, rates, list(zip(facts.evaluated, values, strict=True)))


def _like(reference: Tensor, tensors: dict[str, Tensor], name: str) -> Tensor:
    """Return the named tensor. Raises ValueError for another shape or dtype: copying would broadcast or convert."""
    found = tensors[name]
    if found.shape != reference.shape or found.dtype != reference.dtype:
        raise ValueError(
            f"{name} is {found.dtype} of {tuple(found.shape)}, not {reference.dtype} of {tuple(reference.shape)}"
        )
    return found


def _usable(name: str, run: Run, tensors: dict[str, Tensor]) -> Snapshot:
    """Return the named snapshot. Raises ValueError if its loss or evaluation cannot have been finite."""
    vector, buffers = _like(run.weights.vector, tensors, name), _buffers(f"{name}_buffer", run, tensors)
    if not bool(torch.isfinite(vector).all()):
        raise ValueError("its weights are not finite")
    # A buffer may be infinite, such as a mask or the variance of huge inputs.
    for ours, found in zip(run.weights.buffers(), buffers, strict=True):
        if bool((torch.isnan(found) & ~torch.isnan(ours)).any()):
            raise ValueError("its buffers are not numbers")
    return Snapshot(vector, buffers)


def _require_same(run: Run, folder: Path, facts: Facts, identity: str) -> None:
    advice = "delete the folder to train from the start, or give another one"
    theirs, ours = facts.settings, _settings(run)
    free = _FREE_AT_A_CONSTANT_RATE if run.settings.schedule == "constant" else _FREE
    for name in sorted(theirs.keys() | ours.keys()):
        if name not in free and theirs.get(name) != ours.get(name):
            raise ModelError(
                f"the checkpoint in {folder} comes from a run with {name}={theirs.get(name)!r}, but this one has "
                f"{name}={ours.get(name)!r}: {advice}"
            )
    pairs = zip([*facts.layout, *facts.buffers], [*run.weights.layout, *run.weights.buffer_names], strict=False)
    lengths_differ = len(facts.layout) != len(run.weights.layout) or len(facts.buffers) != len(run.weights.buffer_names)
    for there, here in pairs:
        if there != (list(here) if isinstance(here, tuple) else here):
            raise ModelError(
                f"the checkpoint in {folder} comes from another network ({there!r} there, {here!r} here): {advice}"
            )
    if lengths_differ:
        raise ModelError(f"the checkpoint in {folder} comes from another network, with other layers: {advice}")
    if facts.identity != identity:
        raise ModelError(
            f"the checkpoint in {folder} comes from a run on other data (its first batch or names differ, or were "
            f"computed by another number of threads): {advice}"
        )


def _placed(tensors: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Move the tensors to the device; the record stays on the CPU."""
    return {name: t if name in _RECORD else t.to(device) for name, t in tensors.items()}


def _settings(run: Run) -> dict[str, Any]:
    return {**dataclasses.asdict(run.settings), "carry": run.carry}


def _named(prefix: str, run: Run, buffers: list[Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": b for name, b in zip(run.weights.buffer_names, buffers, strict=True)}


def _buffers(prefix: str, run: Run, tensors: dict[str, Tensor]) -> list[Tensor]:
    ours = zip(run.weights.buffer_names, run.weights.buffers(), strict=True)
    return [_like(buffer, tensors, f"{prefix}.{name}") for name, buffer in ours]


def _digest(value: Any, digest: Any) -> None:
    if isinstance(value, Tensor):
        # A dimension of size one may have any stride, even in a contiguous tensor; a copy has a standard one.
        plain = value.detach().cpu().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
        digest.update(f"{plain.dtype} {tuple(plain.shape)}".encode())
        if plain.numel():  # torch cannot view an empty tensor as bytes
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
