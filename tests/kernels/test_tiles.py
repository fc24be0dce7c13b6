"""Matrix tiles in the compiled scan: emulated, beside the twin and products by vectors, and whether they are used."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foretell.errors import SettingsError
from foretell.kernels import autograd, native, tiles
from foretell.kernels.boundary import HEADER
from foretell.kernels.inputs import GATES
from foretell.kernels.packed import packed_weights
from foretell.kernels.tiles import Tiles

HALVES = ("amx", "avx512_bf16")
LIBRARY = native.library()
pytestmark = pytest.mark.skipif(
    LIBRARY is None or LIBRARY.instruction_set not in HALVES, reason="half precision is not by products of bfloat16"
)


@pytest.fixture
def computed_by():
    """Chooses who computes products by tiles; afterwards the same do as before."""
    before = Tiles.OFF if LIBRARY.without_tiles else Tiles.PROCESSOR

    def choose(by):
        assert tiles.use(LIBRARY.of_half, by) == ""

    yield choose
    choose(before)


@pytest.fixture
def compare(computed_by, everything):
    """Results of a scan by emulated tiles, and by vectors."""

    def both(i, scan=autograd.apply):
        found = []
        for by in (Tiles.EMULATED, Tiles.OFF):
            computed_by(by)
            found.append(everything(scan, i._replace(half=True)))
        return found

    return both


def named(value):
    return "-".join(f"{k}={v}" for k, v in value.items()) or "plain" if isinstance(value, dict) else None


VARIANTS = [
    *((cell, {}) for cell in GATES),
    *((cell, {"bias": False, "mask": True, "zoneout": "rate"}) for cell in GATES),
    *((cell, {"layer_norm": True}) for cell in ("rnn_tanh", "lstm", "gru")),
    ("lstm", {"peephole": True}),
    ("lstm", {"projection": 37}),
]


@pytest.mark.parametrize("layout", ["padded", "ragged", "packed"])
@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
def test_every_variant_equals_its_twin(cell, options, layout, draw, computed_by, near_twin):
    computed_by(Tiles.EMULATED)
    near_twin(draw(cell, 3, 37, 50, 70, layout=layout, seed=2, reverse=layout == "ragged", **options))


# One tile of rows and several, equally high or not; one vector of units and several; depths of whole tiles and with a
# rest; rows of few sequences that are taken together for the weights.
SIZES = [
    *((1, 4, 32, 32), (2, 16, 16, 32), (5, 17, 64, 33), (3, 31, 33, 64), (2, 32, 96, 128), (3, 33, 100, 40)),
    *((20, 5, 34, 8), (300, 1, 32, 40), (9, 65, 20, 90), (2, 70, 130, 31), (4, 8, 256, 7)),
]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("cell", GATES)
def test_sizes_equal_the_twin(cell, size, draw, computed_by, near_twin):
    computed_by(Tiles.EMULATED)
    near_twin(draw(cell, *size, layout=("padded", "ragged")[size[1] % 2]))


@pytest.mark.parametrize("layout", ["padded", "ragged"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_small_whole_numbers_are_those_of_vectors_to_the_bit(size, layout, draw, compare):
    # Of one step nothing is rounded; a wrong place of any number would show.
    steps, batch, hidden, features = size
    i = draw("rnn_relu", 1, steps * batch, hidden, features, bias=False, layout=layout)
    generator = torch.Generator().manual_seed(3)

    def whole(t):
        return torch.randint(-3, 4, t.shape, generator=generator).float()

    weights = {name: whole(w) for name, w in i.weights.items()}
    i = i._replace(x=whole(i.x), weights=weights, initial_h=whole(i.initial_h))

    def scan(given):
        output, h, c = autograd.apply(given)
        return output * 0.5, h * 0.25, c

    found, expected = compare(i, lambda given: [r.round() for r in scan(given)][:2])
    assert all(torch.equal(found[name], e) for name, e in expected.items())
    assert found["output"].abs().max() > 10


@pytest.mark.parametrize("cell", GATES)
def test_tiles_are_used(cell, draw, compare):
    found, expected = compare(draw(cell, 4, 20, 64, 70))
    for name, e in expected.items():
        assert not torch.equal(found[name], e), name  # sums are taken in another order


def test_below_four_sequences_and_a_tile_of_features_vectors_are_used(draw, compare):
    for size in ((4, 3, 64, 2), (1, 3, 20, 4), (3, 5, 16, 7)):
        found, expected = compare(draw("lstm", *size))
        assert torch.equal(found["output"], expected["output"])


@pytest.mark.parametrize("cell", GATES)
def test_nan_and_infinity_stay_in_their_rows(cell, draw, computed_by):
    i = draw(cell, batch=21, hidden=40, features=45)._replace(half=True)
    i.x[2, 0, 8] = torch.nan
    i.x[2, 20, 44] = torch.inf
    i.initial_h[5, 33] = torch.nan
    computed_by(Tiles.EMULATED)
    expected, actual = autograd.apply(i._replace(half=False))[0], autograd.apply(i)[0]
    assert expected.isnan().any()
    assert torch.equal(actual.isnan(), expected.isnan())


def test_numbers_too_small_for_normal_ones_are_zero(draw, computed_by):
    i = draw("rnn_relu", 1, 5, 32, 32, bias=False)
    weights = {name: torch.full_like(w, 2.0**-100) for name, w in i.weights.items()}
    i = i._replace(x=torch.full_like(i.x, 2.0**-27), weights=weights, initial_h=i.initial_h * 0)
    results = []
    for by in (Tiles.EMULATED, Tiles.OFF):
        computed_by(by)
        results.append(autograd.apply(i._replace(half=True))[0])
    assert all(not r.any() for r in results)  # 2 ** -127 in each product, 2 ** -122 in all
    assert autograd.apply(i)[0].min() > 0


def test_two_threads_give_what_one_gives(draw, computed_by, everything):
    computed_by(Tiles.EMULATED)
    pace = (ctypes.c_double * 4)(1e9, 2, 0, 0)  # as if both paid
    LIBRARY.functions["assume"](pace)
    threads = torch.get_num_threads()
    try:
        for batch in (5, 40):
            i = draw("lstm", 6, batch, 80, 40, layout="ragged")._replace(half=True)
            found = []
            for count in (1, 2):
                torch.set_num_threads(count)
                found.append(everything(autograd.apply, i))
            assert all(torch.equal(found[0][name], found[1][name]) for name in ("output", "final_h", "final_c"))
    finally:
        torch.set_num_threads(threads)
        LIBRARY.functions["assume"]((ctypes.c_double * 4)())


def test_weights_that_stay_packed(draw, computed_by):
    i = draw("gru", 1, 90, 64, 48)._replace(half=True)
    computed_by(Tiles.EMULATED)
    expected = autograd.apply(i)
    with packed_weights():
        for _ in range(2):
            assert all(map(torch.equal, autograd.apply(i), expected))


@pytest.mark.parametrize("steps", [1, 5])
def test_weights_may_be_bfloat16(steps, draw, computed_by, everything):
    i = draw("lstm", steps, 90, 40, 50)._replace(half=True)
    computed_by(Tiles.EMULATED)
    weights = {n: w.bfloat16() if w.dim() == 2 else w for n, w in i.weights.items()}
    found = everything(autograd.apply, i._replace(weights=weights))
    expected = everything(autograd.apply, i._replace(weights={n: w.float() for n, w in weights.items()}))
    for name, e in expected.items():
        weight = weights.get(name.removeprefix("gradient of "))
        assert torch.equal(found[name], e if weight is None else e.to(weight.dtype)), name


def skip_where_the_compiler_does_not_know_them():
    if tiles.use(LIBRARY.of_half, Tiles.PROCESSOR).startswith("not known to the compiler"):
        pytest.skip("the compiler does not know them")


@pytest.mark.usefixtures("computed_by")
def test_the_instructions_are_in_the_library_of_half_precision_alone():
    skip_where_the_compiler_does_not_know_them()
    prefix, f3, no = b"\xc4\xe2", b"\x7a", b"\x78"

    def multiply(sums, left, right):  # the left side in the last byte, the right side turned over in the third
        return prefix + bytes([(~right & 15) << 3 | 2, 0x5C, 0xC0 | sums << 3 | left])

    products = [multiply(*t) for t in ((0, 4, 6), (1, 4, 7), (2, 5, 6), (3, 5, 7))]
    release = prefix + no + b"\x49\xc0"
    store = re.compile(rb"\xc4[\x82\xa2\xc2\xe2]" + f3 + rb"\x4b.")
    for path in native._files("avx512_bf16"):
        content = path.read_bytes()
        counts = [content.count(code) for code in (*products, release)]
        if "bf16" in path.name:
            assert min(counts) > 0
            assert store.search(content)
        else:
            assert max(counts) == 0, path


def test_a_processor_without_tiles_is_passed_over(monkeypatch):
    if tiles.in_processor():
        pytest.skip("this processor has tiles")
    monkeypatch.setattr(tiles, "in_processor", lambda: True)  # as if the system hid them from programs
    monkeypatch.delenv("FORETELL_ISA", raising=False)
    native.library.cache_clear()
    try:
        assert native.supported()[:2] == ["amx", "avx512_bf16"]
        found = native.library()
        assert (found.instruction_set, found.without_tiles) == ("avx512_bf16", "not in this processor")
        monkeypatch.setenv("FORETELL_ISA", "amx")
        native.library.cache_clear()
        with pytest.raises(SettingsError, match="FORETELL_ISA is 'amx': matrix tiles: not in this processor; unset"):
            native.library()
        monkeypatch.setenv("FORETELL_ISA", "avx512")
        native.library.cache_clear()
        assert native.library().without_tiles == "not chosen by FORETELL_ISA"
    finally:
        native.library.cache_clear()


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("c++") is None, reason="there is no C++ compiler")
@pytest.mark.usefixtures("computed_by")
def test_the_instructions_do_what_their_emulation_does(tmp_path):
    skip_where_the_compiler_does_not_know_them()
    program, flags = tmp_path / "tile_instructions", ("f", "bw", "dq", "vl", "bf16")
    run = subprocess.run(
        [
            *("c++", "-std=c++17", "-O1", "-Wno-psabi", "-mfma", *(f"-mavx512{flag}" for flag in flags)),
            *("-DFORETELL_TILE_INSTRUCTIONS", "-I", str(HEADER.parents[1])),
            *(str(Path(__file__).with_name("tile_instructions.cpp")), "-o", str(program), "-lpthread", "-ldl"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    run = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    trapped = int(run.stdout.split()[0])
    assert trapped == 0 if tiles.in_processor() else trapped > 1000
