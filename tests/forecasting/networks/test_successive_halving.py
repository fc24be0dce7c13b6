"""The better half of several trainings goes on, for twice as long in each round."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from foretell.forecasting.networks.side_by_side import SideBySide
from foretell.forecasting.networks.successive_halving import survivors


@dataclass(eq=False)
class Contestant:
    """A training whose loss falls from 1 to `least` at a `pace`, and that ends by itself after `enough` minutes."""

    name: str
    least: float
    pace: float = 1.0
    enough: float = math.inf
    minutes: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return 60 * min(self.minutes[-1], self.enough) if self.minutes else 0.0

    @property
    def loss(self) -> float:
        return 1 - (1 - self.least) * (1 - math.exp(-self.pace * self.seconds / 60))

    @property
    def ended(self) -> bool:
        return self.seconds >= 60 * self.enough

    def train(self, minutes: float | None) -> None:
        assert minutes is not None
        self.minutes.append(minutes)


def names(contestants: list[Contestant]) -> str:
    return "".join(one.name for one in contestants)


def test_of_four_the_better_two_go_on_for_three_times_as_long() -> None:
    four = [Contestant(name, least) for name, least in (("a", 0.5), ("b", 0.3), ("c", 0.9), ("d", 0.4))]
    assert names(survivors(four, 8.0)) == "bd"
    assert [one.minutes for one in four] == [[1.0], pytest.approx([1.0, 3.0]), [1.0], pytest.approx([1.0, 3.0])]


def test_of_eight_half_are_dropped_in_each_round_and_the_whole_time_is_used() -> None:
    eight = [Contestant(str(k), 1 - k / 10) for k in range(8)]
    assert names(survivors(eight, 24.0)) == "67"
    assert [len(one.minutes) for one in eight] == [1, 1, 1, 1, 2, 2, 3, 3]
    assert eight[5].minutes == pytest.approx([1, 3])
    assert eight[6].minutes == pytest.approx([1, 3, 7])
    assert sum(one.minutes[-1] for one in eight) == pytest.approx(24)


def test_one_that_is_ahead_later_but_not_at_first_is_dropped_and_one_that_only_begins_well_stays() -> None:
    three = [Contestant("slow", 0.0, pace=0.01), Contestant("quick", 0.6, pace=9), Contestant("steady", 0.5)]
    assert names(survivors(three, 6.0)) == "quicksteady"


def test_one_that_ended_early_is_kept_and_what_it_leaves_goes_to_the_others() -> None:
    four = [Contestant("a", 0.95, enough=0.25), Contestant("b", 0.2), Contestant("c", 0.8), Contestant("d", 0.9)]
    assert names(survivors(four, 8.0)) == "abc"
    assert four[0].minutes == [1.0]
    assert four[1].minutes == pytest.approx([1.0, 1.0 + (8 - 3.25) / 2])
    assert four[3].minutes == [1.0]


def test_where_all_end_early_all_are_kept() -> None:
    four = [Contestant(str(k), k / 10, enough=0.5) for k in range(4)]
    assert survivors(four, 8.0) == four
    assert [one.minutes for one in four] == [[1.0]] * 4


@pytest.mark.parametrize("count", [1, 2])
def test_without_more_than_are_to_stay_all_train_to_the_end_at_once(count: int) -> None:
    few = [Contestant(str(k), 0.5) for k in range(count)]
    assert survivors(few, 6.0) == few
    assert [one.minutes for one in few] == [[6.0 / count]] * count


def test_a_training_without_any_finite_validation_loss_is_the_worst() -> None:
    three = [Contestant("x", math.inf), Contestant("a", 0.9), Contestant("b", 0.8)]
    assert names(survivors(three, 6.0)) == "ab"


def test_where_the_first_steps_took_all_of_the_time_nothing_goes_on() -> None:
    class Slow(Contestant):
        @property
        def seconds(self) -> float:
            return 100.0 * len(self.minutes)

    four = [Slow(str(k), k / 10) for k in range(4)]
    assert names(survivors(four, 0.001)) == "01"
    assert [len(one.minutes) for one in four] == [1, 1, 1, 1]


def test_two_at_the_same_time_have_twice_the_time_each() -> None:
    four = [Contestant(name, least) for name, least in (("a", 0.5), ("b", 0.3), ("c", 0.9), ("d", 0.4))]
    assert names(survivors(four, 8.0, SideBySide(2))) == "bd"
    assert [one.minutes for one in four] == [[2.0], pytest.approx([2.0, 6.0]), [2.0], pytest.approx([2.0, 6.0])]


def test_one_that_is_left_alone_takes_no_more_time_than_there_is() -> None:
    three = [Contestant("a", 0.5), Contestant("b", 0.6, enough=0.5), Contestant("c", 0.7, enough=0.5)]
    assert names(survivors(three, 8.0, SideBySide(2))) == "abc"
    assert three[0].minutes == pytest.approx([2.0, 2.0 + 8.0 - 2.0 - 0.5])
