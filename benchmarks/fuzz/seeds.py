"""What is damaged: sound inputs of every kind, made here, small enough to be tried a thousand times per minute."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
import soundfile

from foretell.music.midi import midi_bytes

RATE = 4000
_SUBTYPES = (
    ("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"), ("WAV", "ULAW"),
    ("WAVEX", "PCM_16"), ("AIFF", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AU", "PCM_16"),
)  # fmt: skip


def tables() -> list[str]:
    """Delimited tables, long and wide, with times of many kinds."""
    days = [f"2021-{1 + k // 28:02}-{1 + k % 28:02}" for k in range(60)]
    random = np.random.default_rng(0)
    value = [f"{v:.2f}" for v in 10 + np.sin(np.arange(120)) + random.standard_normal(120)]
    daily = np.datetime_as_string(np.datetime64("2021-01-01") + np.arange(60), unit="D").tolist()
    hours = np.datetime_as_string(np.datetime64("2021-03-27T00", "h") + np.arange(60), unit="m").tolist()
    months = [f"{2015 + k // 12}-{1 + k % 12:02}" for k in range(60)]
    quarters = [f"{2010 + k // 4}Q{1 + k % 4}" for k in range(60)]

    def long(times: list[str], separator: str = ",", ids: tuple[str, ...] = ("a", "b")) -> str:
        rows = [separator.join(("id", "date", "sales"))]
        rows += [separator.join((name, time, value[k])) for name in ids for k, time in enumerate(times)]
        return "\n".join(rows) + "\n"

    # The last rows are still to come.
    known = [f"shop {k % 2},{daily[k // 2]},{value[k] if k < 100 else ''},{k % 3 == 0},north" for k in range(110)]
    german = [f"{d[8:]}.{d[5:7]}.{d[:4]};{v.replace('.', ',')}" for d, v in zip(daily, value, strict=False)]
    wide = [",".join((d, value[k], value[k + 60])) for k, d in enumerate(daily)]
    rows = [",".join(("name", *daily[:30])), *(",".join((n, *value[:30])) for n in ("x", "y", "z"))]
    return [
        long(daily),
        long(days),
        long(hours, "\t"),
        long(months, "|", ("1.1", "1.10")),
        long(quarters, ";"),
        long([str(k) for k in range(60)]),
        long([d.replace("-", "") for d in daily]),
        long([f"{h}:00+00:00" for h in hours]),
        "\n".join(["shop,day,sales,promotion,region", *known]) + "\n",
        "\n".join(["Datum;Umsatz", *german]) + "\n",
        "\n".join(["date,north,south", *wide]) + "\n",
        "\n".join(rows) + "\n",
        "\n".join(["y", *value[:60]]) + "\n",
        "\n".join(["year,month,value", *(f"{2015 + k // 12},{1 + k % 12},{value[k]}" for k in range(60))]) + "\n",
        "sep=;\n" + long(daily, ";"),
    ]


def parquets() -> list[bytes]:
    """Parquet files of a long table, uncompressed and compressed."""
    files = []
    for compression in ("uncompressed", "zstd", "snappy"):
        frame = pl.read_csv(tables()[0].encode(), try_parse_dates=True)
        file = io.BytesIO()
        frame.write_parquet(file, compression=compression)  # type: ignore[arg-type]
        files.append(file.getvalue())
    return files


def midis() -> list[bytes]:
    """MIDI files of a few bars."""
    chords = np.array([(72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48)])
    held = np.repeat(np.tile(chords, (2, 1)), 4, axis=0)
    broken = np.where(np.arange(held.size).reshape(held.shape) % 7 == 0, 0, held)
    return [midi_bytes(held), midi_bytes(broken, beats_a_minute=30), midi_bytes(held[:4], beats_a_minute=240)]


def chorales() -> list[str]:
    """Chorales as tables."""
    rows = ["72,67,64,48"] * 8 + ["71,0,62,55"] * 8
    return ["\n".join(["note0,note1,note2,note3", *rows]) + "\n"]


def sounds() -> list[bytes]:
    """Sound files of a twentieth of a second, mono and stereo, in several formats."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 20) / RATE)
    files = []
    for kind, subtype in _SUBTYPES:
        for channels in (1, 2):
            file = io.BytesIO()
            soundfile.write(file, np.stack([wave] * channels, 1), RATE, subtype, format=kind)
            files.append(file.getvalue())
    return files


def models(folder: Path) -> None:
    """One trained model of each kind, in folders of that name."""
    for kind, make in _MODELS.items():
        make(folder / kind)


def table() -> pl.DataFrame:
    """What the forecasters were fitted to."""
    return pl.read_csv(tables()[8].encode(), try_parse_dates=True)


def _forecast(place: Path) -> None:
    from foretell import Forecaster, ForecastSettings, TrainingSettings

    training = TrainingSettings(steps=3)
    settings = ForecastSettings(hidden=4, layers=1, windows=1, training=training)
    options = {"known": ["promotion"], "static": ["region"]}
    Forecaster("gru", 3, **options, settings=settings, device="cpu").fit(table()).save(place)


