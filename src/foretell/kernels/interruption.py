"""Signals during long calls of compiled code.

Python runs a signal's handler between two of its own instructions. A compiled call on the main thread therefore asks
now and then whether to go on, by a callback; where a handler raises meanwhile, such as on Ctrl-C, the call ends early.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from typing import Any

FAILURE = 3
"""What a compiled call that ended early returns."""

_MAIN = threading.main_thread().ident
_raised: list[BaseException] = []


def _watch() -> Iterator[int]:
    """Yield 0 until a signal handler raises, then 1. Handlers run where the generator is resumed: within `try`."""
    try:
        while True:
            yield 0
    except GeneratorExit:
        raise
    except BaseException as error:
        _raised.append(error)
        yield 1


def _callback() -> Any:
    watching = _watch()
    next(watching)
    resume: Callable[[], int] = watching.__next__
    return ctypes.CFUNCTYPE(ctypes.c_int)(resume)


_asked = _callback()
_address = ctypes.cast(_asked, ctypes.c_void_p).value


def address() -> int | None:
    """Return the address of what a compiled call asks; None on threads that do not handle signals."""
    return _address if threading.get_ident() == _MAIN else None


def raise_again() -> None:
    """Raise what a signal handler raised during a compiled call."""
    global _asked, _address
    _asked = _callback()
    _address = ctypes.cast(_asked, ctypes.c_void_p).value
    raise _raised.pop()
