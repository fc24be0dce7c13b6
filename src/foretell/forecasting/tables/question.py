"""How a table is to be read, as whoever sends it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from foretell.declaration import COVARIATES, DATA, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.forecasting.tables.columns import Aggregate, Columns


@dataclass(frozen=True, kw_only=True)
class TableQuestion:
    """How the table of a request is to be read."""

    id: Annotated[str | None, Setting("Column that identifies the series of a long table.", DATA)] = None
    time: Annotated[str | None, Setting("Column of time stamps; detected if not given.", DATA)] = None
    target: Annotated[tuple[str, ...], Setting("Column to forecast; repeat it for several of a wide table.", DATA)] = ()
    known: Annotated[
        tuple[str, ...], Setting("Column whose future values are known; repeat it for several.", COVARIATES)
    ] = ()
    past: Annotated[
        tuple[str, ...], Setting("Column known up to now and no further; repeat it for several.", COVARIATES)
    ] = ()
    static: Annotated[
        tuple[str, ...], Setting("Column that is constant within a series; repeat it for several.", COVARIATES)
    ] = ()
    layout: Annotated[Literal["auto", "long", "wide"], Setting("Layout of the table.", DATA)] = "auto"
    hierarchy: Annotated[
        tuple[str, ...], Setting("Column of a level of a hierarchy; repeat it, from the top down.", DATA)
    ] = ()
    frequency: Annotated[str | None, Setting("Length of a time step, such as D or 15min.", DATA)] = None
    aggregate: Annotated[
        Aggregate | None, Setting("How several rows of a series within one step become one.", DATA)
    ] = None
    keep_outliers: Annotated[
        bool, Setting("Use values that cannot be right, which are otherwise read as missing.", DATA)
    ] = False
    encoding: Annotated[str | None, Setting("Encoding of delimited text that is not UTF-8.", DATA)] = None

    def __post_init__(self) -> None:
        settle_fields(self)

    @property
    def columns(self) -> Columns:
        """Return the columns as the reader of tables takes them."""
        return Columns(
            id=self.id,
            time=self.time,
            target=self.target[0] if len(self.target) == 1 else self.target or None,
            known=self.known,
            past=self.past,
            static=self.static,
            layout=self.layout,
            hierarchy=self.hierarchy,
            frequency=self.frequency,
            aggregate=self.aggregate,
            keep_outliers=self.keep_outliers,
        )

    def columns_for(self, settled: Columns) -> Columns:
        """Return the columns of a model; id, time and target may have other names in this table.

        Raises SettingsError for what else is said, since the model has settled it.
        """
        settled_before = ("known", "past", "static", "hierarchy", "frequency", "aggregate", "keep_outliers")
        given = [name for name in settled_before if getattr(self, name)]
        if given:
            raise SettingsError(f"option {given[0]!r} was settled when the model was fitted: leave it out")
        said = self.columns
        return replace(
            settled,
            id=said.id or settled.id,
            time=said.time or settled.time,
            target=said.target or settled.target,
            layout=settled.layout if said.layout == "auto" else said.layout,
        )
