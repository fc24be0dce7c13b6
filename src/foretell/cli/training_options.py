"""The options of every command that trains: duration, seed, device and output."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

TRAINING = "Training"


NewModel = Annotated[Path, Option("--out", "-o", metavar="FOLDER", help="Folder to save the model in.")]
Device = Annotated[
    str,
    Option(help="Where to compute: auto, cpu, cuda, mps or, for one of several, cuda:1.", rich_help_panel=TRAINING),
]


class Cell(StrEnum):
    """The gated recurrent cells, by name."""

    LSTM = "lstm"
    GRU = "gru"


@dataclass(frozen=True)
class Steps:
    """The duration of training in steps; each command explains what a step is."""

    steps: Annotated[int | None, Option(metavar="N", help="Training steps.", rich_help_panel=TRAINING)] = None


@dataclass(frozen=True)
class StepsOrEpochs(Steps):
    """The duration of training in steps or epochs."""

    epochs: Annotated[
        float | None, Option(metavar="N", help="Passes over the data, instead of steps.", rich_help_panel=TRAINING)
    ] = None


@dataclass(frozen=True)
class TrainingOptions(Steps):
    """The duration, seed and device of training, and the files that it writes."""

    minutes: Annotated[
        float | None,
        Option(
            metavar="M",
            help="Time budget, instead of steps. Results then depend on the speed of the machine.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    seed: Annotated[
        int,
        Option(
            metavar="N",
            help="Random seed. The same seed gives the same result with the same number of threads.",
            rich_help_panel=TRAINING,
        ),
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
    """The device of training, and the files that it writes."""

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
