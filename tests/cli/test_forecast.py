"""`foretell forecast`: what it writes, and what it says where."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.cli import destinations
from foretell.forecasting import fitting
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.pretrained.shipped import load
from foretell.forecasting.settings import BATCH_SIZE, LONGER, OF_GIVEN_LENGTH, UNTIL_NO_BETTER
from foretell.forecasting.tables import regularise
from foretell.storage import outputs
from foretell.training.settings import NO_BOUND

COLUMNS = ["unique_id", "ds", "auto", "auto-lo-95", "auto-lo-80", "auto-hi-80", "auto-hi-95"]


def test_without_output_options_everything_goes_into_one_folder(
    run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]
) -> None:
    done = run("forecast", str(sales), "--horizon", "7", "--model", "lstm", *tiny[:-1])
    assert done.exit_code == 0, done.output
    folder = sales.parent / "forecast"
    assert sorted(path.name for path in folder.iterdir()) == ["backtest.csv", "forecast.csv", "model", "report.html"]
    forecast = pl.read_csv(folder / "forecast.csv", try_parse_dates=True)
    columns = [name.replace("auto", "lstm") for name in COLUMNS]
    assert (forecast.columns, forecast["ds"].cast(pl.String)[0], len(forecast)) == (columns, "2020-05-23", 7)
    assert len(pl.read_csv(folder / "backtest.csv")) == 21
    assert "</html>" in (folder / "report.html").read_text()
    for words in ("one step a day", "Ignored columns", "'holiday'", "seasonal naive", "forecast/report.html"):
        assert words in done.stdout
    assert "Training:  50 %, step 10 of 20, loss " in done.stderr
    assert "\x1b" not in done.output

    # A second run replaces all of that, and takes away what it has no counterpart of.
    assert run("forecast", str(sales), "--horizon", "7", "--windows", "0", *tiny).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["forecast.csv", "model", "report.html"]


def test_only_what_is_named_is_written(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    done = run("forecast", "sales.csv", "-n", "7", "-o", "f.parquet", "--png", "f.png", "--report", "f.html", *tiny)
    assert (done.exit_code, done.output) == (0, "")
    assert sorted(path.name for path in sales.parent.iterdir()) == ["f.html", "f.parquet", "f.png", "sales.csv"]
    assert pl.read_parquet(sales.parent / "f.parquet").columns == COLUMNS
    assert (sales.parent / "f.png").read_bytes().startswith(b"\x89PNG")


def test_standard_output_holds_the_table_alone(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    done = run("forecast", "-", "-n", "7", "--output", "-", *tiny[:-1], input=sales.read_text())
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 8
    assert "What was found in the data" in done.stderr
    assert [path.name for path in sales.parent.iterdir()] == ["sales.csv"]


def test_quantiles_by_name(run: Callable[..., Any], sales: Path) -> None:
    options = ("forecast", "sales.csv", "-n", "7", "--preset", "instant", "-o", "-")
    done = run(*options, "--quantile", "0.05", "--quantile", "0.6")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].endswith(",pretrained-hi-95,pretrained-q-5,pretrained-q-60")
    assert "forecasts are kept at 0 or above" in done.stderr
    assert "kept at 0 or above" not in run(*options, "--no-non-negative").stderr
    sales.write_text(sales.read_text().replace(",138", ",-138"))
    done = run(*options, "--non-negative")
    assert (done.exit_code, "has the value -138" in done.stderr) == (2, True)


def test_json_is_one_document(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    done = run("forecast", "sales.csv", "-n", "7", "--known", "holiday", "--json", "--windows", "2", *tiny)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["findings"]["frequency"] == "D"
    assert document["training"]["steps"] == 20
    chosen = document["chosen"]
    assert sum(chosen["shares"].values()) == pytest.approx(1)
    assert set(chosen["losses"]) == {"fine-tuned", "pretrained", "naive", "seasonal_naive", "theta", "linear", "lstm"}
    assert chosen["loss"] < min(chosen["losses"][name] for name in ("naive", "seasonal_naive", "theta"))
    assert chosen["windows"] >= 1
    assert [row["model"] for row in document["backtest"]["scores"]][:3] == ["auto", "naive", "seasonal_naive"]
    assert set(document["backtest"]["coverage"]) == {"80", "95"}
    assert document["backtest"]["windows"] == 2
    assert all((sales.parent / path).exists() for path in document["files"].values())
    assert set(document["files"]) == {"forecast", "backtest", "report", "model"}


def test_known_values_come_in_a_table_of_their_own(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    lines = sales.read_text().splitlines(keepends=True)
    (sales.parent / "past.csv").write_text("".join(lines[:144]))
    (sales.parent / "plans.csv").write_text("".join([lines[0], *lines[144:]]))
    options = ("-n", "7", "--known", "holiday", "--model", "lstm", "-o", "f.csv", *tiny)
    done = run("forecast", "past.csv", *options)
    assert done.exit_code == 2
    assert "2020-05-23" in done.stderr
    assert run("forecast", "past.csv", *options, "--future", "plans.csv").exit_code == 0
    apart = (sales.parent / "f.csv").read_text()
    assert run("forecast", "sales.csv", *options).exit_code == 0
    assert (sales.parent / "f.csv").read_text() == apart


def test_a_table_is_read_once_and_a_warning_said_once(
    run: Callable[..., Any], sales: Path, tiny: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    real = regularise.read_source  # type: ignore[attr-defined]
    monkeypatch.setattr(regularise, "read_source", lambda *given, **more: reads.append(1) or real(*given, **more))
    text = sales.read_text()
    sales.write_text(text[: text.rindex(",") + 1] + "perhaps\n")
    options = ("-n", "7", "--known", "holiday", "--epochs", "1", "--model", "lstm", "-o", "f.csv", *tiny[2:])
    with pytest.warns(UserWarning, match="future values that never occur in its history: 'perhaps'") as warned:
        done = run("forecast", "sales.csv", *options)
    assert done.exit_code == 0, done.output
    assert (len(reads), len(warned)) == (1, 1)
    with_rows = pl.read_csv(sales.parent / "f.csv")

    lines = sales.read_text().splitlines(keepends=True)
    (sales.parent / "past.csv").write_text("".join(lines[:144]))
    (sales.parent / "plans.csv").write_text("".join([lines[0], *lines[144:]]))
    with pytest.warns(UserWarning, match="'perhaps'") as warned:
        done = run("forecast", "past.csv", *options, "--future", "plans.csv")
    assert done.exit_code == 0, done.output
    assert (len(reads), len(warned)) == (2, 1)
    assert pl.read_csv(sales.parent / "f.csv").equals(with_rows)


def test_several_targets_of_a_wide_table(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    wide = pl.read_csv(sales).head(143).with_columns(twice=2 * pl.col("sold"), other=pl.lit(1))
    wide.write_csv(sales.parent / "wide.csv")
    done = run("forecast", "wide.csv", "-n", "3", "--target", "sold", "--target", "twice", "-o", "f.csv", *tiny)
    assert done.exit_code == 0, done.output
    assert pl.read_csv(sales.parent / "f.csv")["unique_id"].unique().sort().to_list() == ["sold", "twice"]


def test_an_epoch_covers_each_step_once(run: Callable[..., Any], sales: Path) -> None:
    options = ("--model", "lstm", "--hidden", "8", "--layers", "1", "--input-steps", "21", "--json", "--quiet")
    done = run("forecast", str(sales), "-n", "7", "--epochs", "30", "-o", "f.csv", *options)
    assert done.exit_code == 0, done.output
    # 143 values less 3 windows and a validation stretch of a horizon or more leave 115 at most to train on.
    most = math.ceil(30 * 115 / (21 * BATCH_SIZE))
    assert 1 <= json.loads(done.stdout)["training"]["steps"] <= most


def test_the_same_seed_gives_the_same_forecast(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    for name, seed in (("one", "1"), ("two", "1"), ("three", "2")):
        options = ("--model", "lstm", "--seed", seed, "-o", f"{name}.csv", "--windows", "0", *tiny)
        done = run("forecast", str(sales), "-n", "3", *options)
        assert done.exit_code == 0, done.output
    one, two, three = ((sales.parent / f"{name}.csv").read_text() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_minutes_mean_what_they_mean_in_python(
    run: Callable[..., Any], sales: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = []
    monkeypatch.setattr(Forecaster, "fit", lambda self, *_, **__: fitted.append(self) or 1 / 0)
    for options in (("--minutes", "0.5"), ("--steps", "9"), ()):
        run("forecast", str(sales), "-n", "7", "--seed", "3", *options)
    of_minutes, of_steps, plain = (forecaster.settings.training for forecaster in fitted)
    assert of_minutes == Forecaster(minutes=0.5, seed=3).settings.training
    assert of_steps == replace(OF_GIVEN_LENGTH, steps=9, seed=3)
    assert plain == Forecaster(seed=3).settings.training


def test_every_setting_is_an_option(run: Callable[..., Any], sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    monkeypatch.setattr(Forecaster, "fit", lambda self, *_, **__: fitted.append(self) or 1 / 0)
    options = ("--season", "7", "--season", "30", "--batch-size", "5", "--finish", "0", "--learning-rate", "0.02")
    lengths = ((), ("--minutes", "3", "--patience", "7"), ("--preset", "best"), ("--steps", "9", "--clip-norm", "none"))
    for length in lengths:
        run("forecast", str(sales), "-n", "7", *options, *length)
    for forecaster in fitted:
        settings = forecaster.settings
        assert (settings.seasons, settings.batch_size, settings.finish) == ((7, 30), 5, 0)
        assert settings.training.learning_rate == 0.02
    plain, of_minutes, best, of_steps = (forecaster.settings.training for forecaster in fitted)
    assert plain == replace(UNTIL_NO_BETTER, learning_rate=0.02)
    assert (of_minutes.minutes, of_minutes.patience, of_minutes.steps) == (3, 7, NO_BOUND)
    assert (plain.rise, of_minutes.rise) == (UNTIL_NO_BETTER.rise, None)
    assert best == replace(LONGER, learning_rate=0.02)
    assert of_steps == replace(OF_GIVEN_LENGTH, learning_rate=0.02, steps=9, clip_norm=None)


def test_an_instant_forecast_trains_nothing_and_says_so(run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", str(sales), "-n", "7", "--preset", "instant")
    assert done.exit_code == 0, done.output
    assert "nothing was trained here" in done.stdout
    assert done.stderr == ""
    done = run("forecast", "sales.csv", "-n", "7", "--model", "pretrained", "--json", "--quiet")
    document = json.loads(done.stdout)
    assert document["training"] is None
    assert document["chosen"]["shares"] == {"pretrained": 1.0}
    assert document["backtest"]["scores"][0]["model"] == "pretrained"
    facts = json.loads(run("info", "forecast/model", "--json").stdout)
    assert (facts["model"], facts["forecast_of"]) == ("pretrained", {"pretrained": 1.0})
    assert facts["training"] == {"sentences": ["Pretrained on synthetic series: nothing was trained here."]}
    assert "hidden" not in facts


@pytest.mark.parametrize(("state", "content"), [("missing", None), ("damaged", b"no weights")])
def test_without_usable_pretrained_weights_it_trains_and_says_so(
    run: Callable[..., Any],
    sales: Path,
    tiny: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    content: bytes | None,
) -> None:
    weights = sales.parent / "weights.safetensors"
    if content is not None:
        weights.write_bytes(content)
    monkeypatch.setattr(fitting, "shipped", lambda: load(weights))
    done = run("forecast", "sales.csv", "-n", "7", *tiny[:-1])
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert f"The pretrained network was left out: the pretrained network's weights are {state}" in said
    assert "install foretell again" in said
    assert len(pl.read_csv(sales.parent / "forecast" / "forecast.csv")) == 7
    for options in (("--model", "pretrained"), ("--preset", "instant")):
        done = run("forecast", "sales.csv", "-n", "7", *options, "-o", "f.csv")
        assert done.exit_code == 2
        assert f"the pretrained network's weights are {state}" in " ".join(done.stderr.split())
        assert not (sales.parent / "f.csv").exists()


@pytest.mark.parametrize(
    ("levels", "columns"),
    [
        (["90"], ["lo-90", "median", "hi-90"]),
        (["99", "50"], ["lo-99", "lo-50", "median", "hi-50", "hi-99"]),
        (["1", "98", "37"], ["lo-98", "lo-37", "lo-1", "median", "hi-1", "hi-37", "hi-98"]),
    ],
)
def test_levels_of_any_number_are_read_off_in_order(
    levels: list[str], columns: list[str], run: Callable[..., Any], sales: Path
) -> None:
    asked = [word for level in levels for word in ("--level", level)]
    done = run("forecast", "sales.csv", "-n", "7", "--model", "pretrained", *asked, "-o", "f.csv", "--quiet")
    assert done.exit_code == 0, done.output
    forecast = pl.read_csv(sales.parent / "f.csv")
    names = ["pretrained" if name == "median" else f"pretrained-{name}" for name in columns]
    assert sorted(forecast.columns[2:]) == sorted(names)
    assert (np.diff(forecast.select(names).to_numpy(), axis=1) > 0).all()


def test_without_matplotlib_there_is_no_report(
    run: Callable[..., Any], sales: Path, tiny: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (destinations, outputs):
        monkeypatch.setattr(module, "can_draw", lambda: False)
    done = run("forecast", str(sales), "-n", "3", "--windows", "0", *tiny[:-1])
    assert done.exit_code == 0, done.output
    assert "foretell[report]" in done.stderr
    assert not (sales.parent / "forecast" / "report.html").exists()
    done = run("forecast", str(sales), "-n", "3", "--report", "report.html", *tiny)
    assert done.exit_code == 2
    assert "foretell[report]" in done.stderr


def test_a_series_too_short_for_a_backtest_is_forecast_all_the_same(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("ds,y\n2020-01-01,1\n2020-01-02,3\n2020-01-03,2\n")
    done = run("forecast", "short.csv", "-n", "5", "--steps", "2", "--hidden", "4")
    assert done.exit_code == 0, done.output
    assert "There is no backtest: no series is longer than the horizon" in done.stdout
    assert len(pl.read_csv(tmp_path / "forecast" / "forecast.csv")) == 5
