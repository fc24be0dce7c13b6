"""A checkpoint folder: tensors (safetensors) and facts (JSON), replaced as a whole.

`tensors-<n>.safetensors` is written first, then `checkpoint.json`, which names it and holds its checksum; each under a
temporary name, synced and renamed. Whenever the process is killed, `checkpoint.json` and the file that it names are
either both the former or both the new ones. Tensor files that it does not name are left-overs and are removed by the
next write.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from foretell.errors import ModelError, TrainingError
from foretell.training.tensor_file import parse_tensors, read_ordinary
from foretell.training.whole_file import sync_folder

FORMAT = "foretell training checkpoint"
VERSION = 1
FACTS = "checkpoint.json"
TENSORS = "tensors-{}.safetensors"


def write(folder: Path, number: int, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Replace the checkpoint in `folder` (made if need be) by that of `number` steps; `facts` must be JSON-able.

    Raises `TrainingError` where it cannot be written; the checkpoint before it is then intact.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            f"the checkpoint folder {folder} cannot be made ({error.strerror or error}): choose another, and start anew"
        ) from error
    name = TENSORS.format(number)
    payload = safetensors.torch.save({key: t.detach().contiguous() for key, t in tensors.items()})
    body = {"tensors": name, "sha256": hashlib.sha256(payload).hexdigest(), "facts": facts}
    page = {"format": FORMAT, "version": VERSION, "sha256": _checksum(body), "body": body}
    _replace(folder / name, payload)
    _replace(folder / FACTS, json.dumps(page, indent=1).encode())
    for old in folder.glob(TENSORS.format("*")):
        if old.name != name:
            old.unlink(missing_ok=True)


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The tensors (on the CPU) and facts of the checkpoint in `folder`, or None if there is none yet.

    Raises `ModelError` for a checkpoint that is damaged, of a newer version or not one at all.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder} is a file, but a checkpoint is a folder: give another name")
    path = folder / FACTS
    try:
        text = read_ordinary(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}): correct that, or train with another folder"
        ) from error
    try:
        page = json.loads(text)
        known, version, checksum, body = page["format"] == FORMAT, page["version"], page["sha256"], page["body"]
        if not known:
            raise _damaged(path, f"it is not a {FORMAT}")
        if not isinstance(version, int) or version > VERSION:
            raise ModelError(
                f"{path} has format version {version}, this foretell reads up to {VERSION}: update foretell, or delete "
                "the folder to train from the start"
            )
        if checksum != _checksum(body):
            raise _damaged(path, "its checksum does not match")
        if Path(body["tensors"]).name != body["tensors"] or not Path(body["tensors"]).match(TENSORS.format("*")):
            raise _damaged(path, f"it names {body['tensors']!r}, which is no file of a checkpoint")
        payload = read_ordinary(folder / body["tensors"])
        if hashlib.sha256(payload).hexdigest() != body["sha256"]:
            raise _damaged(folder / body["tensors"], "its checksum does not match")
        return parse_tensors(payload), body["facts"]
    except (ValueError, KeyError, TypeError, RecursionError, OSError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"{path} is damaged ({why}): delete the folder {path.parent} to train from the start")


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TrainingError(
            f"the checkpoint {path} cannot be written ({error.strerror or error}): free some space or choose another "
            "folder, and start again; the checkpoint before it is intact"
        ) from error
    sync_folder(path.parent)
