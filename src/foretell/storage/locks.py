"""Locks on open files and folders, released when the process that holds them ends for any reason."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def lock(handle: int) -> bool | None:  # noqa: ARG001
        """Return None: on Windows a file cannot be locked by its handle alone."""
        return None

else:
    import fcntl

    def lock(handle: int) -> bool | None:
        """Lock what `handle` has open until the handle is closed, and return True on success.

        Returns False if another handle, in this process or another, holds the lock, and None on a file system without
        locks.
        """
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True
