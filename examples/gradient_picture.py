"""The picture of `gradients.py`, drawn by matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from foretell.training import History

PAPER, INK, LABEL, GRID, AXIS = "#fffefb", "#22272f", "#6a6f78", "#e8e5de", "#b9b6ae"
GREY, BLUE, ORANGE, PURPLE, GREEN, RED = "#4a505a", "#1c6ea4", "#bd6a13", "#7c699e", "#55825a", "#a8383b"
SOLID, DASHED, DOTTED = "-", (0, (5, 2)), (0, (1.2, 1.6))

TIMES = " \N{MULTIPLICATION SIGN} "

Look = tuple[str, object]
"""Colour and dashes of a line."""
LOOKS: Mapping[str, Look] = {
    "orthogonal x 2": (RED, SOLID),
    "orthogonal x 1.25": (ORANGE, SOLID),
    "orthogonal": (BLUE, SOLID),
    "uniform (torch)": (PURPLE, DASHED),
    "orthogonal x 0.5": (GREY, DOTTED),
    "relu, orthogonal x 1.5": (ORANGE, DASHED),
    "relu, identity": (ORANGE, SOLID),
    "relu, orthogonal": (ORANGE, DOTTED),
    "tanh, orthogonal x 1.5": (BLUE, DASHED),
    "tanh, orthogonal": (BLUE, SOLID),
    "layer norm": (PURPLE, SOLID),
    "LSTM, chrono": (BLUE, SOLID),
    "GRU, chrono": (GREEN, SOLID),
    "LSTM": (BLUE, DASHED),
    "GRU": (GREEN, DASHED),
    "simple": (GREY, SOLID),
    "simple, tanh": (GREY, SOLID),
    "simple, relu, identity": (ORANGE, SOLID),
    "simple, layer norm": (PURPLE, SOLID),
    "not clipped": (RED, SOLID),
    "clipped at 1": (BLUE, SOLID),
}
SMALL, TITLE, HEADING = 9.0, 11.5, 14.0
WIDTH, HEIGHT = 13.4, 12.3
PANEL, GAP, LEFT = 3.72, 0.66, 0.62
"""Inches."""


def draw(
    path: Path,
    backwards: Mapping[str, Mapping[str, np.ndarray]],
    runs: Mapping[str, Mapping[str, History]],
    guesses: Sequence[tuple[str, float, float]],
) -> None:
    """Write the PNG: above the gradient before training, below the training runs, their gradient norm and their loss.

    `backwards`: the title of a panel, the name of a line, its values `(T,)` by distance. `runs`: the same with training
    runs; `guesses`: for each of those panels, what guessing is called, its loss, and the share of it that is drawn.
    """
    with style.context("default", after_reset=True):
        figure = Figure(figsize=(WIDTH, HEIGHT), facecolor=PAPER)
        _heading(figure, 0.25, "Before training: how much of the gradient is left, so many steps back in time")
        for column, (title, lines) in enumerate(backwards.items()):
            _backwards(_panel(figure, column, 4.95, 3.25), title, lines)
        _heading(figure, 5.75, "In training: the gradient's norm before clipping, and below it the loss")
        for column, ((title, histories), guess) in enumerate(zip(runs.items(), guesses, strict=True)):
            norms, losses = _panel(figure, column, 9.25, 2.05), _panel(figure, column, 11.75, 2.05)
            _training(norms, losses, title, histories, guess)
        figure.set_dpi(110)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})


def _panel(figure: Figure, column: int, bottom: float, height: float) -> Axes:
    """Axes whose lower edge is so far from the top of the picture, in inches."""
    left = LEFT + column * (PANEL + GAP)
    return figure.add_axes((left / WIDTH, 1 - bottom / HEIGHT, PANEL / WIDTH, height / HEIGHT))


def _heading(figure: Figure, down: float, text: str) -> None:
    figure.text(0.2 / WIDTH, 1 - down / HEIGHT, text, fontsize=HEADING, color=INK, va="top", fontweight="bold")


def _backwards(axes: Axes, title: str, lines: Mapping[str, np.ndarray]) -> None:
    for name, shares in lines.items():
        colour, dashes = LOOKS[name]
        axes.plot(
            np.arange(len(shares)),
            shares,
            color=colour,
            linestyle=dashes,
            linewidth=1.8,
            label=name.replace(" x ", TIMES),
        )
    axes.set_yscale("log")
    axes.set_ylim(1e-15, 1e9)
    axes.set_xlim(0, max(len(shares) for shares in lines.values()))
    axes.axhline(1, color=AXIS, linewidth=0.9, zorder=0)
    _dress(axes, "share of the gradient", "steps back in time", 3)
    _name(axes, title)


def _training(
    norms: Axes, losses: Axes, title: str, histories: Mapping[str, History], guess: tuple[str, float, float]
) -> None:
    for name, history in histories.items():
        colour, dashes = LOOKS[name]
        steps = np.arange(1, history.steps + 1)
        norms.plot(steps, history.gradient_norms, color=colour, linewidth=0.6, alpha=0.15)
        norms.plot(steps, _smoothed(history.gradient_norms), color=colour, linestyle=dashes, linewidth=1.7, label=name)
        losses.plot(steps, _smoothed(history.losses), color=colour, linestyle=dashes, linewidth=1.7)
    for axes in (norms, losses):
        axes.set_yscale("log")
        axes.set_xlim(0, max(history.steps for history in histories.values()))
    norms.set_ylim(1e-3, 1e7)
    word, value, least = guess
    losses.set_ylim(value * least, value / least**0.5)
    losses.axhline(value, color=INK, linewidth=0.9, linestyle=DOTTED, zorder=0)
    losses.annotate(
        word, (1, value), (-2, 9), xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=SMALL,
        color=LABEL, ha="right",
    )  # fmt: skip
    _dress(norms, "gradient norm", "", 2)
    _dress(losses, "loss", "training step", 1)
    _name(norms, title)


def _dress(axes: Axes, beside: str, below: str, stride: int) -> None:
    """Quiet axes, what they count written above and below them; a label every so many powers of ten."""
    axes.set_facecolor("none")
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.spines["bottom"].set_color(AXIS)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.tick_params(axis="y", length=0, labelsize=SMALL, labelcolor=LABEL)
    axes.tick_params(axis="x", length=3, color=AXIS, labelsize=SMALL, labelcolor=LABEL)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(FixedLocator([10.0**e for e in range(-30, 31, stride)]))
    axes.set_xlabel(below, fontsize=SMALL, color=LABEL)
    _above(axes, 6, beside, SMALL, LABEL)


def _name(axes: Axes, title: str) -> None:
    """The title, and the key to the lines below it."""
    _above(axes, 73, title, TITLE, INK)
    top = axes.transAxes + ScaledTranslation(-2 / 72, 66 / 72, axes.figure.dpi_scale_trans)
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, 1), bbox_transform=top, ncols=2, frameon=False, fontsize=SMALL,
        labelcolor=LABEL, handlelength=2.4, columnspacing=1.4, labelspacing=0.35, borderaxespad=0, borderpad=0,
    )  # fmt: skip


def _above(axes: Axes, points: float, text: str, size: float, colour: str) -> None:
    axes.annotate(
        text, (0, 1), (-2, points), xycoords="axes fraction", textcoords="offset points", fontsize=size, color=colour,
        annotation_clip=False,
    )  # fmt: skip


def _smoothed(values: np.ndarray) -> np.ndarray:
    """The running median over a thirtieth of the steps."""
    half = max(1, len(values) // 60)
    return np.array([np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))])
