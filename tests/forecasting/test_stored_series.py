"""Series come back from their tensors as they were, and damaged ones are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foretell.forecasting.panel import Panel
from foretell.forecasting.stored_series import describe_series, expected_tensors, read_series, series_tensors
from foretell.strict_json import strict
from foretell.tables.clock import Clock


@pytest.fixture
def panel(make_panel: Any) -> Panel:
    plain = make_panel([[1.0, np.nan, 3.0], [-0.0, 5e-324]], alias="D")
    words = np.array(["x", None, "y", "x", "z"], dtype=object)
    return replace(
        plain,
        history=np.array([3, 1]),
        known={"price": np.array([1.5, np.nan, 2, 3, 4]), "kind": words},
        past={"rain": np.array([np.nan, 1, 2, 3, 4]), "sky": words},
        static={"size": np.array([np.nan, 2.0]), "place": np.array([None, "here"], dtype=object)},
        clock=Clock("Europe/Berlin", wall=True),
    )


def test_there_and_back(panel: Panel) -> None:
    plain, tensors = strict(describe_series(panel)), series_tensors(panel)
    due = expected_tensors(plain)
    assert {name: (t.shape, t.dtype) for name, t in due.items()} == {n: (t.shape, t.dtype) for n, t in tensors.items()}
    back = read_series(plain, tensors, panel.frequency)
    assert (back.ids, back.clock, back.frequency) == (panel.ids, panel.clock, panel.frequency)
    assert back.values.tobytes() == panel.values.tobytes()
    for name in ("starts", "offsets", "history"):
        np.testing.assert_array_equal(getattr(back, name), getattr(panel, name))
    np.testing.assert_array_equal(back.known["price"], panel.known["price"])
    assert back.known["kind"].tolist() == panel.known["kind"].tolist()
    np.testing.assert_array_equal(back.past["rain"], panel.past["rain"])
    assert back.past["sky"].tolist() == panel.past["sky"].tolist()
    assert back.static["place"].tolist() == [None, "here"]
    np.testing.assert_array_equal(back.static["size"], panel.static["size"])


def test_an_older_version_described_no_past_columns(panel: Panel) -> None:
    plain, tensors = describe_series(replace(panel, past={})), series_tensors(replace(panel, past={}))
    del plain["past"]
    assert expected_tensors(plain).keys() == tensors.keys()
    assert read_series(plain, tensors, panel.frequency).past == {}


@pytest.mark.parametrize(
    ("part", "value"),
    [("history", [4, 1]), ("history", [-1, 1]), ("rows", [3, 3]), ("known.kind", [0, 1, 2, 9, 0])],
)
def test_damaged(panel: Panel, part: str, value: list[int]) -> None:
    tensors = series_tensors(panel)
    tensors[part] = tensors[part].new_tensor(value)
    with pytest.raises(ValueError, match=r"do not fit|not described"):
        read_series(describe_series(panel), tensors, panel.frequency)
