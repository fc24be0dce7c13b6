"""Choosing the compiled library: by the machine, by two environment variables, and what happens where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from foretell.errors import SettingsError
from foretell.kernels import native

HERE = Path(__file__).parent


def python(*arguments, **environment):
    """A Python process of its own, since the library is chosen at the first import."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def choose(monkeypatch):
    """`native.library()` as a process with these environment variables would have it, kept for later calls."""

    def chosen(**environment):
        for name in ("FORETELL_ISA", "FORETELL_KERNELS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        native.library.cache_clear()
        return native.library()

    yield chosen
    native.library.cache_clear()


built = [name for name in native.supported() if native._files(name)]
# Of these the wide ones differ in products of bfloat16 alone.
narrower = [name for name in built[1:] if name not in ("avx512_bf16", "avx512")]
needs_library = pytest.mark.skipif(not built, reason="the compiled kernels are missing")


HALVES = {HERE / "test_half.py": ["every_variant and padded", "single_step", "odd_sizes", "exactly"]}
EVERYTHING = {
    HERE / "test_operators.py": ["every_variant", "single_step", "odd_sizes", "nan_stays", "nothing_but_empty"],
    HERE / "test_wavenet_stack.py": ["values_and_gradients", "going_on", "nan_stays"],
    HERE.parent / "nn" / "decoding" / "test_wavenet_generator.py": [
        "every_shape",
        "every_kind_of_sampling and None and 3.0",
        "bfloat16",
        "two_threads",
        "int8_arithmetic",
        "int8_sums",
    ],
    HERE.parent / "nn" / "decoding" / "test_compiled.py": ["every_layer", "scores_by_another"],
    HERE / "test_candidates.py": ["twin_is_the_same and 26", "long_seasons", "finite and compiled"],
    **HALVES,
}


# The widest is what the files run on by themselves; of half precision the next has functions of its own, too.
@needs_library
@pytest.mark.parametrize("instruction_set", built[1:])
def test_narrower_instruction_sets_equal_the_twin(instruction_set):
    wanted = EVERYTHING if instruction_set in narrower else HALVES
    names = " or ".join(f"({file.name} and ({' or '.join(tests)}))" for file, tests in wanted.items())
    run = python(
        *("-m", "pytest", "-p", "no:cacheprovider", "-rp", *map(str, wanted), "-k", names),
        FORETELL_ISA=instruction_set,
        FORETELL_KERNELS="native",
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    for file in wanted:
        assert f"/{file.name}::" in run.stdout, file
    assert "skipped" not in run.stdout


@needs_library
@pytest.mark.parametrize("instruction_set", built)
def test_an_instruction_set_can_be_named(instruction_set, choose):
    assert choose(FORETELL_ISA=instruction_set).instruction_set == instruction_set


@needs_library
def test_the_widest_is_taken_unless_another_is_named(choose):
    assert choose().instruction_set == built[0]
    assert choose(FORETELL_ISA="").instruction_set == built[0]
    assert choose() is native.library()


def test_every_machine_has_the_baseline():
    assert native.supported()[-1] == "baseline"
    assert native.supported() == list(native.INSTRUCTION_SETS[-len(native.supported()) :])


@pytest.mark.parametrize(
    ("widest", "bfloat16", "tiles", "expected"),
    [
        ("AVX512", True, True, ["amx", "avx512_bf16", "avx512", "avx2", "baseline"]),
        ("AVX512", True, False, ["avx512_bf16", "avx512", "avx2", "baseline"]),
        ("AVX512", False, True, ["avx512", "avx2", "baseline"]),
        ("AVX2", True, True, ["avx2", "baseline"]),
        ("DEFAULT", False, False, ["baseline"]),
        ("SVE256", False, False, ["baseline"]),
    ],
)
def test_only_what_the_machine_has_is_supported(widest, bfloat16, tiles, expected, monkeypatch, choose):
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: widest)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: bfloat16)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: tiles)
    assert native.supported() == expected
    if widest != "AVX512":
        with pytest.raises(SettingsError, match=f"this machine supports {', '.join(expected)}"):
            choose(FORETELL_ISA="avx512")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"FORETELL_KERNELS": "fast"}, "FORETELL_KERNELS is 'fast': it must be native or reference"),
        ({"FORETELL_KERNELS": ""}, "FORETELL_KERNELS is '': it must be native or reference"),
        ({"FORETELL_ISA": "sse9"}, "FORETELL_ISA is 'sse9': this machine supports .*baseline"),
        ({"FORETELL_ISA": "AVX2"}, "FORETELL_ISA is 'AVX2': this machine supports .*baseline"),
    ],
)
def test_wrong_values_are_named(environment, message, choose):
    with pytest.raises(SettingsError, match=message):
        choose(**environment)


