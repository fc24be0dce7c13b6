"""Tables whose columns have other names than those that a model was fitted to."""

from __future__ import annotations

import polars as pl

from foretell.errors import SettingsError
from foretell.forecasting.tables.columns import Columns, missing_column


def with_names_of(table: pl.DataFrame, said: Columns, model: Columns, *, future: bool = False) -> pl.DataFrame:
    """Rename the time, id and target columns that are `said` to what the columns of a `model` are called.

    A table of `future` values may lack them. Raises SettingsError for what the model has settled otherwise, TableError
    for a column that is absent.
    """
    for name, given in (("frequency", said.frequency), ("aggregate", said.aggregate)):
        if given is not None:
            raise SettingsError(f"the {name} was settled when the model was fitted: leave it out")
    if said.layout not in ("auto", model.layout):
        raise SettingsError(f"the model was fitted to a {model.layout} table, so that this one cannot be {said.layout}")
    if model.layout == "wide":
        _require_same_targets(said, model)
    elif len(said.targets) > 1:
        raise SettingsError(f"the model was fitted to a table with one target, but {len(said.targets)} are named")
    roles = [("time", said.time, model.time), ("id", said.id, model.id)]
    if model.layout != "wide":
        roles.append(("target", next(iter(said.targets), None), next(iter(model.targets), None)))
    for role, given, known in roles:
        if given is None or given == known:
            continue
        if known is None:
            raise SettingsError(f"the model was fitted to a table without {_article(role)} column: leave {given!r} out")
        if "+" in given or "+" in known:
            raise SettingsError(f"the model was fitted to the {role} {known!r}, and reads no other: rename the columns")
        if given not in table.columns:
            if future:
                continue
            raise missing_column(given, table.columns, role)
        table = table.drop(known, strict=False).rename({given: known})
    return table


def _require_same_targets(said: Columns, model: Columns) -> None:
    if said.targets and set(said.targets) != set(model.targets):
        known = f": {', '.join(map(repr, model.targets))}" if model.targets else ""
        raise SettingsError(
            f"the model was fitted to a wide table, whose series it knows by the names of their columns{known}; leave "
            "the targets out"
        )


def _article(role: str) -> str:
    return f"an {role}" if role == "id" else f"a {role}"
