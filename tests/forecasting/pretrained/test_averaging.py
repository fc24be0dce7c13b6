"""The mean of several networks' weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from foretell.forecasting.pretrained import averaging
from foretell.forecasting.pretrained.shipped import Sizes, load


def stored(folder: Path, seed: int, hidden: int = 4) -> Path:
    sizes = Sizes(hidden, layers=1, head=3, phase=2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = sizes.build()
    path = folder / f"{seed}.safetensors"
    save_file(network.state_dict(), path, {name: str(size) for name, size in vars(sizes).items()})
    return path


def test_every_weight_is_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [stored(tmp_path, seed) for seed in range(3)]
    monkeypatch.setattr("sys.argv", ["averaging", str(tmp_path / "mean"), *map(str, files)])
    averaging.main()
    found = load(tmp_path / "mean")
    assert found.sizes == Sizes(4, layers=1, head=3, phase=2)
    states = [load(file).network.state_dict() for file in files]
    for name, tensor in found.network.state_dict().items():
        torch.testing.assert_close(tensor, sum(state[name] for state in states) / 3)


def test_one_alone_stays_the_same(tmp_path: Path) -> None:
    averaging.average([stored(tmp_path, 1)], tmp_path / "mean")
    one, mean = (load(tmp_path / name).network.state_dict() for name in ("1.safetensors", "mean"))
    assert all(torch.equal(one[name], mean[name]) for name in one)


def test_networks_of_different_sizes_are_refused(tmp_path: Path) -> None:
    files = [stored(tmp_path, 0), stored(tmp_path, 1, hidden=5)]
    with pytest.raises(ValueError, match="different sizes"):
        averaging.average(files, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
