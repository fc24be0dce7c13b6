"""Settings of a forecaster beyond its own arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

LONGEST = 1_000_000
"""Maximum number of steps of a horizon, a season or a network's input."""
BACKBONE_NAMES = ("rnn", "lstm", "gru", "wavenet")
"""Networks that a forecaster can be built on."""
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
"""Training that ends when validation no longer improves, within a time limit."""
LONGER = replace(UNTIL_NO_BETTER, steps=20_000, minutes=5.0, patience=10)
"""The same training with a longer time limit."""
OF_GIVEN_LENGTH = TrainingSettings(steps=600, learning_rate=0.01, average=0.99, evaluate_every=50)
"""Training of a length that the caller gives."""

PRESETS = ("instant", "fast", "best")
"""Names of the time budgets: no training, about half a minute, about five minutes."""


@dataclass(frozen=True)
class ForecastSettings:
    """Network, input and training of a forecaster; raises SettingsError for an invalid value."""

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
    """Number of networks whose forecasts are averaged: more stable, but training takes that many times longer."""
    input_steps: int | None = None
    """Number of time steps the network runs over; None chooses it by the season."""
    seasons: tuple[int, ...] | None = None
    """Season lengths in steps; None uses those found in the data and those natural to the frequency."""
    batch_size: int = 32
    """Windows per training step, for each member."""
    windows: int | None = None
    """Backtest windows held out at the end of each series, if it is long enough; None holds out up to three, and at
    most a fifth of a series."""
    finish: float | None = None
    """Length of the final training phase on all of the data, as a share of the steps before it; 0 for none. None makes
    it longer the more data was held out."""
    backbones: tuple[str, ...] = ("lstm",)
    """Networks that `auto` trains on the table from random weights, in addition to the fine-tuned pretrained one."""
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
    """Return the settings with the training and networks of a preset. Raises SettingsError for an unknown name.

    The preset `best` uses `several` backbones, or, if only one is wanted, averages several networks with it.
    """
    if preset not in PRESETS:
        raise SettingsError(f"preset is {preset!r}: choose one of {', '.join(PRESETS)}")
    if preset == "best":
        seed = settings.training.seed
        best = replace(settings, training=replace(LONGER, seed=seed))
        if several:
            return replace(best, backbones=_BEST_BACKBONES)
        return replace(best, members=max(_BEST_MEMBERS, settings.members))
    return settings
