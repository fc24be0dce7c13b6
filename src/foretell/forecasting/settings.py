"""What a forecaster can be told beyond the handful of arguments it takes itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

LONGEST = 1_000_000
"""Steps of a horizon, a season or a network's input, at most."""
BACKBONE_NAMES = ("rnn", "lstm", "gru", "wavenet")
"""The networks that a forecaster can be built on."""
_BEST_BACKBONES = ("lstm", "gru", "wavenet")
_BEST_MEMBERS = 3

UNTIL_NO_BETTER = TrainingSettings(
    steps=3000,
    minutes=0.6,
    schedule="constant",
    learning_rate=0.004,
    average=0.99,
    evaluate_every=20,
    patience=4,
)
"""The training whose length validation finds, within a bound."""
LONGER = replace(UNTIL_NO_BETTER, steps=20_000, minutes=5.0, patience=10)
"""The same where there is time."""
OF_GIVEN_LENGTH = TrainingSettings(steps=600, learning_rate=0.01, average=0.99, evaluate_every=50)
"""The training whose length somebody gives."""

PRESETS = ("instant", "fast", "best")
"""How much time a fit may take: none for training, about half a minute, about five minutes."""


@dataclass(frozen=True)
class ForecastSettings:
    """Network, input and training of a forecaster; raises SettingsError on a value that makes no sense."""

    layers: int = 2
    """Recurrent layers; for a WaveNet, cycles of doubling dilations."""
    hidden: int = 64
    """Hidden features of a recurrent layer; residual and skip channels of a WaveNet."""
    layer_norm: bool = False
    """Layer normalisation inside the recurrent cell (Ba et al., 2016)."""
    conv_stride: int = 1
    """Stride of a convolution (twice as wide, without padding) that shortens the input; 1 leaves it out."""
    dropout: float = 0.0
    """Dropout between layers, in [0, 1)."""
    members: int = 1
    """Networks whose forecasts are averaged: steadier, for as many times the training."""
    input_steps: int | None = None
    """Time steps the network runs over; None chooses them by the season."""
    seasons: tuple[int, ...] | None = None
    """Season lengths in steps; None takes those found in the data and the natural ones of the frequency."""
    batch_size: int = 32
    """Windows a training step, for each member."""
    windows: int | None = None
    """Backtest windows held out at the end of each series, where it is long enough; None holds out up to three, and
    never more than a fifth of a series."""
    finish: float | None = None
    """After validation and backtest, training goes on with all of the data for this share of the steps; 0 for none.
    None makes it longer the more was held out."""
    backbones: tuple[str, ...] = ("lstm",)
    """Networks that `auto` trains on the table from random weights, beside the fine-tuned pretrained one."""
    training: TrainingSettings = UNTIL_NO_BETTER

    def __post_init__(self) -> None:
        settle_fields(self)
        for name in ("layers", "hidden", "conv_stride", "members", "batch_size"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        self._require("windows", "must be 0 or more", self.windows is None or self.windows >= 0)
        self._require("dropout", "must be in [0, 1)", 0 <= self.dropout < 1)
        self._require("finish", "must be in [0, 1]", self.finish is None or 0 <= self.finish <= 1)
        chosen = set(self.backbones)
        rule = f"must be one or more of {', '.join(BACKBONE_NAMES)}, each once"
        self._require("backbones", rule, 0 < len(self.backbones) == len(chosen & set(BACKBONE_NAMES)))
        steps = self.input_steps
        self._require("input_steps", f"must be from 2 to {LONGEST:,}", steps is None or 2 <= steps <= LONGEST)
        rule = f"must each be from 2 to {LONGEST:,}"
        self._require("seasons", rule, all(2 <= season <= LONGEST for season in self.seasons or ()))

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")


def preset_settings(preset: str, settings: ForecastSettings, *, several: bool) -> ForecastSettings:
    """The settings with the training and the networks of a preset. Raises SettingsError for a name that is none.

    The best takes `several` backbones, or where only one is wanted, the mean of several networks with it.
    """
    if preset not in PRESETS:
        raise SettingsError(f"preset is {preset!r}: it can be {', '.join(PRESETS)}")
    if preset == "best":
        seed = settings.training.seed
        best = replace(settings, training=replace(LONGER, seed=seed))
        if several:
            return replace(best, backbones=_BEST_BACKBONES)
        return replace(best, members=max(_BEST_MEMBERS, settings.members))
    return settings
