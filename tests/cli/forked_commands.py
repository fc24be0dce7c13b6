"""Runs `foretell` commands in forked children and watches their file operations: a program for `test_kills.py`.

It imports everything once and computes nothing itself, so that a child costs no more than what the command does. Reads
one JSON object a line: `folder`; `arguments`; `copies`, a folder for one copy of `folder` as it is before each
operation, which is what SIGKILL at that moment would leave, or null; `terminate_at`, the number of the operation before
which the child gets SIGTERM, or 0. Answers each with one: `status`, `operations`, and `said`, which went to stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

MODULES = (
    "foretell.cli.app", "foretell.cli.kind", "foretell.cli.fit", "foretell.cli.forecast",
    "foretell.forecasting.forecaster", "foretell.forecasting.report.assembly", "foretell.forecasting.report",
    "foretell.tables.files", "foretell.text.classification.kind", "foretell.text.classification.model",
    "foretell.text.classification.table", "lightning_fabric", "matplotlib.backends.backend_agg", "matplotlib.pyplot",
    "rich.progress", "rich.table", "tokenizers", "torch._dynamo",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}


class Operations:
    """Hears of whatever is about to change files below a folder."""

    def __init__(self, folder: str, copies: str | None, terminate_at: int) -> None:
        self.count = 0
        self._folder, self._copies, self._terminate_at = folder, copies, terminate_at
        self._hears = True
        sys.addaudithook(self._hear)
        # Python tells nobody of it, and before it a new file is whole under its temporary name.
        sync = os.fsync

        def fsync(handle: int) -> None:
            self._next()
            sync(handle)

        os.fsync = fsync  # type: ignore[assignment]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._hears or (event == "open" and isinstance(arguments[2], int) and not arguments[2] & _WRITING):
            return
        if event == "fcntl.flock" or ((event == "open" or event in _CHANGES) and self._is_below(arguments[0])):
            self._next()

    def _is_below(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(self._folder + os.sep)

    def _next(self) -> None:
        self.count += 1
        if self._copies is not None:
            self._hears = False
            shutil.copytree(self._folder, Path(self._copies, str(self.count)))
            self._hears = True
        if self.count == self._terminate_at:
            signal.raise_signal(signal.SIGTERM)


def child(request: dict[str, Any], report: Path) -> None:
    from foretell.cli.app import app

    os.chdir(request["folder"])
    for stream, target in ((0, os.devnull), (1, os.devnull), (2, str(report))):
        os.dup2(os.open(target, os.O_RDONLY if stream == 0 else os.O_WRONLY), stream)
    operations = Operations(os.getcwd(), request["copies"], request["terminate_at"])
    status = 1
    try:
        app(request["arguments"], prog_name="foretell", standalone_mode=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stderr.flush()
        with report.open("a") as file:
            file.write(f"\n{operations.count}")
        os._exit(status)


def main() -> None:
    for name in MODULES:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        with tempfile.NamedTemporaryFile() as file:
            number = os.fork()
            if number == 0:
                child(request, Path(file.name))
            status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
            said, _, count = Path(file.name).read_text().rpartition("\n")
        answer = {"status": status, "operations": int(count) if count.isdigit() else 0, "said": said}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
