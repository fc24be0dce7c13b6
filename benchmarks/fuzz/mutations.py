"""Random damage: to bytes, to the cells of a table, to what JSON holds, to tensors."""

from __future__ import annotations

import copy
import json
import math
from random import Random
from typing import Any

import torch

_CELLS = (
    "", " ", "NaN", "nan", "inf", "-inf", "1e400", "-1e-400", "-", "--", "null", "None", "N/A", "#REF!", "0", "-0", "1",
    "1,5", "1.5", "1.000,5", "1 000", "1'000", "1_000", "0x10", "007", "9" * 30, "1.10", "1E2", "TRUE", "yes", "50 %",
    "€ 3", "2021-02-30", "2021-02-29", "0000-00-00", "0001-01-01", "9999-12-31", "2262-04-12", "1677-09-21", "20210101",
    "20211340", "2021-W53-1", "2021Q5", "31/12/2021", "12/31/2021", "2021-01-01T00:00:00Z", "2021-01-01 24:00:00",
    "2021-03-28 02:30:00+01:00", "2021-01-01T00:00:00.123456789", "Jan-49", "44197", "1609459200", "-62135596800000",
    "=HYPERLINK(\"http://x\")", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x00", "\u202e", "\ufeff", "a\tb", "'", '"',
    '""', "\\", "a\nb", "é" * 5, "🙂", "\ud7ff", "A" * 3000, "y", "ds", "unique_id",
)  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 7, 1.5, -0.5, 1e308, -1e308, 1e-308, math.nan, math.inf, -math.inf, 10**9 + 7,
    10**20, -(10**20), 2**31, 2**63, 2**64, "", "x", "nan", "inf", "1", "lstm", "\x1b[31mred", "\ud800", "é", [], {},
    [0], [None], ["x"], [[1, 2], [3]], {"a": 1}, [1000000007], [2, 2], [24, 7],
)  # fmt: skip
_FLOATS = (math.nan, math.inf, -math.inf, 3.4e38, -3.4e38, 1e-45, 0.0, 1e20, -1.0)


def bytes_damaged(random: Random, data: bytes) -> bytes:
    """One to four of: bits flipped, bytes replaced, a stretch removed, repeated, or filled; the end cut off."""
    content = bytearray(data)
    for _ in range(random.randint(1, 4)):
        if not content:
            break
        at = random.randrange(len(content))
        length = min(len(content) - at, random.choice((1, 2, 4, 8, 64, 512)))
        match random.randrange(7):
            case 0:
                content[at] ^= 1 << random.randrange(8)
            case 1:
                content[at : at + length] = random.randbytes(length)
            case 2:
                del content[at : at + length]
            case 3:
                content[at:at] = content[at : at + length] * random.choice((1, 2, 50))
            case 4:
                content[at : at + length] = bytes([random.choice((0, 255, 127, 128))]) * length
            case 5:
                number = random.choice((0, 1, -1, 2**31 - 1, -(2**31), 2**16, 10**6))
                content[at : at + 4] = number.to_bytes(4, random.choice(("little", "big")), signed=True)
            case _:
                if random.random() < 0.3:
                    del content[at:]
    return bytes(content)


def table_damaged(random: Random, text: str) -> str:
    """One to five of: a cell replaced, a row or a column removed, repeated or moved, the separator changed."""
    separator = next((s for s in ",;\t|" if s in text.split("\n", 1)[0]), ",")
    rows = [line.split(separator) for line in text.rstrip("\n").split("\n")]
    for _ in range(random.randint(1, 5)):
        if not rows:
            break
        at = random.randrange(len(rows))
        row = rows[at]
        column = random.randrange(len(row)) if row else 0
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                if row:
                    row[column] = random.choice(_CELLS)
            case 4:
                value = random.choice(_CELLS)
                share = random.choice((0.05, 0.5, 1.0))
                for other in rows[1:]:
                    if column < len(other) and random.random() < share:
                        other[column] = value
            case 5:
                del rows[at]
            case 6:
                rows.insert(random.randrange(len(rows) + 1), list(row))
            case 7:
                rows = [[cell for k, cell in enumerate(r) if k != column] for r in rows]
            case 8:
                rows = [[*r, r[column] if column < len(r) else ""] for r in rows]
            case 9:
                if row:
                    row.insert(column, random.choice(_CELLS))
            case 10:
                del rows[random.randrange(len(rows)) :]
            case _:
                head, rest = rows[:1], rows[1:]
                random.shuffle(rest)
                rows = head + rest if random.random() < 0.7 else rest + head
    if random.random() < 0.1:
        separator = random.choice(",;\t| :")
    ends = "\r\n" if random.random() < 0.1 else "\n"
    return ends.join(separator.join(row) for row in rows) + ends


