"""The reading of a table: it is read once, and every later step uses the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.hierarchy.columns import with_level_cells
from foretell.forecasting.hierarchy.levels import Hierarchy, with_levels
from foretell.forecasting.panel import Panel, select
from foretell.forecasting.tables.cold_start import with_cold_starts
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.findings import Findings, describe_frequency
from foretell.forecasting.tables.frames import to_polars
from foretell.forecasting.tables.future import check_future, future_rows
from foretell.forecasting.tables.gross_outliers import without_gross_outliers
from foretell.forecasting.tables.months_in_columns import with_months_in_rows
from foretell.forecasting.tables.nixtla import TableKind
from foretell.forecasting.tables.past_columns import past_sentences
from foretell.forecasting.tables.regularise import Rows
from foretell.tables.frequency import Frequency
from foretell.tables.grids import DAY

_FEWEST_GAPS = 2


@dataclass(frozen=True)
class Reading:
    """Series of a table and the findings on it."""

    panel: Panel
    """Series of the table, including those without any value; see `Rows.panel`."""
    findings: Findings
    kind: TableKind
    columns: Columns
    """Columns of the table, including those detected, or those of the model that it is read for."""
    hierarchy: Hierarchy | None = None
    """Which series add up to which; the panel has those of all levels."""
    ahead: Panel | None = None
    """Panel with the covariates known for the horizon; see `looking_ahead`."""

    @classmethod
    def of(cls, table: IntoFrame, columns: Columns, *, keep_empty: bool = True) -> Reading:
        """Read a pandas, polars or pyarrow table. Raises TableError for an invalid one.

        Series without any value are left out unless `keep_empty`.
        """
        frame, read, note = with_months_in_rows(to_polars(table), columns)
        frame, read = with_level_cells(frame, read)
        panel, findings = Rows.of(frame, read, note).panel(columns.frequency, keep_empty=keep_empty)
        kind = TableKind.of(table, frame, findings.id, findings.time)
        return cls(panel, findings, kind, _found(columns, findings))._checked()

    @classmethod
    def like(cls, table: IntoFrame, columns: Columns, frequency: Frequency, *, same: bool = False) -> Reading:
        """Read a table at the frequency of a model. Columns may be absent, unless they are to be the `same`; of several
        targets one is enough. Raises TableError for another frequency, and for a column that is absent.
        """
        frame, columns, note = with_months_in_rows(to_polars(table), columns)
        frame, read = with_level_cells(frame, columns)
        present = {*frame.columns, read.id} if columns.hierarchy else set(frame.columns)
        targets = tuple(name for name in columns.targets if name in present)
        if same:
            present |= {name for name in (read.id, columns.time) if name is not None}
            targets = targets or columns.targets
        rows = Rows.of(
            frame,
            replace(
                read,
                id=read.id if read.id in present else None,
                time=columns.time if columns.time in present else None,
                target=targets or None,
                layout=columns.layout if columns.id is None or columns.id in present else "auto",
                frequency=frequency.alias,
            ),
            note,
        )
        try:
            panel, findings = rows.panel(frequency.alias, keep_empty=True)
        except (TableError, SettingsError) as error:
            # The frequency may be the cause. If it is something else, this raises the error for it.
            own = rows.panel(None)[0].frequency
            if own.grid == frequency.grid:
                raise
            raise _of_another_frequency(own, frequency) from error
        gaps = _gaps(panel)
        if len(gaps) >= _FEWEST_GAPS and gaps.min() > 1:
            try:
                own = rows.panel(None)[0].frequency
            except TableError:
                if np.gcd.reduce(gaps) > 1:
                    raise
                own = frequency  # scattered values without a frequency of their own
            if own.grid != frequency.grid:
                raise _of_another_frequency(own, frequency)
        kind = TableKind.of(table, frame, findings.id, findings.time)
        return cls(panel, findings, kind, columns)._checked()

    @classmethod
    def kept(cls, panel: Panel, columns: Columns) -> Reading:
        """Return the reading of series that a model kept, whose table is no longer there; results are polars tables."""
        layout = columns.layout if columns.layout in ("long", "wide") else "rows"
        seen = int((~np.isnan(panel.values)).sum())
        findings = Findings(
            layout=layout, id=columns.id, time=columns.time, targets=columns.targets or panel.ids,
            time_format="those of the fit", frequency=panel.frequency.alias, series=len(panel), rows=seen,
            missing=int(panel.history.sum()) - seen, gaps=0, duplicates_dropped=0, resorted=False,
            time_zone=None if panel.clock.naive else panel.clock.zone,
        )  # fmt: skip
        dates = not panel.frequency.is_integer and panel.frequency.microseconds >= DAY
        return cls(panel, findings, TableKind(dates=dates), columns)

    def _checked(self) -> Reading:
        """Check the past columns, take out values that cannot be right, and add the upper levels of a hierarchy."""
        panel, hierarchy, notes = self.panel, None, past_sentences(self.panel)
        if not self.columns.keep_outliers:
            panel, sentences = without_gross_outliers(panel)
            notes.extend(sentences)
        if self.columns.hierarchy:
            panel, hierarchy = with_levels(panel, self.columns.hierarchy)
            notes.append(hierarchy.sentence(len(self.panel)))
        if not notes:
            return self
        findings = replace(self.findings, notes=[*self.findings.notes, *notes])
        return replace(self, panel=panel, hierarchy=hierarchy, findings=findings)

    @property
    def observed(self) -> Panel:
        """Series with at least one value."""
        return select(self.panel, np.flatnonzero(self.panel.history))

    def looking_ahead(self, future: IntoFrame | None, horizon: int) -> Reading:
        """Add the known columns' values for the horizon, and the series that only `future` contains.

        Raises TableError if a value is missing, naming the first date.
        """
        panel = self.panel
        if future is None:
            check_future(panel, horizon)
            return replace(self, ahead=panel)
        if self.hierarchy is not None:
            raise SettingsError(
                "with a hierarchy the table itself holds future values: append them as rows with an empty target"
            )
        frame = to_polars(future)
        panel = with_cold_starts(panel, frame, self.columns)
        if panel is self.panel or panel.known:
            panel = future_rows(panel, frame, self.columns, horizon)
        return replace(self, ahead=panel)


def _found(said: Columns, findings: Findings) -> Columns:
    """Return the columns, with those detected filled in."""
    if findings.layout == "rows":
        return said
    target = findings.targets[0] if findings.layout == "long" else said.target
    layout: Literal["long", "wide"] = "long" if findings.layout == "long" else "wide"
    day_first = {"day/month/year": True, "month/day/year": False}.get(findings.time_format, said.day_first)
    return replace(said, id=findings.id, time=findings.time, target=target, layout=layout, day_first=day_first)


def _gaps(panel: Panel) -> NDArray[np.int64]:
    """Return the number of steps between each observed value and the next of its series."""
    observed = np.flatnonzero(~np.isnan(panel.values))
    owner = np.searchsorted(panel.offsets, observed, side="right")
    return np.asarray(np.diff(observed)[np.diff(owner) == 0])


def _of_another_frequency(own: Frequency, model: Frequency) -> TableError:
    return TableError(
        f"this table has another frequency ({describe_frequency(own.alias)}), but the model was fitted to "
        f"{describe_frequency(model.alias)}: convert the table to that frequency, or fit a model to this table"
    )
