"""Folders of any kind of model: what is written comes back, and nothing else is taken for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from foretell.errors import ModelError, SettingsError
from foretell.model import folder as model_folder
from foretell.model.folder import read_folder, write_folder
from foretell.model.registry import KINDS

DESCRIPTION: dict[str, Any] = {"network": {"inputs": 3, "outputs": 2}, "speakers": ["ä", "\udc80"], "rate": 16000}


def build(description: dict[str, Any]) -> nn.Module:
    return nn.Linear(description["network"]["inputs"], description["network"]["outputs"])


@pytest.fixture
def weights() -> dict[str, Tensor]:
    return build(DESCRIPTION).state_dict()


@pytest.fixture
def folder(weights: dict[str, Tensor], tmp_path: Path) -> Path:
    write_folder(tmp_path / "model", "audio", DESCRIPTION, weights)
    return tmp_path / "model"


def rewrite(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the description as a program would that writes checksums."""
    head = json.loads((folder / "model.json").read_text("utf-8", "surrogatepass"))
    change(head["model"])
    head["sha256"] = model_folder._digest(head["model"])
    (folder / "model.json").write_text(json.dumps(head))


@pytest.mark.parametrize("kind", [*KINDS])
def test_all_of_it_comes_back(kind: str, weights: dict[str, Tensor], tmp_path: Path) -> None:
    # Neither a transposed tensor nor one without elements lies in memory as it is written.
    weights = {**weights, "turned": torch.arange(6).view(2, 3).T, "none": torch.empty(0, 4), "one": torch.tensor(1.5)}
    write_folder(tmp_path / "model", kind, DESCRIPTION, weights)
    assert json.loads((tmp_path / "model" / "model.json").read_bytes().decode("utf-8", "surrogatepass"))["format"] == 2
    for asked in (kind, None):
        stored = read_folder(tmp_path / "model", asked)
        assert (stored.kind, stored.description) == (kind, DESCRIPTION)
        found = stored.tensors(lambda: {name: torch.empty_like(t, device="meta") for name, t in weights.items()})
        assert found.keys() == weights.keys()
        assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=json_values)
