"""Prints what foretell itself and some of its extras need, for pip: `python .ci/requirements.py test report`."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]


def requirements(lines: Iterable[str]) -> set[str]:
    """Return the lines, in the place of `foretell[...]` those of its extras."""
    found = set()
    for line in lines:
        if own := re.fullmatch(r"foretell\[(.+)\]", line):
            for extra in own[1].split(","):
                found |= requirements(PROJECT["optional-dependencies"][extra.strip()])
        else:
            found.add(line)
    return found


if __name__ == "__main__":
    print(*sorted(requirements([*PROJECT["dependencies"], f"foretell[{','.join(sys.argv[1:])}]"])), sep="\n")