def test_a_wrong_value_ends_the_import_with_its_message():
    run = python("-c", "import foretell.nn", FORETELL_ISA="sse9")
    assert run.returncode == 1
    assert "FORETELL_ISA is 'sse9': this machine supports" in run.stderr.strip().splitlines()[-1]


def test_turned_off_there_is_no_library_and_no_warning(choose):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose(FORETELL_KERNELS="reference") is None
        assert choose(FORETELL_KERNELS="reference", FORETELL_ISA="sse9") is None


def test_turned_off_the_layers_work():
    script = """
import torch
from foretell import nn
from foretell.kernels import operators
from foretell.kernels.inputs import NAMES
assert not operators.takes("lstm", torch.zeros(1), torch.float32)
x, lengths = torch.randn(5, 3, 2), torch.tensor([5, 0, 2])
for cell in (nn.RNN, nn.LSTM, nn.GRU):
    for options in ({}, {"layer_norm": True}, {"zoneout": 0.1, "recurrent_dropout": 0.1}):
        layer = cell(2, 4, 2, bidirectional=True, **options)
        output, _ = layer(x, lengths=lengths)
        output.square().sum().backward()
        assert all(p.grad.isfinite().all() for p in layer.parameters())
    ours, theirs = cell(2, 4), getattr(torch.nn, cell.__name__)(2, 4)
    theirs.load_state_dict(ours.state_dict())
    assert torch.equal(ours(x)[0], theirs(x)[0])
square = torch.eye(4)
given = {"x": torch.zeros(5, 3, 4), "weight_ih": square, "weight_hh": square, "initial_h": torch.zeros(3, 4)}
given |= {"cell": "rnn_tanh", "reverse": False, "rate_h": 0.0, "rate_c": 0.0}
try:
    torch.ops.foretell.scan(*(given.get(name) for name in NAMES), False)
except RuntimeError as error:
    print(error)
"""
    run = python("-W", "error", "-c", script, FORETELL_KERNELS="reference")
    assert run.returncode == 0, run.stderr[-2000:]
    assert "needs the compiled kernels, which are not installed or are turned off" in run.stdout


def test_turned_off_the_ragged_layers_pass_their_tests():
    test = HERE.parent / "nn" / "layers" / "test_ragged.py"
    run = python(
        *("-m", "pytest", "-p", "no:cacheprovider", str(test), "-k", "packing or padding or empty"),
        FORETELL_KERNELS="reference",
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


def test_a_missing_library_is_told_once(choose, monkeypatch):
    monkeypatch.setattr(native, "_path", lambda _: None)
    with pytest.warns(UserWarning, match=r"slow reference kernels.*Install one.*reinstall foretell") as told:
        assert [choose(), native.library()] == [None, None]
    assert len(told) == 1


def test_a_missing_library_that_was_asked_for_is_an_error(choose, monkeypatch):
    monkeypatch.setattr(native, "_path", lambda _: None)
    with pytest.raises(SettingsError, match="FORETELL_ISA is 'baseline': its kernel library was not built"):
        choose(FORETELL_ISA="baseline")


@needs_library
def test_where_the_widest_is_missing_the_next_is_taken(choose, monkeypatch):
    found = native._path
    monkeypatch.setattr(native, "supported", lambda: ["avx1024", *built])
    monkeypatch.setattr(native, "_path", lambda name: None if name == "avx1024" else found(name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose().instruction_set == built[0]


@needs_library
def test_a_library_that_cannot_be_loaded_is_told_and_passed_over(choose, monkeypatch, tmp_path):
    damaged = tmp_path / "scan_damaged.so"
    damaged.write_bytes(b"not a library")
    found = native._path
    monkeypatch.setattr(native, "supported", lambda: ["damaged", *built])
    monkeypatch.setattr(native, "_path", lambda name: damaged if name == "damaged" else found(name))
    with pytest.warns(UserWarning, match=rf"cannot be loaded, {damaged}: ") as told:
        assert choose().instruction_set == built[0]
    assert len(told) == 1


def test_where_none_can_be_loaded_the_reference_runs(choose, monkeypatch, tmp_path):
    damaged = tmp_path / "scan_baseline.so"
    damaged.write_bytes(b"not a library")
    monkeypatch.setattr(native, "supported", lambda: ["baseline"])
    monkeypatch.setattr(native, "_path", lambda _: damaged)
    with pytest.warns(UserWarning, match="cannot be loaded") as told:
        assert choose() is None
    assert str(damaged) in str(told[0].message)
