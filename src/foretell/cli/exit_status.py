"""The end of a command: success, or one line on standard error and a matching exit status."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer

from foretell.cli.termination import name_of, status_of, unwinding
from foretell.errors import ForetellError
from foretell.terminal import printable

REFUSED = 2
"""Bad input, or a machine without room: not of foretell's making, and the user's to mend."""
FAILED = 1
BROKEN_PIPE = 141
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or a signal like it (`stop`) during training, after a checkpoint was written to `checkpoint`."""

    def __init__(self, checkpoint: Path, stop: KeyboardInterrupt | None = None) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        self.stop = KeyboardInterrupt() if stop is None else stop


def guarded(command: Callable[..., None], *, debug: bool, **values: Any) -> None:
    """Call `command` and turn whatever it raises into a message and an exit status; `debug` shows tracebacks too."""
    try:
        with unwinding():
            command(**values)
            sys.stdout.flush()
    except typer.Exit:
        raise
    except ForetellError as error:
        _end(f"error: {error}", REFUSED, debug)
    except BrokenPipeError:
        _drop_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except Interrupted as interrupted:
        _end(
            f"{name_of(interrupted.stop)}: training is kept up to here in {interrupted.checkpoint}; the same command "
            "goes on there",
            status_of(interrupted.stop),
            debug,
        )
    except KeyboardInterrupt as stop:
        _end(name_of(stop), status_of(stop), debug)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _end(f"error: {error.strerror or error}{where}", REFUSED if error.errno in _NO_ROOM else FAILED, debug)
    except BaseException as error:
        if not isinstance(error, Exception) and not _is_panic(error):
            raise
        if _out_of_memory(error):
            _end(
                "error: there is not enough memory for this: try a smaller network, less at a time (a shorter horizon, "
                "input, batch or chunk), or less data",
                REFUSED,
                debug,
            )
        if type(error).__module__.startswith(("typer", "click")):
            raise  # of the option parser, which has its own way of showing it
        what = str(error).strip().split("\n")[0]
        advice = "" if debug else "\nThis is a fault of foretell; --debug shows where it lies, for a report of it."
        _end(f"error: {type(error).__name__}{': ' if what else ''}{what}{advice}", FAILED, debug)


def _is_panic(error: BaseException) -> bool:
    """Return whether a library written in Rust panicked; such an exception is no `Exception`."""
    return type(error).__name__ == "PanicException"


def _out_of_memory(error: BaseException) -> bool:
    # torch says so on the CPU by a bare RuntimeError.
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint({"MemoryError", "OutOfMemoryError"}) or "can't allocate memory" in str(error)


def _end(message: str, status: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    print(printable(message, lines=True), file=sys.stderr, flush=True)
    raise typer.Exit(status) from None


def _drop_output() -> None:
    """Whoever read our output is gone: what is still buffered goes nowhere, without a complaint at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    finally:
        os.close(nowhere)
