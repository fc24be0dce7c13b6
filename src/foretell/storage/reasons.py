"""Explanations of why a file cannot be written, and what to do about it."""

from __future__ import annotations

import errno

_REMEDIES = {
    errno.ENOSPC: "free some space, or choose another place",
    errno.EDQUOT: "free some space, or choose another place",
    errno.EFBIG: "choose a place that allows files of this size",
    errno.ENOENT: "no such folder exists, or it was deleted: create it, or start again",
    errno.ENOTDIR: "choose a place inside a folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTEMPTY: "another run is writing there too; give each run its own place",
    errno.EEXIST: "another run is writing there too; give each run its own place",
}


def reason_and_remedy(error: OSError) -> str:
    """Return the operating system's message, followed by what to do."""
    return f"{error.strerror or error}; {remedy(error)}"


def remedy(error: OSError) -> str:
    """Return what to do about the error."""
    return _REMEDIES.get(error.errno or 0, "choose a place that can be written to")
