"""Data sources: where the data are, how they are read and how validation data are held out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, cast

from foretell.declaration import DATA, Setting
from foretell.errors import SettingsError

D = TypeVar("D")
Encoding = Annotated[
    str | None, Setting("Encoding of the text if it is not UTF-8, such as cp1252 or latin-1.", DATA, metavar="NAME")
]
"""The encoding option of text sources."""
Progressed = Callable[[float], None]
"""Called with the fraction that is done."""


@dataclass(frozen=True)
class Parts(Generic[D]):
    """Training data, with validation and test data where there are any."""

    training: D
    validation: D | None
    """None where nothing is held out."""
    test: D | None = None
    """Test data, where a collection has a test part."""
    sentences: tuple[str, ...] = ()
    """Sentences that describe the data."""
    counts: Mapping[str, Any] = field(default_factory=dict)
    """The same as numbers for the JSON document."""


class Source(ABC, Generic[D]):
    """A dataclass whose fields are the arguments and options that locate the data."""

    places: ClassVar[tuple[str, ...]]
    """The fields that validation data of their own replace, in the order in which `--validation` takes them."""

    @abstractmethod
    def read(self, settings: Any, on_progress: Progressed | None = None) -> D:
        """Return the data, read for a model with these settings."""

    def hold_out(self, data: D, settings: Any) -> tuple[D, D | None]:
        """Split the data into a training part and a share `settings.validation` that is held out."""
        raise NotImplementedError

    def described(self, parts: Parts[D], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """Return sentences and counts that describe the data.

        `held_out`: False where the validation data came from elsewhere.
        """
        raise NotImplementedError

    def parts(self, settings: Any, validation: Self | None = None, on_progress: Progressed | None = None) -> Parts[D]:
        """Read the data in parts; the validation part is `validation` if given, else it is held out.

        A source overrides this method, or `hold_out` and `described`.
        """
        data = self.read(settings, on_progress)
        if validation is None:
            parts = Parts(*self.hold_out(data, settings))
        else:
            parts = Parts(data, validation.read(settings, on_progress))
        sentences, counts = self.described(parts, held_out=validation is None)
        return replace(parts, sentences=tuple(sentences), counts=counts)

    def elsewhere(self, places: Sequence[str]) -> Self:
        """Return the same source at other places, one for each of `places`. Raises SettingsError for a wrong number."""
        names = [name for name in self.places if getattr(self, name) is not None]
        if len(places) != len(names):
            raise SettingsError(
                f"--validation takes {' and '.join(name.upper() for name in names)} of other data, one after another, "
                f"or a share; got {len(places)}"
            )
        return cast(Self, replace(cast(Any, self), **dict(zip(names, places, strict=True))))
