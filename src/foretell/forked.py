"""Forked processes. The threads of a pool do not survive a fork: whoever hands work to them waits for ever.

Importing this settles what can be settled: after a fork, torch and the kernels work on one thread. What cannot be,
since polars' pool cannot be made anew, is refused by `require_polars`.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from foretell.errors import ForkedProcessError

_TASKS = "/proc/self/task"


class _Fork:
    """What the parent had when it forked last, and what this process has lost by that."""

    polars = False
    lost_polars = False


def require_polars() -> None:
    """Raise ForkedProcessError in a process forked from one whose polars had started its threads."""
    if _Fork.lost_polars:
        raise ForkedProcessError(
            "tables cannot be worked on in this process: it was forked from one that had done so, and the threads of "
            'polars do not survive a fork. Start processes by "spawn" or "forkserver" '
            '(multiprocessing.get_context("spawn"), gunicorn without --preload), or fork before the first table'
        )


def _look() -> None:
    _Fork.polars = "polars" in sys.modules and _polars_has_threads()


def _settle() -> None:
    _Fork.lost_polars = _Fork.lost_polars or _Fork.polars
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "set_num_threads"):
        torch.set_num_threads(1)


def _polars_has_threads() -> bool:
    """Whether polars has started its pool; where the system has no list of threads, it is taken for started."""
    try:
        tasks = os.listdir(_TASKS)
    except OSError:
        return True
    for task in tasks:
        try:
            with open(f"{_TASKS}/{task}/comm") as file:
                if re.match(r"polars-\d", file.read()):
                    return True
        except OSError:  # it ended meanwhile
            continue
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_look, after_in_child=_settle)