def json_damaged(random: Random, value: Any) -> Any:
    """A copy with one to three values replaced, removed, added, or changed a little."""
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return random.choice(_ODD)
        # By name first: long lists of numbers should not hide the rest.
        names = sorted({path for path, _, _ in places})
        name = random.choice(names)
        _, parent, key = random.choice([place for place in places if place[0] == name])
        if isinstance(parent, list) and key >= len(parent):
            continue
        old = parent[key]
        match random.randrange(6):
            case 0 | 1:
                parent[key] = copy.deepcopy(random.choice(_ODD))
            case 2:
                del parent[key]
            case 3:
                parent[key] = _nudged(random, old)
            case 4:
                if isinstance(old, list):
                    parent[key] = old * 2 if random.random() < 0.5 else old[: len(old) // 2]
                else:
                    parent[key] = [old]
            case _:
                if isinstance(parent, dict):
                    parent[random.choice(("more", "", "kind", "\x1b[2J"))] = copy.deepcopy(random.choice(_ODD))
                else:
                    parent.insert(key, copy.deepcopy(random.choice(_ODD)))
    return value


def json_bytes(value: Any) -> bytes:
    """As Python writes it, NaN, lone surrogates and all."""
    return json.dumps(value).encode()


def tensors_damaged(random: Random, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A copy with one or two tensors of other values, shape, type or name, or without them."""
    changed = {name: tensor.clone() for name, tensor in tensors.items()}
    for _ in range(random.randint(1, 2)):
        if not changed:
            break
        name = random.choice(sorted(changed))
        tensor = changed[name]
        match random.randrange(6):
            case 0 | 1:
                if tensor.numel():
                    flat = tensor.reshape(-1)
                    at = slice(None) if random.random() < 0.3 else random.randrange(len(flat))
                    if tensor.is_floating_point():
                        flat[at] = random.choice(_FLOATS)
                    elif tensor.dtype != torch.bool:
                        flat[at] = random.choice((0, -1, 127, torch.iinfo(tensor.dtype).max))
                    changed[name] = flat.view(tensor.shape)
            case 2:
                changed[name] = tensor.reshape(-1)
            case 3:
                changed[name] = tensor.to(random.choice((torch.float64, torch.float16, torch.int64, torch.uint8)))
            case 4:
                changed[random.choice(("more", "", "weights.0"))] = changed.pop(name)
            case _:
                changed[name] = torch.zeros(*tensor.shape, random.choice((0, 1, 2)))
    return changed


def _places(value: Any, path: str = "") -> Any:
    """Every place in a JSON value: its path without the numbers in lists, what holds it, and its key there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", value, key
            yield from _places(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield f"{path}[]", value, key
            yield from _places(inner, f"{path}[]")


def _nudged(random: Random, old: Any) -> Any:
    if isinstance(old, bool) or old is None:
        return not old
    if isinstance(old, int):
        return random.choice((old + 1, old - 1, -old, old * 1000, old * 10**7, float(old), str(old)))
    if isinstance(old, float):
        return random.choice((-old, old * 1e10, old * 1e300, old / 1e10, round(old) if math.isfinite(old) else 0))
    if isinstance(old, str):
        return random.choice(
            (old + "\x1b[31m", old[:-1], old * 100, old.upper(), bytes(old[:20], "utf-8", "replace").hex())
        )
    return [] if isinstance(old, dict) else {}
