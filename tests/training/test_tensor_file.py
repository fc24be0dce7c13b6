from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from foretell.training.tensor_file import parse_tensors, read_ordinary


def declared(dtype: str, shape: list[int], data: bytes) -> bytes:
    header: dict[str, Any] = {"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def test_tensors_are_read() -> None:
    found = parse_tensors(declared("F32", [2], struct.pack("<2f", 1.5, -2)))
    assert torch.equal(found["a"], torch.tensor([1.5, -2]))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "header too small"),
        (struct.pack("<Q", 2**63) + b"{}", "header too large"),
        (declared("F4", [2], b"\0"), "no dtype 'F4'"),
        (declared("F32", [2**62], b"\0" * 4), "overflow"),
        (declared("F32", [0, 2**62, 8], b""), "Stride calculation overflowed"),
        (declared("F32", [0, 2**63], b""), "Overflow"),
        (declared("F32", [3], b"\0" * 4), "invalid shape|TensorInvalidInfo"),
    ],
)
def test_what_torch_cannot_hold_is_one_kind_of_error(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_tensors(data)


def test_only_ordinary_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_ordinary(tmp_path / "link") == b"content"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        with pytest.raises(OSError, match="not an ordinary file"):
            read_ordinary(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_ordinary(tmp_path / "none")
