"""Heads by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foretell.nn.heads.categorical import Categorical
from foretell.nn.heads.gaussian import Gaussian
from foretell.nn.heads.head import Head
from foretell.nn.heads.mixture_of_logistics import MixtureOfLogistics

_HEADS: dict[str, type[Head]] = {head.name: head for head in (Categorical, MixtureOfLogistics, Gaussian)}


def head_from_dict(plain: Mapping[str, Any]) -> Head:
    """Build the head that `to_dict` described. Raises ValueError, TypeError or KeyError for anything else."""
    arguments = dict(plain)
    name = arguments.pop("name")
    if name not in _HEADS:
        raise ValueError(f"there is no head {name!r}: choose one of {', '.join(_HEADS)}")
    return _HEADS[name](**arguments)
