"""Checkpoint folders: tensors (safetensors) and facts (JSON), replaced atomically.

`tensors-<n>.safetensors` is written first, then `checkpoint.json`, which names it and holds its checksum. Each file is
written under a temporary name, synced and renamed. Whenever the process is killed, `checkpoint.json` and the file that
it names are either both old or both new. Tensor files that it does not name are left over and are removed by the next
write. A file is only deleted if its own content identifies it as part of a checkpoint.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from foretell.errors import ModelError, TrainingError
from foretell.storage.locks import lock
from foretell.storage.reasons import remedy
from foretell.storage.unfinished import sweep
from foretell.storage.whole_file import put_file
from foretell.training.tensor_file import parse_tensors, read_metadata, read_ordinary

FORMAT = "foretell training checkpoint"
VERSION = 1
FACTS = "checkpoint.json"
TENSORS = "tensors-{}.safetensors"
_TENSORS = re.compile(r"tensors-[0-9]+\.safetensors")


@contextmanager
def reserved(folder: Path) -> Iterator[None]:
    """Reserve `folder` for this run within the block. It is created if missing, and removed afterwards if still empty.

    Raises `TrainingError` where it cannot be created, or where another run is using it.
    """
    made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        _make(folder)
        with _locked(folder):
            yield
    finally:
        with suppress(OSError):  # not empty, as a rule
            for path in made:
                path.rmdir()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if os.name != "posix":
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _cannot_be_written(folder, error) from error
    try:
        if lock(handle) is False:
            raise TrainingError(
                f"another run is training with the checkpoint folder {folder}: wait until it has ended, or give this "
                "run a different output and checkpoint folder"
            )
        yield
    finally:
        os.close(handle)


def write(folder: Path, number: int, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Replace the checkpoint in `folder` (created if missing) by that of step `number`.

    JSON must be able to hold `facts`. Raises `TrainingError` where it cannot be written, and then leaves the previous
    checkpoint intact.
    """
    _make(folder)
    name = TENSORS.format(number)
    plain = {key: t.detach().contiguous() for key, t in tensors.items()}
    payload = safetensors.torch.save(plain, metadata={"format": FORMAT})
    body = {"tensors": name, "sha256": hashlib.sha256(payload).hexdigest(), "facts": facts}
    page = {"format": FORMAT, "version": VERSION, "sha256": _checksum(body), "body": body}
    for path, content in ((folder / name, payload), (folder / FACTS, json.dumps(page, indent=1).encode())):
        try:
            put_file(path, content)
        except OSError as error:
            raise _cannot_be_written(path, error) from error
    _drop_tensors(folder, but=name)


def exists(folder: Path) -> bool:
    """Return whether there is a checkpoint in `folder`, even a damaged one."""
    return os.path.lexists(folder / FACTS)


def delete(folder: Path) -> None:
    """Delete the checkpoint in `folder`, and the folder if nothing else is in it. Raises nothing if that fails.

    `checkpoint.json` is deleted first, so that a process killed meanwhile leaves no checkpoint rather than a damaged
    one. Does nothing while another run is using the folder.
    """
    with suppress(OSError, TrainingError):
        if folder.is_dir():
            with reserved(folder):
                if _is_page(folder / FACTS):
                    (folder / FACTS).unlink()
                _drop_tensors(folder)
                sweep(folder)
                folder.rmdir()


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Read the tensors (on the CPU) and facts of the checkpoint in `folder`; None if there is none yet.

    Raises `ModelError` for a checkpoint that is damaged or of a newer version, and for anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder} is a file, but a checkpoint is a folder: choose another name")
    path = folder / FACTS
    try:
        text = read_ordinary(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): fix that, or train with another folder") from error
    try:
        page = json.loads(text)
        known, version, checksum, body = page["format"] == FORMAT, page["version"], page["sha256"], page["body"]
        if not known:
            raise _damaged(path, f"it is not a {FORMAT}")
        if not isinstance(version, int) or version > VERSION:
            raise ModelError(
                f"{path} has format version {version!r}, but this foretell reads versions up to {VERSION}: update "
                "foretell, or delete the folder to train from the start"
            )
        if checksum != _checksum(body):
            raise _damaged(path, "its checksum does not match")
        if not _TENSORS.fullmatch(body["tensors"]):
            raise _damaged(path, f"it names {body['tensors']!r}, which is not a file of a checkpoint")
        payload = read_ordinary(folder / body["tensors"])
        if hashlib.sha256(payload).hexdigest() != body["sha256"]:
            raise _damaged(folder / body["tensors"], "its checksum does not match")
        if not isinstance(body["facts"], dict):
            raise _damaged(path, "it holds no facts")
        return parse_tensors(payload), body["facts"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path} is damaged ({why}): delete the folder {path.parent} to train from the start, or choose another"
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            f"the checkpoint folder {folder} cannot be created ({error.strerror or error}): choose another one"
        ) from error


def _cannot_be_written(path: Path, error: OSError) -> TrainingError:
    if error.errno == errno.ENOENT:
        return TrainingError(
            f"the checkpoint {path} cannot be written: its folder was deleted during training, by someone or by "
            "another run with the same folder that has ended; start again with a separate checkpoint folder"
        )
    return TrainingError(
        f"the checkpoint {path} cannot be written ({error.strerror or error}): {remedy(error)}, and start again; the "
        "previous checkpoint is intact"
    )


def _drop_tensors(folder: Path, but: str = "") -> None:
    """Delete the tensor files of checkpoints in `folder`, except `but`; skip those that cannot be deleted."""
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.name != but and _TENSORS.fullmatch(path.name) and not path.is_symlink():
                with suppress(OSError, ValueError):
                    if read_metadata(path).get("format") == FORMAT:
                        path.unlink()


def _is_page(path: Path) -> bool:
    try:
        page = json.loads(read_ordinary(path))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(page, dict) and page.get("format") == FORMAT and not path.is_symlink()


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
