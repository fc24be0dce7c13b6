"""The compiled scan on several threads: its own, and several of the caller's."""

from __future__ import annotations

import ctypes
import itertools
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from foretell.kernels import autograd, native
from foretell.kernels.inputs import GATES

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

# Enough work to be shared out.
LARGE = {"steps": 12, "batch": 31, "hidden": 65, "features": 9}


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    assume(None)


def assume(pace):
    """What threads bring, whatever this machine does at the moment; None measures it again."""
    values = (0.0, 0.0, 0.0, 0.0) if pace is None else (pace.rate, pace.gain, pace.wake, pace.wait)
    native.library().functions["assume"]((ctypes.c_double * 4)(*values))


@pytest.fixture(params=["as measured", "all threads pay"])
def paying(request):
    if request.param == "all threads pay":
        assume(native.Pace(rate=1e9, gain=3, wake=0, wait=0, second_level_cache=0))


@pytest.mark.usefixtures("paying")
@pytest.mark.parametrize("layout", ["padded", "ragged", "packed"])
@pytest.mark.parametrize("cell", GATES)
def test_the_number_of_threads_changes_no_bit(cell, layout, draw, everything):
    i = draw(cell, **LARGE, layout=layout, mask=True, zoneout="mask")
    torch.set_num_threads(1)
    expected = everything(autograd.apply, i)
    for threads in (2, 3):
        torch.set_num_threads(threads)
        for name, a in everything(autograd.apply, i).items():
            assert torch.equal(a, expected[name]), (name, threads)


@pytest.mark.usefixtures("paying")
@pytest.mark.parametrize("cell", GATES)
def test_a_single_step_is_the_same_to_the_bit(cell, draw, everything):
    i = draw(cell, 1, 1, 700, 65)  # one sequence has its units shared out
    torch.set_num_threads(1)
    expected = everything(autograd.apply, i)
    for threads in (2, 3):
        torch.set_num_threads(threads)
        for name, a in everything(autograd.apply, i).items():
            assert torch.equal(a, expected[name]), (name, threads)


@pytest.mark.usefixtures("paying")
@pytest.mark.parametrize("cell", ["rnn_tanh", "lstm", "gru"])
def test_gradients_of_vectors_are_summed_thread_by_thread(cell, draw, everything):
    # Those of norms, of peepholes and of the biases beside a norm: each thread sums those of its own sequences.
    i = draw(cell, **LARGE, layer_norm=True, peephole=cell == "lstm")
    torch.set_num_threads(1)
    expected = everything(autograd.apply, i)
    for threads in (2, 3):
        torch.set_num_threads(threads)
        found = everything(autograd.apply, i)
        again = everything(autograd.apply, i)
        for name, e in expected.items():
            assert torch.equal(found[name], again[name]), name
            if "ln_" in name or "bias" in name or "peephole" in name:
                torch.testing.assert_close(found[name], e, rtol=0, atol=2e-6 * float(e.abs().max()))
            else:
                assert torch.equal(found[name], e), (name, threads)


@pytest.mark.usefixtures("paying")
@pytest.mark.parametrize("cell", ["rnn_tanh", "lstm", "gru", "gru_reset_before"])
def test_a_few_sequences_on_many_threads(cell, draw, everything):
    for batch in (0, 1, 2):  # their units are divided among the threads
        i = draw(cell, 20, batch, 150, reverse=batch == 2, zoneout="mask")
        torch.set_num_threads(1)
        expected = everything(autograd.apply, i)
        torch.set_num_threads(3)
        for name, a in everything(autograd.apply, i).items():
            assert torch.equal(a, expected[name]), (name, batch)


@pytest.mark.parametrize("threads", [1, 2])
def test_callers_in_several_threads_do_not_disturb_each_other(threads, draw, everything):
    cases = [
        draw(cell, **LARGE, layout=layout, seed=seed)
        for cell, layout, seed in itertools.product(GATES, ("padded", "ragged"), (0, 1))
    ]
    expected = [everything(autograd.apply, i) for i in cases]

    def run(i):
        torch.set_num_threads(threads)  # of the scans that this thread starts
        return everything(autograd.apply, i)

    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(run, cases * 3), expected * 3, strict=True):
            for name, a in found.items():
                assert torch.equal(a, wanted[name]), name


def test_other_python_threads_run_during_a_scan(draw, monkeypatch):
    counted, stop, during = [0], threading.Event(), []

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)  # lets the interpreter's lock go

    def watched(self, *arguments, call=native.Library.call):
        before = counted[0]
        call(self, *arguments)
        during.append(counted[0] - before)

    monkeypatch.setattr(native.Library, "call", watched)
    i = draw("lstm", 500, 8, 128)
    interval, counter = sys.getswitchinterval(), threading.Thread(target=count)
    sys.setswitchinterval(100)  # nobody is made to give the lock up: the scan must
    try:
        counter.start()
        while not any(during) and len(during) < 50:  # on a busy machine the other may have to wait for its turn
            autograd.apply(i)
    finally:
        stop.set()
        counter.join()
        sys.setswitchinterval(interval)
    assert any(during)


def test_gradients_of_vectors_do_not_depend_on_what_threads_bring(draw, everything):
    i = draw("lstm", **LARGE, layer_norm=True, peephole=True)
    torch.set_num_threads(2)
    found = []
    for gain in (1, 2):
        assume(native.Pace(rate=1e9, gain=gain, wake=0, wait=0, second_level_cache=0))
        found.append(everything(autograd.apply, i))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_what_threads_bring_is_measured():
    pace = native.library().pace(2)
    assert pace.rate > 1e8
    assert 0 < pace.gain <= 2.01
    assert 0 < pace.wake < 1
    assert 0 <= pace.wait < 1
    assume(native.Pace(rate=3, gain=2, wake=1, wait=4, second_level_cache=0))
    assumed = native.library().pace(2)
    assert (assumed.rate, assumed.gain, assumed.wake, assumed.wait) == (3, 2, 1, 4)
    assert assumed.second_level_cache == pace.second_level_cache
