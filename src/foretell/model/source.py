"""Where data is, how it is read, and what of it is held out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, cast

from foretell.declaration import DATA, Setting
from foretell.errors import SettingsError

D = TypeVar("D")
Encoding = Annotated[
    str | None, Setting("How text is encoded, if not in UTF-8: cp1252, latin-1 and so on.", DATA, metavar="NAME")
]
"""The option of sources that are text."""
Progressed = Callable[[float], None]
"""Called with the share that is done."""


@dataclass(frozen=True)
class Parts(Generic[D]):
    """Data to learn from and to judge by."""

    training: D
    validation: D | None
    """None where nothing is held out."""
    test: D | None = None
    """Data that a collection sets apart for a last judgement."""
    sentences: tuple[str, ...] = ()
    """What was found, for people."""
    counts: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs."""


class Source(ABC, Generic[D]):
    """A dataclass whose fields are the arguments and options that say where data is and how to read it."""

    places: ClassVar[tuple[str, ...]]
    """The fields that are read elsewhere for validation data of one's own: as many as `--validation` takes."""

    @abstractmethod
    def read(self, settings: Any, on_progress: Progressed | None = None) -> D:
        """The data, for a model of these settings."""

    def hold_out(self, data: D, settings: Any) -> tuple[D, D | None]:
        """The data to learn from and what is held out of it: a share `settings.validation`."""
        raise NotImplementedError

    def described(self, parts: Parts[D], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """Sentences and counts on what was found; `held_out` unless the validation data came from elsewhere."""
        raise NotImplementedError

    def parts(self, settings: Any, validation: Self | None = None, on_progress: Progressed | None = None) -> Parts[D]:
        """Read the data; what to judge by is the `validation`, or else held out.

        A source says here how it is read in parts, or else in `hold_out` and `described`.
        """
        data = self.read(settings, on_progress)
        if validation is None:
            parts = Parts(*self.hold_out(data, settings))
        else:
            parts = Parts(data, validation.read(settings, on_progress))
        sentences, counts = self.described(parts, held_out=validation is None)
        return replace(parts, sentences=tuple(sentences), counts=counts)

    def elsewhere(self, places: Sequence[str]) -> Self:
        """The same, read from other places, one for each of `places`. Raises SettingsError for another number."""
        names = [name for name in self.places if getattr(self, name) is not None]
        if len(places) != len(names):
            raise SettingsError(
                f"--validation takes {' and '.join(name.upper() for name in names)} of other data, one after another, "
                f"or a share; got {len(places)}"
            )
        return cast(Self, replace(cast(Any, self), **dict(zip(names, places, strict=True))))
