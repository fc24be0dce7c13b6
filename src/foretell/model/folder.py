"""Model folders of any kind: `model.json`, which describes the model, and `weights.safetensors`. Nothing is unpickled.

Files are written under a temporary name, synced and renamed; checksums tell a damaged model from a whole one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from foretell.errors import ModelError, SettingsError
from foretell.model.registry import KINDS
from foretell.storage.reasons import reason_and_remedy
from foretell.storage.whole_folder import replace_folder, standing
from foretell.training.tensor_file import parse_tensors, read_ordinary

FORMAT = 2
"""The version of the folder's layout that is written, and the only one that is read."""

_JSON, _WEIGHTS = "model.json", "weights.safetensors"
_KIND, _CHECKSUM = "kind", "weights_sha256"


def write_folder(folder: str | Path, kind: str, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write the folder completely or not at all; one that holds an older model is replaced, any other is refused.

    JSON must be able to hold `description`, which must not have the keys kind and weights_sha256. Raises SettingsError
    if the folder cannot be written or holds something else.
    """
    target = Path(folder).absolute()
    target = Path(os.path.realpath(target)) if target.is_symlink() else target
    refuse_to_replace(target, kind)
    weights = safetensors.torch.save({key: tensor.contiguous() for key, tensor in tensors.items()})
    body = {_KIND: kind, **description, _CHECKSUM: hashlib.sha256(weights).hexdigest()}
    head = {"format": FORMAT, "foretell": metadata.version("foretell"), "sha256": _digest(body), "model": body}
    page = (json.dumps(head, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
    try:
        replace_folder(target, {_WEIGHTS: weights, _JSON: page}, _JSON)
    except OSError as error:
        raise SettingsError(f"the model cannot be written to {folder}: {reason_and_remedy(error)}") from error


@dataclass(frozen=True)
class StoredModel:
    """A model folder whose description has been read and is undamaged; `tensors` reads its weights."""

    folder: str | Path
    """The folder as it was given."""
    kind: str
    """Name of the kind in the registry."""
    description: dict[str, Any]
    """The description that `write_folder` received; its values are untrusted."""
    _place: Path
    _checksum: Any

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Turn errors about the description's keys and values within the block into a ModelError."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ModelError(
                f"{self.folder}: {_JSON} does not describe a model ({error!r}); save the model again"
            ) from error

    def tensors(self, expected: Callable[[], Mapping[str, Tensor]], at_least: int = 0) -> dict[str, Tensor]:
        """Read the weights to the CPU, with exactly the names, shapes and dtypes of `expected()`.

        `expected`, such as `lambda: build(description).state_dict()`, is called on torch's meta device, and only if the
        folder holds `at_least` tensors: an untrusted description may ask for more memory than there is. Raises
        ModelError where the weights are missing, damaged, not finite, or different.
        """
        found = self._all_tensors()
        if at_least > len(found):
            raise ModelError(
                f"{self.folder}: {_WEIGHTS} holds fewer tensors than {_JSON} describes; save the model again"
            )
        try:
            with torch.device("meta"):
                due = expected()
        except (RuntimeError, TypeError) as error:
            raise ModelError(
                f"{self.folder}: {_JSON} describes a network that cannot be built; save the model again"
            ) from error
        for name in sorted(found.keys() ^ due.keys()):
            there = "has no place in" if name in found else "is missing from"
            raise ModelError(f"{self.folder}: the tensor {name} {there} {_WEIGHTS}; save the model again")
        for name, tensor in found.items():
            shape, dtype = due[name].shape, due[name].dtype
            if tensor.shape != shape or tensor.dtype != dtype:
                raise ModelError(
                    f"{self.folder}: the tensor {name} in {_WEIGHTS} is {tensor.dtype} of {tuple(tensor.shape)}, "
                    f"not {dtype} of {tuple(shape)}; save the model again"
                )
            if not bool(torch.isfinite(tensor).all()):
                raise ModelError(
                    f"{self.folder}: the tensor {name} in {_WEIGHTS} holds numbers that are not finite; train again"
                )
        return found

    def _all_tensors(self) -> dict[str, Tensor]:
        try:
            data = read_ordinary(self._place / _WEIGHTS)
        except OSError as error:
            raise ModelError(
                f"{self.folder}: {_WEIGHTS} cannot be read: {error.strerror or error}; save the model again"
            ) from error
        if hashlib.sha256(data).hexdigest() != self._checksum:
            raise ModelError(
                f"{self.folder}: {_WEIGHTS} is damaged, cut short, or of another model; save the model again"
            )
        try:
            return parse_tensors(data)
        except ValueError as error:
            raise ModelError(f"{self.folder}: {_WEIGHTS} cannot be read ({error}); save the model again") from error


def read_folder(folder: str | Path, kind: str | None = None) -> StoredModel:
    """Read the description of a model of that kind (None for any kind), as written by `write_folder`.

    Raises ModelError if the folder is missing, is not a model, is damaged, or has another format or kind.
    """
    place = standing(Path(folder).absolute(), _JSON)
    if not place.is_dir():
        what = "is a file" if place.exists() else "does not exist"
        raise ModelError(f"{folder} {what}: a model is a folder, such as `foretell fit` and the `train` commands write")
    description = _read_json(place, folder)
    found = description.pop(_KIND, None)
    if not isinstance(found, str) or found not in KINDS:
        raise ModelError(
            f"{folder} is a model of the kind {found!r}, which this foretell {metadata.version('foretell')} does not "
            "know: it takes a newer one (pip install --upgrade foretell)"
        )
    if kind not in (found, None):
        raise ModelError(
            f"{folder} is a model of the kind {found!r}, but one of the kind {kind!r} is needed; "
            f"`{KINDS[found].command}` takes it"
        )
    return StoredModel(folder, found, description, place, description.pop(_CHECKSUM, None))


def refuse_to_replace(target: Path, kind: str) -> None:
    """Raise SettingsError if a model of that kind cannot be saved there, so that this is known before training."""
    # A model that an interrupted save moved aside would be lost as well.
    place = standing(target, _JSON)
    if not target.parent.is_dir():
        raise SettingsError(
            f"the model cannot be written to {target}: there is no folder {target.parent}; make it first"
        )
    if target.exists() and not target.is_dir():
        raise SettingsError(f"the model cannot be written to {target}: it is a file; give another name")
    try:
        names = {entry.name for entry in place.iterdir()} if place.is_dir() else set()
    except OSError as error:
        raise SettingsError(f"the model cannot be written to {target}: {reason_and_remedy(error)}") from error
    if names and (_JSON not in names or _is_of_another_program(place / _JSON)):
        raise SettingsError(f"{target} holds something other than a model; it stays as it is: give another folder")
    others = sorted(names - {_JSON, _WEIGHTS})
    if others:
        raise SettingsError(f"{target} holds {others[0]!r} beside a model, which would be lost; give another folder")
    if names:
        try:
            found = read_folder(target).kind
        except ModelError:  # damaged: nothing is lost
            return
        if found != kind:
            raise SettingsError(
                f"{target} holds a model of the kind {found!r}, which one of the kind {kind!r} would replace; it stays "
                "as it is: give another folder"
            )


def _is_of_another_program(path: Path) -> bool:
    """Return whether a model.json is intact and yet not foretell's."""
    try:
        head = json.loads(read_ordinary(path))
    except (OSError, ValueError, RecursionError):
        return False
    return not isinstance(head, dict) or "foretell" not in head


def _read_json(place: Path, folder: str | Path) -> dict[str, Any]:
    try:
        data = read_ordinary(place / _JSON)
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model: it holds no {_JSON}") from error
    except OSError as error:
        raise ModelError(f"{folder}: {_JSON} cannot be read: {error.strerror or error}") from error
    damaged = f"{folder}: {_JSON} is damaged or cut short"
    try:
        head = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{damaged} ({error}); save the model again") from error
    version = head.get("format") if isinstance(head, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or "foretell" not in head:
        raise ModelError(f"{folder} is not a model: its {_JSON} was not written by foretell, or is damaged")
    if version > FORMAT:
        raise ModelError(
            f"{folder} is of format {version}, but this foretell {metadata.version('foretell')} reads format "
            f"{FORMAT}: it takes foretell {head['foretell']} or newer (pip install --upgrade foretell)"
        )
    if 1 <= version < FORMAT:
        raise ModelError(
            f"{folder} is of format {version}, written by foretell {head['foretell']}, which this foretell "
            f"{metadata.version('foretell')} no longer reads: fit or train the model again"
        )
    body = head.get("model")
    if version < 1 or not isinstance(body, dict) or head.get("sha256") != _digest(body):
        raise ModelError(f"{damaged}: its checksum does not fit; save the model again")
    return body


def _digest(body: Mapping[str, Any]) -> str:
    """Return a digest of the content, independent of its layout."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
