"""The command line: one file a command, no logic of its own. torch, polars and pandas come in only where they work."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from typing import Any

from foretell.terminal import printable


def main() -> None:
    """Run the `foretell` command."""
    # torch's OpenMP reads it once, when torch is first imported. By default its threads spin for milliseconds while
    # they wait, and slow each other down many times over as soon as anything else runs on the same cores. Threads that
    # sleep at once make a small LSTM step 2.5 times as slow; a short spin is as fast as a long one, and yields soon
    # enough.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # numpy's OpenBLAS is worse: beside other work, two of its threads take minutes for a regression that one does in
    # half a second, and it has no setting to stop them from spinning while they wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # An import makes hundreds of thousands of objects that stay. By default they are searched for unreachable cycles
    # after every 700 new ones, which takes a tenth of all imports.
    gc.set_threshold(20_000)
    _open_streams()
    try:
        from foretell.cli.app import app
    except KeyboardInterrupt:
        sys.exit(130)
    warnings.showwarning = _say_warning
    app(prog_name="foretell")


def _say_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning as one line, without the place in the code that it came from."""
    print(printable(f"Warning: {message}", lines=True), file=sys.stderr)


def _open_streams() -> None:
    """A stream that was closed before we started reads and writes nothing; a character that the terminal's encoding
    lacks is spelled out."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (open as long as the process lives)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
