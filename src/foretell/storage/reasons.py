"""Why a file cannot be written, and what to do about it."""

from __future__ import annotations

import errno

_REMEDIES = {
    errno.ENOSPC: "free some space, or choose another place",
    errno.EDQUOT: "free some space, or choose another place",
    errno.EFBIG: "choose a place that takes files of this size",
    errno.ENOENT: "there is no such folder, or no longer: make it, or start again",
    errno.ENOTDIR: "choose a place in a folder",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ENOTEMPTY: "another run is writing there too; give each a place of its own",
    errno.EEXIST: "another run is writing there too; give each a place of its own",
}


def reason_and_remedy(error: OSError) -> str:
    """What the system says, in its words, and what to do."""
    return f"{error.strerror or error}; {remedy(error)}"


def remedy(error: OSError) -> str:
    """What to do."""
    return _REMEDIES.get(error.errno or 0, "choose a place that can be written to")
