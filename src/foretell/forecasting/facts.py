"""Facts of a fitted model by name, as `foretell info` and a service tell them."""

from __future__ import annotations

from typing import Any

from torch import nn

from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.networks.fitted_network import FittedNetwork
from foretell.forecasting.tables.findings import describe_frequency


def facts_of(model: FittedModel) -> dict[str, Any]:
    """Return model, networks and data as facts by name."""
    pretrained = model.members.pretrained
    unchanged = {} if pretrained is None else {"pretrained_parameters": _size(pretrained.network)}
    return {
        "model": model.name,
        "forecast_of": {name: round(share, 4) for name, share in model.blend.shares.items()},
        **(_network_facts(model.network) if model.network else {}),
        **unchanged,
        "horizon": model.horizon,
        "seasons": ", ".join(map(str, model.seasons)) or "none",
        "levels": ", ".join(f"{level} %" for level in model.levels),
        "frequency": describe_frequency(model.frequency.alias),
        "series": len(model.validated_until),
        "known": ", ".join(model.columns.known) or "none",
        "past": ", ".join(model.columns.past) or "none",
        "static": ", ".join(model.columns.static) or "none",
        "holidays": ", ".join(model.columns.holidays) or "none",
        "hierarchy": " > ".join(model.columns.hierarchy) or "none",
        **({} if model.correction is None else {"other_series": "used" if model.correction.used else "not used"}),
        **({} if model.past_effect is None else {"past_effect": "used" if model.past_effect.used else "not used"}),
        "calibrated_on": f"{model.calibrated_on:,} values",
    }


def _network_facts(fit: FittedNetwork) -> dict[str, Any]:
    """Return the facts of a network that was trained on the table."""
    architecture = fit.architecture
    return {
        "network": architecture.backbone,
        "layers": architecture.layers,
        "hidden": architecture.hidden,
        "layer_norm": architecture.layer_norm,
        "members": architecture.members,
        "parameters": _size(fit.network("final")),
        "input_steps": architecture.reading.window,
    }


def _size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())
