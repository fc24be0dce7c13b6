"""The command line: one file a command, no logic of its own. torch, polars and pandas come in only where they work."""

from __future__ import annotations

import os


def main() -> None:
    """Run the `foretell` command."""
    # torch's OpenMP reads it once, when torch is first imported. By default its threads spin for milliseconds while
    # they wait, and slow each other down many times over as soon as anything else runs on the same cores. Threads that
    # sleep at once make a small LSTM step 2.5 times as slow; a short spin is as fast as a long one, and yields soon
    # enough.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    from foretell.cli.app import app

    app(prog_name="foretell")
