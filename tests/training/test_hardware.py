from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from foretell.errors import SettingsError
from foretell.training.hardware import Hardware, fast_precision


@dataclass(frozen=True)
class Pair:
    x: Tensor
    name: str


@pytest.mark.parametrize("device", ["tpu9", "cuda:first", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(SettingsError, match="device="):
        Hardware(device, "32-true")


@pytest.mark.parametrize("has_instructions", [True, False])
def test_bfloat16_is_fast_where_the_cpu_has_instructions_for_it(
    has_instructions: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_instructions)
    assert fast_precision("cpu") == ("bf16-mixed" if has_instructions else "32-true")


def test_full_precision_computes_in_the_networks_own_type() -> None:
    hardware = Hardware("cpu", "32-true")
    network = nn.Linear(2, 1).double()
    hardware.set_up(network)
    with hardware.autocast():
        assert network(torch.ones(1, 2, dtype=torch.float64)).dtype == torch.float64


def test_mixed_precision_computes_in_bfloat16_and_keeps_the_weights() -> None:
    hardware = Hardware("cpu", "bf16-mixed")
    network = nn.Linear(2, 1)
    hardware.set_up(network)
    with hardware.autocast():
        assert network(torch.ones(1, 2)).dtype == torch.bfloat16
    assert network.weight.dtype == torch.float32


def test_on_the_cpu_a_batch_is_handed_on_as_it_is() -> None:
    hardware = Hardware("cpu", "32-true")
    assert hardware.device == torch.device("cpu")
    for batch in (torch.ones(2), [torch.ones(1)], {"x": torch.ones(1)}, Pair(torch.ones(1), "a")):
        assert hardware.place(batch) is batch


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_every_kind_of_batch_reaches_the_gpu() -> None:
    hardware = Hardware("cuda", "32-true")
    pair = hardware.place(Pair(torch.ones(1), "a"))
    assert (pair.x.device.type, pair.name) == ("cuda", "a")
    assert hardware.place((torch.ones(1),))[0].device.type == "cuda"
