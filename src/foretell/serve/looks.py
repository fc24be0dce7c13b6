"""A look at the table of a request."""

from __future__ import annotations

from typing import Any

import polars as pl

from foretell.forecasting.tables import look as looking
from foretell.forecasting.tables.question import TableQuestion
from foretell.forecasting.tables.reading import Reading
from foretell.serve.bodies import Body
from foretell.serve.forecasts import check_series
from foretell.serve.settings import Limits

_ROWS, _NAMES = 8, 100


def read_checked(question: TableQuestion, body: Body, limits: Limits) -> tuple[pl.DataFrame, Reading]:
    """Read the table of a request. Raises ServiceError for too many rows or series, TableError for an invalid table."""
    table = body.table.read(question.columns, question.encoding, limits)
    reading = Reading.of(table, question.columns)
    check_series(len(reading.panel), limits)
    return table, reading


def look(question: TableQuestion, body: Body, limits: Limits) -> dict[str, Any]:
    """Return what is found in a table, its columns, its first rows, and a horizon that suits it."""
    table, reading = read_checked(question, body, limits)
    found = looking.look(table, reading)
    found["series"]["names"] = list(reading.panel.ids[:_NAMES])
    return {**found, "head": looking.first_rows(table, _ROWS)}