def _wavenet(place: Path) -> None:
    from foretell import Forecaster, ForecastSettings, TrainingSettings

    settings = ForecastSettings(hidden=4, members=2, conv_stride=2, windows=0, training=TrainingSettings(steps=3))
    plain = table().select("shop", "day", "sales")
    Forecaster("wavenet", 3, settings=settings, device="cpu").fit(plain).save(place)


def _mix(place: Path) -> None:
    _with_pretrained("auto", place, known=["promotion"], static=["region"])


def _pretrained(place: Path) -> None:
    _with_pretrained("pretrained", place)


def _with_pretrained(name: str, place: Path, **options: Any) -> None:
    """A forecaster around a small network in place of the one that comes with foretell, which is slow to damage."""
    from foretell import Forecaster, ForecastSettings, TrainingSettings
    from foretell.forecasting import fitting
    from foretell.forecasting.pretrained.shipped import Pretrained, Sizes

    settings = ForecastSettings(hidden=4, layers=1, windows=1, training=TrainingSettings(steps=3))
    read = table() if options else table().select("shop", "day", "sales")
    sizes = Sizes(hidden=6, layers=1, head=5, phase=4)
    small = Pretrained.of(sizes, sizes.build().state_dict())
    with patch.object(fitting, "shipped", lambda: small):
        Forecaster(name, 3, **options, settings=settings, device="cpu").fit(read).save(place)


def _audio(place: Path) -> None:
    from foretell.audio import AudioModel, AudioSettings, Sounds
    from foretell.training.settings import TrainingSettings

    recordings = place.parent / "recordings"
    recordings.mkdir()
    for take in range(4):
        for speaker, hertz in (("ann", 300), ("bob", 700)):
            wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(300) / RATE)
            soundfile.write(recordings / f"{take}_{speaker}_0.wav", wave, RATE)
    small = {"layers": 3, "residual": 8, "skip": 8, "chunk": 256, "training": TrainingSettings(steps=2)}
    settings = AudioSettings(**small, speakers_from="name")
    sounds = Sounds(recordings).parts(settings)
    AudioModel(settings).train(sounds.training, sounds.validation, device="cpu").save(place)


def _music(place: Path) -> None:
    from foretell.music import MusicModel, MusicSettings
    from foretell.music.chorales import Chorale
    from foretell.training.settings import TrainingSettings

    chords = np.repeat(np.array([(72, 67, 64, 48), (72, 69, 65, 53)] * 4), 4, axis=0)
    small = {"backbone": "gru", "hidden": 8, "window": 16, "batch_size": 4, "training": TrainingSettings(steps=2)}
    MusicModel(MusicSettings(**small)).train([Chorale("one", chords)], device="cpu").save(place)


def _texts() -> tuple[list[str], list[str]]:
    words = ("the", "film", "of", "a", "man", "who", "sees", "it")
    texts = [
        f"{words[k % 8]} {words[k // 3 % 8]} is {'fine' if k % 2 else 'dull'} {words[k // 5 % 8]}" for k in range(60)
    ]
    return texts, ["good" if k % 2 else "bad" for k in range(60)]


def _classify(place: Path) -> None:
    from foretell.text import ClassifierSettings, LabelledTexts, TextClassifier
    from foretell.training.settings import TrainingSettings

    small = {"hidden": 4, "embedding": 4, "members": 2, "vocabulary": 300, "training": TrainingSettings(steps=2)}
    TextClassifier(ClassifierSettings(**small)).train(LabelledTexts(*_texts()), device="cpu").save(place)


def _translate(place: Path) -> None:
    from foretell.text import Pairs, Translator, TranslatorSettings
    from foretell.training.settings import TrainingSettings

    texts = tuple(_texts()[0])
    small = {"hidden": 8, "embedding": 4, "vocabulary": 300, "longest": 20, "training": TrainingSettings(steps=2)}
    Translator(TranslatorSettings(**small)).train(Pairs(texts, texts[::-1]), device="cpu").save(place)


def _text(place: Path) -> None:
    from foretell.text import LanguageModel, LanguageSettings
    from foretell.training.settings import TrainingSettings

    small = {"hidden": 8, "embedding": 4, "streams": 4, "chunk": 16, "training": TrainingSettings(steps=2)}
    LanguageModel(LanguageSettings(**small)).train("\n".join(_texts()[0]), device="cpu").save(place)


def _caption(place: Path) -> None:
    from foretell.caption import Captioned, Captioner, CaptionSettings
    from foretell.training.settings import TrainingSettings

    small = {
        "size": 16,
        "channels": 2,
        "hidden": 8,
        "vocabulary": 300,
        "longest": 8,
        "training": TrainingSettings(steps=2),
    }
    images = np.random.default_rng(0).integers(0, 255, (8, 16, 16, 3)).astype(np.uint8)
    pictures = Captioned(tuple(f"{k}.png" for k in range(8)), images, (("a red square",), ("a blue one",)) * 4)
    Captioner(CaptionSettings(**small)).train(pictures, device="cpu").save(place)


_MODELS: dict[str, Callable[[Path], None]] = {
    "forecast": _forecast,
    "forecast of an ensemble": _wavenet,
    "forecast of a mix": _mix,
    "forecast by a pretrained network": _pretrained,
    "audio": _audio,
    "music": _music,
    "classify": _classify,
    "translate": _translate,
    "text": _text,
    "caption": _caption,
}
