"""The options of every command that trains: how long, from which seed, where, and what is kept meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

TRAINING = "Training"


NewModel = Annotated[Path, Option("--out", "-o", metavar="FOLDER", help="Where the model goes.")]
Device = Annotated[
    str,
    Option(help="Where to compute: auto, cpu, cuda, mps or, for one of several, cuda:1.", rich_help_panel=TRAINING),
]


class Cell(StrEnum):
    """The recurrent cells with gates, by name."""

    LSTM = "lstm"
    GRU = "gru"


@dataclass(frozen=True)
class Steps:
    """How long to train, in steps; a command says in its own words what a step is."""

    steps: Annotated[int | None, Option(metavar="N", help="Training steps.", rich_help_panel=TRAINING)] = None


@dataclass(frozen=True)
class StepsOrEpochs(Steps):
    """How long to train, in steps or in passes over the data."""

    epochs: Annotated[
        float | None, Option(metavar="N", help="Instead of steps: passes over the data.", rich_help_panel=TRAINING)
    ] = None


@dataclass(frozen=True)
class TrainingOptions(Steps):
    """How long and where to train."""

    minutes: Annotated[
        float | None,
        Option(
            metavar="M",
            help="Instead of steps: a time budget. Results then depend on the machine's speed.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    seed: Annotated[
        int,
        Option(metavar="N", help="The same seed gives the same result, on as many threads.", rich_help_panel=TRAINING),
    ] = 0
    device: Device = "auto"
    checkpoint: Annotated[
        Path | None,
        Option(
            metavar="FOLDER",
            help="Where a stopped training goes on from; deleted at the end. Beside the output if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    tensorboard: Annotated[
        Path | None,
        Option(metavar="FOLDER", help="Write loss and gradient norms for TensorBoard there.", rich_help_panel=TRAINING),
    ] = None


@dataclass(frozen=True)
class PlaceOptions:
    """Where training computes, and what it writes."""

    out: NewModel
    device: Device = "auto"
    checkpoint: Annotated[
        Path | None,
        Option(
            metavar="FOLDER",
            help="Where a stopped training goes on from; deleted at the end. Beside the output if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    tensorboard: Annotated[
        Path | None,
        Option(metavar="FOLDER", help="Write loss and gradient norms for TensorBoard there.", rich_help_panel=TRAINING),
    ] = None
