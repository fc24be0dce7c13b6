"""Frames by fugue, on its own engine: the forecasts of one process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from foretell import Forecaster
from foretell.distributed import predict_frame

pytest.importorskip("fugue", reason="the extra fugue is not installed")


@pytest.mark.filterwarnings("ignore")
def test_a_frame_is_forecast_as_by_one_process(tmp_path: Path) -> None:
    days = np.arange(40).astype("datetime64[D]").astype("datetime64[us]")
    random = np.random.default_rng(0)
    parts = [pd.DataFrame({"shop": k, "day": days, "sold": 10 + k + random.normal(size=40)}) for k in range(13)]
    table = pd.concat(parts, ignore_index=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        forecaster = Forecaster("pretrained", 3, season=7, quantiles=[0.05]).fit(table)
        forecaster.save(tmp_path / "model")
        expected = forecaster.predict(table)
        found = predict_frame(table, tmp_path / "model", partitions=4)
    finally:
        torch.set_num_threads(threads)
    ordered = found.sort_values(["unique_id", "ds"], ignore_index=True)
    assert list(ordered.columns) == list(expected.columns)
    assert ordered["unique_id"].tolist() == expected["unique_id"].tolist()
    assert (ordered["ds"] == expected["ds"]).all()
    for name in expected.columns[2:]:
        assert ordered[name].tolist() == expected[name].tolist()
