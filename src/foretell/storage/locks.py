"""Locks on open files and folders. They end with the process that holds them, however it ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def lock(handle: int) -> bool | None:  # noqa: ARG001
        """None: a file cannot be locked by its handle alone there."""
        return None

else:
    import fcntl

    def lock(handle: int) -> bool | None:
        """Whether the lock on what `handle` has open is ours from now on, until the handle is closed.

        False where another handle, of this process or another, holds it; None on a file system without locks.
        """
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True
