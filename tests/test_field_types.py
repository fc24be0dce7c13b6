"""What a dataclass's annotations say is what it holds, whoever filled it in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from foretell.audio.settings import AudioSettings
from foretell.caption.settings import CaptionSettings
from foretell.declaration import Setting, declared
from foretell.errors import SettingsError
from foretell.field_types import UnlikeError, from_plain, read_value, settle_fields
from foretell.forecasting.settings import ForecastSettings
from foretell.music.settings import MusicSettings
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.language_model.settings import LanguageSettings
from foretell.text.translation.settings import TranslatorSettings
from foretell.training.settings import TrainingSettings


@dataclass(frozen=True)
class Inner:
    name: str
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    count: int
    inner: Inner
    lengths: tuple[int, ...] | None = None
    pair: tuple[int, float] = (1, 2.0)
    kind: Literal["one", "two"] = "one"
    on: bool = False

    def __post_init__(self) -> None:
        settle_fields(self)


PLAIN: dict[str, Any] = {"count": 3, "inner": {"name": "x", "share": 1}, "lengths": [2, 3], "pair": [4, 0.5]}


def test_a_json_object_becomes_the_dataclass() -> None:
    assert from_plain(Outer, PLAIN) == Outer(3, Inner("x", 1), (2, 3), (4, 0.5))
    assert from_plain(Outer, {"count": 3, "inner": {"name": "x"}}) == Outer(3, Inner("x"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 1.5}, r"^count is 1.5: it must be a whole number$"),
        ({"count": True}, "count is True: it must be a whole number"),
        ({"count": "3"}, "count is '3': it must be a whole number"),
        ({"count": None}, "count is None: it must be a whole number"),
        ({"inner": 7}, "Inner is 7, not an object"),
        ({"inner": {"name": ["x"]}}, "name is .'x'.: it must be a string"),
        ({"inner": {"share": 1}}, "Inner lacks name"),
        ({"lengths": [1, 2.5]}, "lengths is .1, 2.5.: it must be a list, each a whole number, or None"),
        ({"lengths": "12"}, "lengths is '12': it must be a list"),
        ({"pair": [1]}, "pair is .1.: it must be a list of 2"),
        ({"kind": "three"}, "kind is 'three': it must be one of one, two"),
        ({"kind": ["one"]}, "kind is .'one'.: it must be one of one, two"),
        ({"on": 1}, "on is 1: it must be True or False"),
        ({"more": 1}, "Outer has no field 'more'"),
        ({"x" * 100: 1}, r"Outer has no field 'x{56}\.\.\."),
    ],
)
def test_a_stranger_s_object_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UnlikeError, match=message):
        from_plain(Outer, {**PLAIN, **change})


@pytest.mark.parametrize("plain", [None, [], "x", 3])
def test_what_is_no_object_is_refused(plain: Any) -> None:
    with pytest.raises(UnlikeError, match="not an object"):
        from_plain(Outer, plain)


def test_numbers_of_numpy_become_plain_ones() -> None:
    outer = Outer(np.int64(3), Inner("x"), [np.int32(2)], (1, np.float32(0.5)), on=np.True_)  # type: ignore[arg-type]
    assert outer == Outer(3, Inner("x"), (2,), (1, 0.5), on=True)
    assert [type(value) for value in (outer.count, outer.pair[1], outer.on)] == [int, float, bool]


def test_mappings_hold_one_type() -> None:
    assert read_value(Mapping[str, int], {"a": 1}) == {"a": 1}
    for wrong in ({"a": "b"}, {1: 1}, [1]):
        with pytest.raises(ValueError, match=r"whole number|object with names"):
            read_value(Mapping[str, int], wrong)


SETTINGS = (
    ForecastSettings,
    AudioSettings,
    MusicSettings,
    ClassifierSettings,
    LanguageSettings,
    TranslatorSettings,
    CaptionSettings,
    TrainingSettings,
)
WRONG: dict[str, tuple[Any, ...]] = {
    "int": (1.5, 2.0, "3", True, None, [3], math.nan, np.float64(3)),
    "float": ("0.1", True, None, [0.1], 1j),
    "bool": (1, 0, "yes", None),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_of_another_type_are_named(kind: type[Any]) -> None:
    tried = 0
    for name, hint in ((field.name, getattr(field.hint, "__name__", str(field.hint))) for field in declared(kind)):  # type: ignore[arg-type]
        for value in WRONG.get(hint.removesuffix(" | None"), ()):
            if value is None and hint.endswith("None"):
                continue
            with pytest.raises(SettingsError, match=f"{name}[= ].*must"):
                kind(**{name: value})
            tried += 1
    assert tried > 20


@dataclass(frozen=True)
class Tempo:
    speed: Annotated[float | None, Setting("How fast.")] = None

    def __post_init__(self) -> None:
        settle_fields(self)


@pytest.mark.parametrize("speed", [math.nan, math.inf])
def test_a_number_without_bounds_has_to_be_finite(speed: float) -> None:
    with pytest.raises(SettingsError, match="it must be a finite number, or None"):
        Tempo(speed)


def test_one_and_a_half_hidden_features_are_refused() -> None:
    for kind in (ForecastSettings, ClassifierSettings, LanguageSettings, TranslatorSettings, CaptionSettings):
        with pytest.raises(SettingsError, match=r"hidden is 1\.5: it must be a whole number"):
            kind(hidden=1.5)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"training setting steps=1\.5: it must be a whole number"):
        TrainingSettings(steps=1.5)  # type: ignore[arg-type]
    assert ForecastSettings(hidden=np.int64(8)) == ForecastSettings(hidden=8)  # type: ignore[arg-type]
