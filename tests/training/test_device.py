from __future__ import annotations

import pytest
import torch

from foretell.errors import SettingsError
from foretell.training.device import device_named


@pytest.mark.parametrize("name", ["", "tpu9", "cuda:x", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="try device='auto'"):
        device_named(name)


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_named("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert device_named("auto") == torch.device("cpu")
    with pytest.raises(SettingsError, match="no GPU"):
        device_named("gpu")