def test_any_description_comes_back(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    write_folder(folder / "model", "music", {"value": value}, {})
    assert read_folder(folder / "model", "music").description == {"value": value}
    shutil.rmtree(folder)


def test_the_kind_is_covered_by_the_checksum(folder: Path) -> None:
    text = (folder / "model.json").read_text("utf-8", "surrogatepass")
    (folder / "model.json").write_text(text.replace('"audio"', '"music"'), "utf-8", "surrogatepass")
    with pytest.raises(ModelError, match="checksum does not fit"):
        read_folder(folder)


def test_a_model_of_another_kind_says_what_takes_it(folder: Path) -> None:
    with pytest.raises(
        ModelError, match=r"kind 'audio', but one of the kind 'music' .* `foretell audio generate` takes"
    ):
        read_folder(folder, "music")


def test_a_kind_that_is_not_known_takes_a_newer_foretell(folder: Path) -> None:
    for unknown in ("video", [3], None):
        rewrite(folder, lambda body, unknown=unknown: body.update(kind=unknown))  # type: ignore[misc]
        for kind in ("audio", None):
            with pytest.raises(ModelError, match="does not know: it takes a newer one"):
                read_folder(folder, kind)


def test_a_model_of_an_older_format_is_refused_and_may_be_replaced(folder: Path, weights: dict[str, Tensor]) -> None:
    head = json.loads((folder / "model.json").read_bytes().decode("utf-8", "surrogatepass"))
    (folder / "model.json").write_text(json.dumps({**head, "format": 1, "foretell": "0.1.0"}))
    for kind in ("audio", "forecast", None):
        with pytest.raises(ModelError, match=r"is of format 1, written by foretell 0\.1\.0, .* no longer reads"):
            read_folder(folder, kind)
    write_folder(folder, "audio", DESCRIPTION, weights)
    assert read_folder(folder, "audio").description == DESCRIPTION


def test_what_a_description_lacks_is_one_clear_error(folder: Path) -> None:
    stored = read_folder(folder, "audio")
    wrong: list[Callable[[], Any]] = [
        lambda: stored.description["missing"],
        lambda: stored.description["rate"]["x"],
        lambda: int("three"),
        lambda: stored.description["speakers"].items(),
        lambda: float(10**999),
        lambda: model_folder.refuse_to_replace(folder / "no" / "place", "forecast"),
    ]
    for look in wrong:
        with pytest.raises(ModelError, match="does not describe a model"), stored.understood():
            look()
    with pytest.raises(ModelError, match="as it was"), stored.understood():
        raise ModelError("as it was")


def test_shapes_are_compared_before_anything_is_allocated(folder: Path) -> None:
    stored = read_folder(folder, "audio")
    assert stored.tensors(lambda: build(stored.description).state_dict()).keys() == {"weight", "bias"}
    for size, message in ((10**9, r"of \(2, 3\), not torch.float32 of \(2, 1000000000\)"), (10**30, "cannot be built")):
        rewrite(folder, lambda body, size=size: body["network"].update(inputs=size))  # type: ignore[misc]
        huge = read_folder(folder, "audio")
        with pytest.raises(ModelError, match=message), huge.understood():
            huge.tensors(lambda huge=huge: build(huge.description).state_dict())  # type: ignore[misc]


def test_a_network_of_more_parts_than_tensors_is_not_built(folder: Path) -> None:
    def expected() -> dict[str, Tensor]:
        raise AssertionError("it was built")

    with pytest.raises(ModelError, match="holds fewer tensors than"):
        read_folder(folder, "audio").tensors(expected, at_least=3)


def test_weights_of_another_model(folder: Path, weights: dict[str, Tensor], tmp_path: Path) -> None:
    stored = read_folder(folder)
    for changed, message in (
        ({"weight": weights["weight"]}, "bias is missing from"),
        ({**weights, "extra": torch.zeros(2)}, "extra has no place in"),
        ({**weights, "bias": weights["bias"].half()}, r"bias in .* is torch.float16 of \(2,\)"),
    ):
        write_folder(tmp_path / "other", "audio", DESCRIPTION, changed)
        with pytest.raises(ModelError, match=message):
            read_folder(tmp_path / "other").tensors(lambda: weights)
        shutil.copy(tmp_path / "other" / "weights.safetensors", folder)
        with pytest.raises(ModelError, match="or of another model"):
            stored.tensors(lambda: weights)


def test_a_link_to_a_model_stays_a_link(folder: Path, weights: dict[str, Tensor], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    write_folder(tmp_path / "link", "audio", {"rate": 1}, weights)
    assert (tmp_path / "link").is_symlink()
    assert read_folder(folder).description == {"rate": 1}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "model"]


def test_a_file_that_foretell_did_not_write_stays(folder: Path, weights: dict[str, Tensor]) -> None:
    (folder / "take 1.wav").write_bytes(b"x")
    with pytest.raises(SettingsError, match=r"'take 1\.wav' beside a model"):
        write_folder(folder, "audio", DESCRIPTION, weights)
    assert read_folder(folder).description == DESCRIPTION


def test_a_model_of_another_kind_stays(folder: Path, weights: dict[str, Tensor]) -> None:
    before = (folder / "model.json").read_bytes()
    with pytest.raises(SettingsError, match="holds a model of the kind 'audio', which one of the kind 'music' would"):
        write_folder(folder, "music", DESCRIPTION, weights)
    assert (folder / "model.json").read_bytes() == before
    write_folder(folder, "audio", {**DESCRIPTION, "rate": 8000}, weights)
    assert read_folder(folder).description["rate"] == 8000
    (folder / "model.json").write_text("damaged")
    write_folder(folder, "music", DESCRIPTION, weights)
    assert read_folder(folder).kind == "music"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(bad: float, weights: dict[str, Tensor], tmp_path: Path) -> None:
    whole = {**weights, "count": torch.tensor(3)}
    write_folder(tmp_path / "model", "audio", DESCRIPTION, whole)
    assert read_folder(tmp_path / "model").tensors(lambda: whole).keys() == whole.keys()
    spoilt = {**whole, "bias": torch.tensor([0.0, bad])}
    write_folder(tmp_path / "model", "audio", DESCRIPTION, spoilt)
    with pytest.raises(ModelError, match=r"the tensor bias in .* not finite"):
        read_folder(tmp_path / "model").tensors(lambda: whole)
