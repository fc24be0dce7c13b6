"""What a forecaster can be told beyond the handful of arguments it takes itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

LONGEST = 1_000_000
"""Steps of a horizon, a season or a network's input, at most."""
_LONGEST_INPUT = 512
_BEST_MEMBERS = 3

UNTIL_NO_BETTER = TrainingSettings(
    steps=3000,
    minutes=0.6,
    schedule="constant",
    learning_rate=0.004,
    average=0.99,
    evaluate_every=50,
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
    """Time steps the network runs over; None chooses them from season and horizon."""
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
    training: TrainingSettings = UNTIL_NO_BETTER

    def __post_init__(self) -> None:
        settle_fields(self)
        for name in ("layers", "hidden", "conv_stride", "members", "batch_size"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        self._require("windows", "must be 0 or more", self.windows is None or self.windows >= 0)
        self._require("dropout", "must be in [0, 1)", 0 <= self.dropout < 1)
        self._require("finish", "must be in [0, 1]", self.finish is None or 0 <= self.finish <= 1)
        steps = self.input_steps
        self._require("input_steps", f"must be from 2 to {LONGEST:,}", steps is None or 2 <= steps <= LONGEST)
        rule = f"must each be from 2 to {LONGEST:,}"
        self._require("seasons", rule, all(2 <= season <= LONGEST for season in self.seasons or ()))

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")


def preset_settings(preset: str, settings: ForecastSettings) -> ForecastSettings:
    """The settings with the training and the members of a preset. Raises SettingsError for a name that is none."""
    if preset not in PRESETS:
        raise SettingsError(f"preset is {preset!r}: it can be {', '.join(PRESETS)}")
    if preset == "best":
        seed = settings.training.seed
        return replace(settings, members=max(_BEST_MEMBERS, settings.members), training=replace(LONGER, seed=seed))
    return settings


def input_length(asked: int | None, seasons: tuple[int, ...], horizon: int, longest_training: int) -> int:
    """The time steps a network runs over: two of the longest season that fits, eight of the shortest, four horizons.

    Never more than 512, or than the longest history has.
    """
    if asked is not None:
        return asked
    held = [season for season in seasons if 2 * season <= _LONGEST_INPUT]
    wanted = max(2 * max(held, default=0), 8 * min(seasons, default=4), 4 * horizon)
    return max(2, min(wanted, _LONGEST_INPUT, longest_training))
