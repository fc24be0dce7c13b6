"""Trainings at the same time give what they give one by one, and end together."""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.fitting import fit_model
from foretell.forecasting.networks import trained_networks
from foretell.forecasting.networks.side_by_side import OnProgress, SideBySide, lanes_for
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training import Progress
from foretell.training.settings import TrainingSettings

SETTINGS = ForecastSettings(
    hidden=8, layers=1, batch_size=8, input_steps=24, seasons=(24,), training=TrainingSettings(steps=4)
)


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def fitted(
    panel: Panel,
    settings: ForecastSettings = SETTINGS,
    checkpoint: Path | None = None,
    on_progress: OnProgress | None = None,
) -> FittedModel:
    return fit_model(
        panel, model="auto", horizon=12, levels=(80,), settings=settings, columns=Columns(), device="cpu",
        checkpoint=checkpoint, on_progress=on_progress,
    )  # fmt: skip


def weights(model: FittedModel) -> dict[str, list[bytes]]:
    return {one.name: [tensor.numpy().tobytes() for tensor in one.final.values()] for one in model.members.networks}


def test_two_networks_at_the_same_time_are_those_trained_one_by_one_with_one_thread(
    noisy_sines: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, set[str]] = {}

    def told(stage: str, progress: Progress) -> None:  # noqa: ARG001
        names.setdefault(stage, set()).add(threading.current_thread().name)

    together = fitted(noisy_sines, on_progress=told)
    assert sorted(names) == ["finish-fine-tuned", "finish-lstm", "fit-fine-tuned", "fit-lstm"]
    assert names["fit-lstm"].isdisjoint(names["fit-fine-tuned"])
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    monkeypatch.setattr(trained_networks, "lanes_for", lambda *_: 1)
    assert weights(fitted(noisy_sines)) == weights(together)


def test_the_callers_random_numbers_are_left_alone(noisy_sines: Panel) -> None:
    torch.manual_seed(1)
    fitted(noisy_sines)
    drawn = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(3))


def test_a_signal_ends_both_after_their_checkpoints_from_which_they_go_on(noisy_sines: Panel, tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, training=TrainingSettings(steps=30))
    whole = fitted(noisy_sines, settings)

    def stop(stage: str, progress: Progress) -> None:
        if stage == "fit-lstm" and progress.step == 3:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fitted(noisy_sines, settings, tmp_path, stop)
    finally:
        signal.signal(signal.SIGINT, before)
    assert {"fit-fine-tuned", "fit-lstm"} <= {folder.name for folder in tmp_path.iterdir() if any(folder.iterdir())}
    assert torch.get_num_threads() == 2
    begun: dict[str, int] = {}

    def note(stage: str, progress: Progress) -> None:
        begun.setdefault(stage, progress.step)

    again = fitted(noisy_sines, settings, tmp_path, note)
    # It may have ended before the signal was seen.
    assert begun.get("fit-lstm", settings.training.steps) > 3
    assert weights(again) == weights(whole)


def test_where_one_fails_the_other_ends_and_the_failure_is_raised() -> None:
    together = SideBySide(2)
    ended = threading.Event()

    def fails() -> None:
        raise ValueError("this one")

    def goes_on() -> None:
        progress = Progress(1, 2, 0.0, 0.0, 0.0, None, 0.0, 0.0, 0.5)
        try:
            while True:
                together.on_progress("fit", progress)
        finally:
            ended.set()

    with pytest.raises(ValueError, match="this one"):
        together.run([goes_on, fails])
    assert ended.is_set()


def test_those_that_had_not_begun_never_begin() -> None:
    begun = []

    def fails() -> None:
        raise ValueError("this one")

    with pytest.raises(ValueError, match="this one"):
        SideBySide(2).run([fails, fails, lambda: begun.append(1), lambda: begun.append(2)])
    assert len(begun) < 2


def test_the_results_come_in_the_order_of_the_trainings() -> None:
    trainings = [lambda k=k: k for k in range(5)]
    assert SideBySide(2).run(trainings) == SideBySide(1).run(trainings) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("count", "threads", "lanes"), [(1, 2, 1), (2, 2, 2), (4, 2, 2), (3, 4, 3), (2, 1, 1)])
def test_there_are_no_more_lanes_than_threads(count: int, threads: int, lanes: int) -> None:
    torch.set_num_threads(threads)
    assert lanes_for(count, SETTINGS, "cpu") == lanes


def test_dropout_draws_from_one_generator_for_all_threads() -> None:
    assert lanes_for(2, dataclasses.replace(SETTINGS, dropout=0.1), "cpu") == 1


def test_an_idle_lane_prepares_the_batches_of_the_training_that_is_left() -> None:
    together = SideBySide(2)
    first_ended = threading.Event()
    makers: list[str] = []

    def squares(n: int) -> int:
        makers.append(threading.current_thread().name)
        return n * n

    def short() -> list[int]:
        first_ended.set()
        return []

    def long() -> list[int]:
        batch = together.prepared(squares)
        first_ended.wait()
        found = [batch(0)]
        while len(set(makers)) == 1 and len(found) < 10_000:  # until the other lane is seen to be idle
            found.append(batch(len(found)))
        return found

    found = together.run([short, long])[1]
    assert found == [n * n for n in range(len(found))]
    assert len(set(makers)) == 2
    assert together.prepared(squares)(3) == 9
