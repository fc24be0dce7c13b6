"""One declaration per setting: its type, bounds, default and the sentence that explains it stand in one place.

`hidden: Annotated[int, Setting("Features of a recurrent layer.", at_least=1)] = 64` in a dataclass gives the check of
its values (`field_types.settle_fields`), JSON both ways, the option on the command line, its help, and its row in the
documentation.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

DATA = "The data"
COVARIATES = "Covariates"
FORECAST = "The forecast"
NETWORK = "The network"
TRAINING = "Training"
MORE_TRAINING = "More on training"
SERVICE = "The service"
LIMITS = "Limits"
OUTPUT = "Output"
MESSAGES = "Messages"
GROUPS = (DATA, COVARIATES, FORECAST, NETWORK, TRAINING, MORE_TRAINING, SERVICE, LIMITS, OUTPUT, MESSAGES)
"""The headings of options, in the order in which help and documentation have them."""
LENGTH = "how long to train"


@dataclass(frozen=True)
class Setting:
    """The metadata of a dataclass field within `Annotated`, in addition to its type and default."""

    help: str
    """A sentence or two that explain it."""
    group: str = NETWORK
    """The heading that it stands under in a command's help."""
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    """Bounds of a number, or of each number of a list. No number is NaN or infinite."""
    multiple_of: int | None = None
    metavar: str | None = None
    """Placeholder of its value in help; derived from the type if not given."""
    option: str | None = None
    """Its name on the command line, where that is not the field's."""
    short: str | None = None
    """A short form of the option, such as -o."""
    positional: bool = False
    """True for a positional argument of commands instead of an option."""
    exclusive: str | None = None
    """What the option sets; only one of several options that set the same thing may be given."""
    by_hand: bool = False
    """True if commands define the option themselves."""
    identifies: bool = False
    """True for a number that names something, such as a port, and is shown without thousands separators."""

    def allows(self, value: Any) -> bool:
        """Return whether a value is within the bounds; values that are not numbers always are."""
        if isinstance(value, tuple):
            return all(map(self.allows, value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return (
            math.isfinite(value)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and (self.multiple_of is None or value % self.multiple_of == 0)
        )

    @property
    def rule(self) -> str:
        """The bounds in words, such as "at least 1"; empty without any."""
        low = self.at_least if self.above is None else self.above
        high = self.at_most if self.below is None else self.below
        words = "" if self.multiple_of is None else f"a multiple of {self.multiple_of}"
        words = "an even number" if self.multiple_of == 2 else words
        if low is not None and high is not None:
            if self.above is None and self.below is None and isinstance(low, int) and isinstance(high, int):
                bounds = f"from {low} to {high}" if self.identifies else f"from {low:,} to {high:,}"
                return f"{words} {bounds}".strip()
            return f"in {'[' if self.above is None else '('}{low:g}, {high:g}{']' if self.below is None else ')'}"
        if low is not None:
            return f"{words} {'at least' if self.above is None else 'above'} {low:,}".strip()
        return f"at most {high:,}" if high is not None else words


@dataclass(frozen=True)
class Declared:
    """A field of a dataclass with all that is known of it."""

    name: str
    hint: Any
    """Its type, without `Annotated`."""
    setting: Setting | None
    field: dataclasses.Field[Any]

    @property
    def group(self) -> str:
        """The heading that it stands under; empty without a setting."""
        return "" if self.setting is None else self.setting.group

    @property
    def required(self) -> bool:
        """Return whether it has no default."""
        return self.field.default is dataclasses.MISSING and self.field.default_factory is dataclasses.MISSING

    @property
    def default(self) -> Any:
        """Its default value; None where it has none."""
        if self.field.default_factory is not dataclasses.MISSING:
            return self.field.default_factory()
        return None if self.field.default is dataclasses.MISSING else self.field.default


@cache
def declared(kind: Any) -> tuple[Declared, ...]:
    """The fields of a dataclass, in their order."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_declared(field, hints[field.name]) for field in dataclasses.fields(kind) if field.init)


def _declared(field: dataclasses.Field[Any], hint: Any) -> Declared:
    extras = getattr(hint, "__metadata__", ())
    setting = next((extra for extra in extras if isinstance(extra, Setting)), None)
    return Declared(field.name, get_args(hint)[0] if extras else hint, setting, field)
