"""Axes that suit any data: values of any magnitude, logarithms, dates, integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from foretell.forecasting.report.charts.theme import COLOURS
from foretell.forecasting.report.content import Floats, Times
from foretell.forecasting.report.wording import TIMES, fixed, number, plain, power_of_ten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED = {3: "thousands", 6: "millions", 9: "billions", 12: "trillions"}
_LARGEST_EXACT = 2**52


@dataclass(frozen=True)
class Unit:
    """What the numbers on a value axis are counted in, chosen so that they are short, and finite at 1e300."""

    exponent: int
    """Ticks are multiples of 10 to this."""
    name: str
    """Such as "millions" or "x 10⁻⁶"; empty for plain numbers."""

    def scaled(self, values: Floats) -> Floats:
        """The values in this unit; infinities become NaN, which is not drawn."""
        finite = np.where(np.isfinite(values), values, np.nan)
        # In two halves, since 10 to the 308 divided by 10 to the -308 is no float but each half is.
        half = self.exponent // 2
        return np.asarray(finite / 10.0**half / 10.0 ** (self.exponent - half), dtype=np.float64)


def unit_of(arrays: Sequence[Floats]) -> Unit:
    """The unit for an axis that shows all these values."""
    peak = max((float(np.abs(array[np.isfinite(array)]).max(initial=0.0)) for array in arrays), default=0.0)
    magnitude = math.floor(math.log10(peak)) if peak > 0 else 0
    if -3 < magnitude < 5:
        return Unit(0, "")
    exponent = 3 * (magnitude // 3)
    return Unit(exponent, _NAMED.get(exponent, f"{TIMES} {power_of_ten(exponent)}"))


def span(arrays: Sequence[Floats]) -> tuple[float, float]:
    """Lowest and highest finite value with a little air; (0, 1) where there is none."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays] or [np.empty(0)])
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        air = 0.1 * max(abs(low), abs(high)) or 1.0
    else:
        air = 0.06 * (high - low)
    return low - air, high + air


def value_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """At most about `most` round numbers between low and high, and how each is written."""
    from matplotlib.ticker import MaxNLocator

    places = [float(tick) for tick in MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    step = places[1] - places[0]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**decimals - round(step * 10**decimals)) > 1e-3:  # 2.5 and its like need one more
        decimals += 1
    inside = [tick for tick in places if low <= tick <= high]
    return inside, [fixed(tick, decimals) for tick in inside]


def decade_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Places on an axis of log10(values) between low and high: powers of ten, or 1, 2, 3, 5 within a short range."""
    first, last = math.ceil(low), math.floor(high)
    if last - first >= 1:
        stride = max(1, math.ceil((last - first + 1) / most))
        exponents = list(range(first, last + 1, stride))
        labels = [plain(10.0**e) if -3 <= e <= 3 else power_of_ten(e) for e in exponents]
        return [float(e) for e in exponents], labels
    within = [(e + math.log10(m), f"{m}e{e}") for e in range(first - 1, last + 2) for m in (1, 1.5, 2, 3, 5, 7)]
    within = [(place, text) for place, text in within if low <= place <= high]
    within = within[:: max(1, math.ceil(len(within) / most))]
    if len(within) >= 2:
        return [place for place, _ in within], [plain(float(text)) for _, text in within]
    places = [low + (high - low) * share for share in (0.1, 0.5, 0.9)]
    return places, [number(10.0**place) if place < 308 else power_of_ten(round(place)) for place in places]


def label_width(labels: Sequence[str], font_size: float) -> float:
    """Room in inches for tick labels to the left of axes."""
    return 0.2 + max((len(label) for label in labels), default=1) * font_size * 0.62 / 72


def dress_values(axes: Axes, ticks: tuple[list[float], list[str]], font_size: float, unit: str = "") -> None:
    """Writes the value axis: faint grid lines, quiet labels, and the unit above them."""
    places, labels = ticks
    axes.set_yticks(places, labels=labels)
    axes.tick_params(axis="y", length=0, pad=5, labelsize=font_size, labelcolor=COLOURS["label"])
    axes.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
    if unit:
        axes.annotate(
            unit,
            (0, 1),
            (0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=font_size,
            color=COLOURS["label"],
            verticalalignment="bottom",
            annotation_clip=False,
        )


class TimeAxis:
    """Turns times into places on the x axis, for dates and integers alike."""

    def __init__(self, times: Sequence[Times]) -> None:
        self.dates = any(array.dtype.kind == "M" for array in times)
        # Integers beyond a float's precision, such as nanoseconds, are counted from the first.
        edges = [int(time) for array in times if not self.dates for time in (array[:1].tolist() + array[-1:].tolist())]
        far = max(map(abs, edges), default=0) >= _LARGEST_EXACT
        self.origin = min(edges) if far else 0

    def place(self, times: Times) -> Floats:
        """Days since 1970, or the integers themselves, shape as given."""
        if self.dates:
            return times.astype("datetime64[us]").astype(np.int64) / 86_400e6
        return np.array([int(time) - self.origin for time in times], dtype=np.float64)

    def dress(self, axes: Axes, most: int, font_size: float) -> None:
        """Writes the time axis with at most about `most` labels."""
        from matplotlib.dates import (
            DAILY,
            HOURLY,
            MINUTELY,
            MONTHLY,
            SECONDLY,
            AutoDateLocator,
            ConciseDateFormatter,
        )
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        if self.dates:
            dates = AutoDateLocator(minticks=min(3, most), maxticks=most)  # type: ignore[no-untyped-call]
            # With few labels a span can fall between two of matplotlib's steps: 95 minutes are too few hours and
            # too many half hours. A step as long as the next larger unit closes each such hole.
            for unit, whole in ((SECONDLY, 60), (MINUTELY, 60), (HOURLY, 24), (DAILY, 31), (MONTHLY, 12)):
                dates.intervald[unit] = [*dates.intervald[unit], whole]
            axes.xaxis.set_major_locator(dates)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(dates))  # type: ignore[no-untyped-call]
        else:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10]))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: fixed(round(place) + self.origin, 0)))
        dress_horizontal(axes, font_size)


def dress_steps(axes: Axes, most: int, font_size: float) -> None:
    """Writes an axis of whole steps."""
    from matplotlib.ticker import MaxNLocator

    low, high = axes.get_xlim()
    places = MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1).tick_values(low, high)
    whole = sorted({round(float(place)) for place in places if max(low, 0) <= place <= high and place == round(place)})
    axes.set_xticks(whole, labels=[fixed(place, 0) for place in whole])
    dress_horizontal(axes, font_size)


def dress_horizontal(axes: Axes, font_size: float) -> None:
    """Quiet labels and short ticks along the bottom."""
    axes.tick_params(axis="x", length=3, pad=4, color=COLOURS["axis"], labelsize=font_size, labelcolor=COLOURS["label"])
    axes.xaxis.get_offset_text().set_fontsize(font_size)
    axes.xaxis.get_offset_text().set_color(COLOURS["label"])
