"""Piano rolls as PNG pictures: time to the right, pitch upwards, a colour a voice."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from foretell.errors import MissingExtraError, SettingsError
from foretell.music.chorales import Chorale
from foretell.music.notes import SIXTEENTHS_A_BEAT, note_name, tones

_COLOURS = ("#1c6ea4", "#bd6a13", "#55825a", "#7c699e")
_VOICES = ("soprano", "alto", "tenor", "bass")
_PAPER, _INK, _LABEL, _GRID = "#fffefb", "#22272f", "#6a6f78", "#e8e5de"
_PANEL = (10.0, 3.4)
_MOST_PANELS = 16
_MOST_BARS = 4_000
_RESOLUTION = 130


def piano_roll(pieces: Chorale | Sequence[Chorale]) -> bytes:
    """A PNG of one piece, or of several below each other on one scale; the same input gives the same bytes.

    Raises `MissingExtraError` without matplotlib, `SettingsError` for no piece or more than 16, or for more tones than
    a picture can show.
    """
    from_many = [pieces] if isinstance(pieces, Chorale) else list(pieces)
    if not 1 <= len(from_many) <= _MOST_PANELS:
        raise SettingsError(f"a picture shows 1 to {_MOST_PANELS} pieces, not {len(from_many)}: choose some of them")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.style import context
    except ImportError as error:
        raise MissingExtraError("pictures need matplotlib: pip install 'foretell[report]'") from error
    sounding = np.concatenate([piece.notes[piece.notes > 0] for piece in from_many])
    lowest, highest = (int(sounding.min()), int(sounding.max())) if sounding.size else (60, 60)
    longest = max(len(piece.notes) for piece in from_many) / SIXTEENTHS_A_BEAT
    with context("default", after_reset=True):
        figure = Figure(figsize=(_PANEL[0], _PANEL[1] * len(from_many)), facecolor=_PAPER, layout="constrained")
        panels = figure.subplots(len(from_many), 1, squeeze=False, sharex=True)[:, 0]
        for axes, piece in zip(panels, from_many, strict=True):
            every = tones(piece.notes)
            if len(every) > _MOST_BARS:
                raise SettingsError(f"{piece.name} has {len(every):,} tones, a picture shows {_MOST_BARS:,}: draw less")
            for voice, (colour, name) in enumerate(zip(_COLOURS, _VOICES, strict=True)):
                own = [tone for tone in every if tone.voice == voice]
                axes.barh(
                    [tone.pitch for tone in own],
                    [tone.length / SIXTEENTHS_A_BEAT for tone in own],
                    left=[tone.start / SIXTEENTHS_A_BEAT for tone in own],
                    height=0.85, color=colour, edgecolor=_PAPER, linewidth=0.6, label=name,
                )  # fmt: skip
            octaves = range(12 * (lowest // 12), highest + 12, 12)
            axes.set_yticks(octaves, [note_name(pitch) for pitch in octaves])
            axes.set_ylim(lowest - 2, highest + 2)
            axes.set_xlim(0, longest)
            axes.set_facecolor(_PAPER)
            axes.set_axisbelow(True)
            axes.grid(color=_GRID, linewidth=0.8)
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0, labelsize=8, labelcolor=_LABEL)
            axes.set_title(piece.name, loc="left", fontsize=10, color=_INK, parse_math=False)
        panels[-1].set_xlabel("beats", fontsize=8, color=_LABEL)
        panels[0].legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(_VOICES), frameon=False, fontsize=8,
            labelcolor=_LABEL, borderaxespad=0.1, handlelength=1.0,
        )  # fmt: skip
        buffer = io.BytesIO()
        figure.set_dpi(_RESOLUTION)
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()
