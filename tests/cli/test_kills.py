"""A command that is killed, at whatever file operation, loses nothing, and run again ends as one that was not."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foretell.model.folder import read_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

FORECAST = (
    "forecast",
    "sales.csv",
    "-n",
    "2",
    "--layers",
    "1",
    "--input-steps",
    "7",
    "--windows",
    "0",
    "--model",
    "lstm",
)
CLASSIFY = ("classify", "train", "reviews.csv", "--text", "text", "--label", "label", "--out", "model", "--layers", "1")
TINY = ("--steps", "2", "--hidden", "4", "--quiet", "--device", "cpu")
Command = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def command() -> Iterator[Command]:
    """`command(folder, arguments)`: what `forked_commands.py` answers."""
    program = [sys.executable, str(Path(__file__).with_name("forked_commands.py"))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "GOMP_SPINCOUNT": "1000"}
    with subprocess.Popen(
        program, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def ask(folder: Path, arguments: tuple[str, ...], copies: Path | None = None, terminate_at: int = 0) -> Any:
            request = {
                "folder": str(folder),
                "arguments": arguments,
                "copies": None if copies is None else str(copies),
                "terminate_at": terminate_at,
            }
            print(json.dumps(request), file=requests, flush=True)
            return json.loads(answers.readline())

        yield ask


class Case:
    """A command in a folder that holds the results of an older run of it, and what it makes of them."""

    def __init__(self, command: Command, folder: Path, arguments: tuple[str, ...], model: str) -> None:
        self.command, self.folder, self.arguments, self.model = command, folder, (*arguments, *TINY), model
        self.before = folder / "before"
        self.before.mkdir()
        rows = (f"2024-{1 + i // 28:02d}-{1 + i % 28:02d},{i % 7 + 0.1 * i:.1f}\n" for i in range(84))
        (self.before / "sales.csv").write_text("ds,y\n" + "".join(rows))
        texts = (f"a good {w},yes\na bad {w},no\n" for w in ("film", "plot", "cast", "song", "end"))
        (self.before / "reviews.csv").write_text("text,label\n" + "".join(texts))
        assert command(self.before, (*self.arguments, "--seed", "1"))["status"] == 0
        after = self.copy(self.before)
        self.copies = folder / "copies"
        done = command(after, self.arguments, copies=self.copies)
        assert (done["status"], done["said"]) == (0, "")
        self.operations: int = done["operations"]
        self.old, self.new = results(self.before), results(after)
        assert self.old.keys() == self.new.keys()
        assert self.old != self.new
        self._seen: set[str] = set()

    def copy(self, folder: Path) -> Path:
        target = self.folder / "copy"
        shutil.rmtree(target, ignore_errors=True)
        return Path(shutil.copytree(folder, target))

    def check(self, folder: Path) -> None:
        """Nothing is lost in what a stopped command left, and run again it ends as one that was not stopped."""
        shape = fingerprint(folder)
        if shape in self._seen:
            return
        self._seen.add(shape)
        found = results(folder)
        for name in self.old:
            if not name.startswith(self.model):
                assert found[name] in (self.old[name], self.new[name]), shape
        # Wherever it stands, it is one or the other.
        weights = hashlib.sha256(self.old[f"{self.model}/weights.safetensors"]).hexdigest()
        newer = hashlib.sha256(self.new[f"{self.model}/weights.safetensors"]).hexdigest()
        stored = read_folder(folder / self.model)
        assert stored._checksum in (weights, newer)
        assert hashlib.sha256((stored._place / "weights.safetensors").read_bytes()).hexdigest() == stored._checksum
        done = self.command(folder, self.arguments)
        assert (done["status"], done["said"]) == (0, ""), shape
        assert results(folder) == self.new, shape

    @property
    def states(self) -> int:
        """How many different ones were checked."""
        return len(self._seen)


def results(folder: Path) -> dict[str, bytes]:
    """The files by name, and their contents where these do not tell how long something took."""
    found = {}
    for path in sorted(folder.rglob("*")):
        timed = path.suffix in (".json", ".html") or path.is_dir()
        found[str(path.relative_to(folder))] = b"" if timed else path.read_bytes()
    return found


def fingerprint(folder: Path) -> str:
    """Equal for two folders that differ in random names, in times, and in how much of a temporary file is there."""
    lines = []
    for path in sorted(folder.rglob("*")):
        name = re.sub(r"[0-9a-f]{16}", "*", str(path.relative_to(folder)))
        content = b"" if path.is_dir() or ".tmp" in name or path.suffix == ".html" else path.read_bytes()
        plain = re.sub(rb'"(seconds|sha256)": [^,\n]*', b"", content)
        lines.append(f"{name} {hashlib.sha256(plain).hexdigest()[:8]}")
    return "\n".join(sorted(lines))


@pytest.fixture(scope="module", params=["forecast", "classify"])
def case(request: pytest.FixtureRequest, command: Command, tmp_path_factory: pytest.TempPathFactory) -> Case:
    arguments, model = {"forecast": (FORECAST, "forecast/model"), "classify": (CLASSIFY, "model")}[request.param]
    return Case(command, tmp_path_factory.mktemp(request.param), arguments, model)


def test_killed_before_every_file_operation(case: Case) -> None:
    assert case.operations >= 40
    for number in range(1, case.operations + 1):
        case.check(case.copies / str(number))
    assert case.states >= 15


def test_terminated_before_a_file_operation(case: Case) -> None:
    """Before every third, which comes to every kind of operation."""
    for number in range(1, case.operations + 1, 3):
        folder = case.copy(case.before)
        done = case.command(folder, case.arguments, terminate_at=number)
        assert done["status"] == 143, number
        assert done["said"].startswith("terminated"), number
        left = [path.name for path in folder.rglob("*") if path.name.endswith(".tmp")]
        assert not left, number
        case.check(folder)
