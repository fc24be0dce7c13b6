"""Settings of a forecaster beyond its own arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from foretell.declaration import FORECAST, MORE_TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import require, settle_fields
from foretell.training.settings import TrainingSettings

LONGEST = 1_000_000
"""Maximum number of steps of a horizon, a season or a network's input."""
ModelName = Literal["auto", "pretrained", "rnn", "lstm", "gru", "wavenet"]
BATCH_SIZE = 32
"""Windows in a batch, if not given."""
BACKBONE_NAMES = ("rnn", "lstm", "gru", "wavenet")
"""Networks that a forecaster can be built on."""
_SEVERAL = ("lstm", "gru", "wavenet")
_MINUTES_FOR_SEVERAL = 2.0
_BEST_MEMBERS = 3

UNTIL_NO_BETTER = TrainingSettings(
    steps=3000,
    minutes=0.6,
    schedule="constant",
    learning_rate=0.004,
    average=0.99,
    evaluate_every=20,
    patience=4,
    rise=0.01,
)
"""Training that ends when validation no longer improves, within a time limit."""
LONGER = replace(UNTIL_NO_BETTER, steps=20_000, minutes=5.0, patience=10, rise=None)
"""The same training with a longer time limit."""
OF_GIVEN_LENGTH = TrainingSettings(steps=600, learning_rate=0.01, average=0.99, evaluate_every=50)
"""Training of a length that the caller gives."""

PresetName = Literal["instant", "fast", "best"]
PRESETS: tuple[PresetName, ...] = get_args(PresetName)
"""Names of the time budgets: no training, about half a minute, about five minutes."""


@dataclass(frozen=True)
class ForecastSettings:
    """Network, input and training of a forecaster; raises SettingsError for an invalid value."""

    layers: Annotated[int, Setting("Number of layers; for a WaveNet, cycles of doubling dilations.", at_least=1)] = 2
    hidden: Annotated[
        int,
        Setting(
            "Hidden size of a recurrent layer; residual and skip channels of a WaveNet. Larger has more capacity and "
            "is slower.",
            at_least=1,
        ),
    ] = 64
    layer_norm: Annotated[bool, Setting("Use layer normalisation in the recurrent cell, to stabilise gradients.")] = (
        False
    )
    conv_stride: Annotated[
        int,
        Setting(
            "Shorten the input with a convolution of this stride, twice as wide, for long-range dependencies; 1 leaves "
            "it out.",
            at_least=1,
        ),
    ] = 1
    dropout: Annotated[float, Setting("Dropout between layers, to reduce overfitting.", at_least=0, below=1)] = 0.0
    members: Annotated[
        int,
        Setting(
            "Number of networks whose forecasts are averaged: more robust, but training takes that many times longer.",
            at_least=1,
        ),
    ] = 1
    input_steps: Annotated[
        int | None,
        Setting(
            "Number of past steps that the network reads; derived from season and horizon if not given.",
            at_least=2,
            at_most=LONGEST,
        ),
    ] = None
    seasons: Annotated[
        tuple[int, ...] | None,
        Setting(
            "Length of a season in steps, such as 7 for daily data. Repeat for several; if not given, those found in "
            "the data and those natural to the frequency.",
            FORECAST,
            at_least=2,
            at_most=LONGEST,
            metavar="STEPS",
            option="season",
        ),
    ] = None
    quantiles: Annotated[
        tuple[float, ...],
        Setting(
            "Quantile of the forecast in a column of its own, such as 0.05. Repeat for several.",
            FORECAST,
            at_least=0.005,
            at_most=0.995,
            metavar="SHARE",
            option="quantile",
        ),
    ] = ()
    non_negative: Annotated[
        bool | None,
        Setting(
            "Keep all forecasts at 0 or above, or let them be negative. If not given, they are kept there if no value "
            "of the table is negative.",
            FORECAST,
        ),
    ] = None
    multivariate: Annotated[
        bool,
        Setting(
            "Let each series see the recent past of the others, through a few factors that they have in common; used "
            "as far as it lowers the loss on held-out data.",
            FORECAST,
        ),
    ] = False
    batch_size: Annotated[
        int | None,
        Setting(
            "Batch size, in windows, for each network. If not given, 32, or fewer long windows where training ends by "
            "itself.",
            MORE_TRAINING,
            at_least=1,
        ),
    ] = None
    windows: Annotated[
        int | None,
        Setting(
            "Number of backtest windows to hold out at the end of each series, if it is long enough; 0 for no "
            "backtest. If not given, up to 3, and no more than a fifth of a series.",
            FORECAST,
            at_least=0,
        ),
    ] = None
    finish: Annotated[
        float | None,
        Setting(
            "Length of the final training phase on all of the data, as a share of the steps before it; 0 for none. If "
            "not given, longer the more data was held out.",
            MORE_TRAINING,
            at_least=0,
            at_most=1,
        ),
    ] = None
    backbones: tuple[str, ...] | None = None
    """Networks that `auto` trains on the table from random weights, in addition to the fine-tuned pretrained one; None
    for an LSTM and, within a time budget of two minutes or more, a GRU and a WaveNet."""
    training: TrainingSettings = UNTIL_NO_BETTER

    def __post_init__(self) -> None:
        settle_fields(self)
        require(self, "quantiles", "must name each quantile only once", len(set(self.quantiles)) == len(self.quantiles))
        rule = f"must be one or more of {', '.join(BACKBONE_NAMES)}, each once"
        given = self.contestants
        require(self, "backbones", rule, 0 < len(given) == len(set(given) & set(BACKBONE_NAMES)))

    @property
    def contestants(self) -> tuple[str, ...]:
        """Backbones of the networks that `auto` trains from random weights."""
        if self.backbones is not None:
            return self.backbones
        return _SEVERAL if (self.training.minutes or 0.0) >= _MINUTES_FOR_SEVERAL else _SEVERAL[:1]


def preset_settings(preset: str, settings: ForecastSettings, *, several: bool) -> ForecastSettings:
    """Return the settings with the training of a preset. Raises SettingsError for an unknown name.

    If the model does not try `several` backbones, the preset `best` averages several networks with the one it has.
    """
    if preset not in PRESETS:
        raise SettingsError(f"preset is {preset!r}: choose one of {', '.join(PRESETS)}")
    if preset == "best":
        longer = {name: getattr(LONGER, name) for name in ("steps", "minutes", "patience", "rise")}
        members = settings.members if several else max(_BEST_MEMBERS, settings.members)
        return replace(settings, members=members, training=replace(settings.training, **longer))
    return settings
