"""`foretell info`"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Annotated, Any

from typer import Argument

from foretell import __version__
from foretell.cli.options import TalkOptions
from foretell.cli.show import training_document, training_sentences
from foretell.cli.talk import Talk

_LAYER_NORM = "with layer_norm, peephole, recurrent dropout or zoneout"
# What `foretell.nn` computes each cell by: torch's own kernels, or the scan in `foretell.kernels.reference`.
_BACKENDS = {
    "rnn": "torch",
    "lstm": "torch",
    "gru": "torch",
    f"rnn, lstm, gru {_LAYER_NORM}": "reference",
    "wavenet": "torch",
}


def info(
    words: TalkOptions,
    model: Annotated[
        Path | None, Argument(metavar="MODEL", help="A model's folder. Without it: what foretell runs on here.")
    ] = None,
) -> None:
    """Say what foretell runs on here, or what a model is."""
    talk = Talk(words)
    facts = _machine() if model is None else _model(model)
    rows = [[name.replace("_", " "), value] for name, value in facts.items() if not isinstance(value, dict)]
    talk.table(["foretell" if model is None else str(model), ""], rows)
    for name, part in facts.items():
        if name == "backends":
            talk.heading("Backends")
            talk.table(["cell", "backend"], [list(pair) for pair in part.items()])
    if model is not None:
        talk.heading("Training")
        talk.listing(facts["training"]["sentences"])
    talk.document(facts)


def _machine() -> dict[str, Any]:
    import torch

    cuda = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if cuda else "mps" if torch.backends.mps.is_available() else "cpu"
    return {
        "version": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": device,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "backends": _BACKENDS,
    }


def _model(folder: Path) -> dict[str, Any]:
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.findings import describe_frequency

    forecaster = Forecaster.load(folder, "cpu")
    fitted = forecaster.fitted_model
    blueprint, columns, history = fitted.fit.blueprint, fitted.columns, fitted.fit.history
    network = fitted.network("final")
    return {
        "model": blueprint.model,
        "layers": blueprint.layers,
        "hidden": blueprint.hidden,
        "layer_norm": blueprint.layer_norm,
        "members": blueprint.members,
        "parameters": sum(p.numel() for p in network.parameters()),
        "horizon": forecaster.horizon,
        "input_steps": blueprint.layout.steps,
        "seasons": ", ".join(map(str, blueprint.layout.seasons)) or "none",
        "levels": ", ".join(f"{level} %" for level in forecaster.levels),
        "frequency": describe_frequency(fitted.frequency.alias),
        "series": len(fitted.validated_until),
        "known": ", ".join(columns.known) or "none",
        "static": ", ".join(columns.static) or "none",
        "calibrated_on": f"{fitted.fit.calibrated_on:,} values",
        "training": {**training_document(history), "sentences": training_sentences(history)},
    }
