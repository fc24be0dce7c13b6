"""Generation in compiled code against its slow twin, `WaveNet.advance` and `Head.sample` in a loop."""

from __future__ import annotations

import itertools
import pickle
from contextlib import contextmanager
from typing import Literal

import numpy as np
import pytest
import torch

from foretell import nn
from foretell.errors import ModelError, SettingsError
from foretell.kernels import native
from foretell.nn.decoding import wavenet_weights
from foretell.nn.decoding.wavenet_weights import with_weights

compiled = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing")
ACTIVATION_STEPS = 3 * 2**-14
HEADS = [nn.Categorical(37), nn.MixtureOfLogistics(3), nn.Gaussian()]
by_head = pytest.mark.parametrize("head", HEADS, ids=lambda head: head.name)


@contextmanager
def on_threads(count):
    former = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(former)


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request):
    with on_threads(request.param):
        yield request.param


in_threads = pytest.mark.usefixtures("threads")


def build(head, *, scale=0.3, seed=0, **options):
    torch.manual_seed(seed)
    sizes = {"residual_channels": 12, "skip_channels": 20, "dilations": (1, 2, 4, 1, 2), **options}
    net = nn.WaveNet(head.input_size, output_size=head.output_size, **sizes).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn_like(parameter) * scale)
        if not head.quantised:  # narrow enough that hardly a value is clamped
            net.output.weight.mul_(0.1)
            net.output.bias[-(head.output_size + 1) // 3 :] -= 2
    return net


def conditioning(net, batch, steps):
    generator = torch.Generator().manual_seed(3)
    given = {}
    if net.global_classes:
        given["global_y"] = torch.randint(net.global_classes, (batch,), generator=generator)
    elif net.global_size:
        given["global_y"] = torch.randn(batch, net.global_size, generator=generator)
    local = torch.randn(batch, steps, net.local_size, generator=generator) if net.local_size else None
    return given, local


def values_of(head, batch, steps):
    if head.quantised:
        return torch.randint(head.input_size, (batch, steps), generator=torch.Generator().manual_seed(4))
    return head.nearest(torch.rand(batch, steps, generator=torch.Generator().manual_seed(4)) * 2 - 1)


def assert_same(head, actual, expected, weights="float32"):
    """Levels are equal; of scalars each is fed back, so that the last digit may differ, and on a grid a step of it.

    With int8 weights the last digit of an activation may take it to the next of 2^14 whole numbers.
    """
    assert actual.dtype == expected.dtype
    if head.quantised:
        assert torch.equal(actual, expected)
    else:
        atol = max(2.5 * head.half_cell, ACTIVATION_STEPS if weights == "int8" else 0)
        torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def generated(backend, net, head, steps, *, batch=1, prime=None, local=None, **options):
    generator = nn.Generator(net, head, batch=batch, backend=backend, **options)
    assert generator.backend == backend
    given = 0 if prime is None else prime.shape[1]
    if prime is not None:
        generator.prime(prime, None if local is None else local[:, :given])
    result = generator.generate(steps, None if local is None else local[:, given:])
    assert result.shape == (batch, steps)
    return result


def both(*given, **options):
    """What compiled code generates on one thread, and then on two; each time with what its slow twin does."""
    expected = generated("reference", *given, **options)
    for count in (1, 2):
        with on_threads(count):
            found = generated("native", *given, **options)
        yield found, expected


@compiled
@by_head
@pytest.mark.parametrize("conditioned", [{}, {"global_size": 3}, {"global_size": 3, "global_classes": 4}])
@pytest.mark.parametrize("local_size", [None, 2])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_every_mix_of_conditioning_gives_the_same(head, conditioned, local_size, batch, weights):
    net = build(head, local_size=local_size, **conditioned)
    given, local = conditioning(net, batch, 25)
    prime = values_of(head, batch, 7)
    options = {"batch": batch, "prime": prime, "local": local, "weights": weights, **given}
    for found, expected in both(net, head, 18, **options):
        assert_same(head, found, expected, weights)


@compiled
@by_head
@pytest.mark.parametrize(
    ("kernel_size", "dilations", "residual", "skip", "batch"),
    [
        (1, (1, 2), 16, 16, 1),
        (2, (1,), 1, 1, 1),
        (2, (1, 2, 4, 8) * 2, 64, 40, 1),
        (2, (3, 5), 33, 7, 2),
        (3, (1, 2, 4), 17, 96, 1),
        (3, (4, 1), 100, 130, 13),
        (4, (2, 2), 24, 24, 7),
    ],
)
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_every_shape_gives_the_same(head, kernel_size, dilations, residual, skip, batch, weights):
    shape = {"residual_channels": residual, "skip_channels": skip}
    net = build(head, kernel_size=kernel_size, dilations=dilations, scale=0.15, seed=1, **shape)
    for found, expected in both(net, head, 45, batch=batch, weights=weights):
        assert_same(head, found, expected, weights)


@compiled
@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
@pytest.mark.parametrize(("top_k", "top_p"), [(None, None), (1, None), (5, None), (None, 0.7), (9, 0.5), (1000, 1.0)])
def test_every_kind_of_sampling_gives_the_same(temperature, top_k, top_p):
    for head in HEADS[:2]:
        net = build(head)
        for found, expected in both(net, head, 50, batch=6, sampling=nn.Sampling(temperature, top_k, top_p), seed=5):
            assert_same(head, found, expected)


@compiled
@pytest.mark.parametrize(("top_k", "top_p"), [(None, None), (5, None), (None, 0.7)])
def test_the_temperature_of_mu_law_levels_is_that_of_their_density(top_k, top_p):
    head = nn.Categorical(37, mu_law=True)
    net = build(head)
    sampling = nn.Sampling(0.6, top_k, top_p)
    for found, expected in both(net, head, 50, batch=6, sampling=sampling, seed=5):
        assert torch.equal(found, expected)
    assert not torch.equal(
        expected, generated("native", net, nn.Categorical(37), 50, batch=6, sampling=sampling, seed=5)
    )


@compiled
@pytest.mark.parametrize("head", [*HEADS, nn.Categorical(37, mu_law=True)], ids=repr)
@pytest.mark.parametrize("batch", [1, 3])
def test_temperatures_step_by_step(head, batch):
    net, temperatures = build(head), torch.linspace(0.3, 1.5, 40)
    found = {}
    for threads in (0, 1, 2):
        with on_threads(max(threads, 1)):
            backend: Literal["native", "reference"] = "native" if threads else "reference"
            generator = nn.Generator(net, head, batch=batch, backend=backend, seed=3)
            parts = [generator.generate(n, temperatures=temperatures[at : at + n]) for at, n in ((0, 7), (7, 33))]
        found[threads] = torch.cat(parts, 1)
        assert_same(head, found[threads], found[0])
    same = nn.Generator(net, head, batch=batch, seed=3).generate(40, temperatures=torch.ones(40))
    assert_same(head, same, nn.Generator(net, head, batch=batch, seed=3).generate(40))
    assert not torch.equal(same, found[1])
    for wrong in (torch.ones(39), torch.ones(40, 1), torch.zeros(40), torch.full((40,), torch.nan)):
        with pytest.raises(ValueError, match="temperatures"):
            nn.Generator(net, head, batch=batch).generate(40, temperatures=wrong)


@compiled
@by_head
def test_bfloat16_weights_give_what_rounded_ones_give(head):
    net = build(head, residual_channels=40)
    for batch in (1, 4):
        rounded = with_weights(net, "bfloat16")
        for count, (compiled, reference) in enumerate(both(net, head, 100, batch=batch, weights="bfloat16"), 1):
            assert_same(head, compiled, reference)
            with on_threads(count):
                assert_same(head, compiled, nn.Generator(rounded, head, batch=batch).generate(100))
    assert not torch.equal(compiled, nn.Generator(net, head, batch=4).generate(100))


@compiled
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_two_threads_give_one_threads_bits(weights):
    head = nn.Gaussian()
    net = build(head, residual_channels=48, skip_channels=80, dilations=nn.dilation_cycles(5, 2), scale=0.15)
    former, results = torch.get_num_threads(), []
    for count in (1, 2):
        torch.set_num_threads(count)
        results.append(nn.Generator(net, head, weights=weights).generate(3000))
    torch.set_num_threads(former)
    assert torch.equal(*results)


def logits(net, steps, **options):
    """What `net` says of a Gaussian's mean at each step, while it hears what it said: the head adds next to nothing."""
    generator = nn.Generator(net, nn.Gaussian(), sampling=nn.Sampling(temperature=1e-6), **options)
    return generator.generate(steps)


@compiled
@pytest.mark.parametrize(("residual", "skip"), [(12, 20), (64, 128), (33, 7), (256, 40), (1100, 5)])
def test_outputs_with_int8_weights_are_the_twins(residual, skip):
    net = build(nn.Gaussian(), residual_channels=residual, skip_channels=skip, scale=residual**-0.5)
    steps = 40 if residual < 1000 else 12  # the twin takes long over it
    expected = logits(net, steps, weights="int8", backend="reference")
    for count in (1, 2):
        with on_threads(count):
            found = logits(net, steps, weights="int8", backend="native")
            torch.testing.assert_close(found, expected, rtol=0, atol=ACTIVATION_STEPS)
            assert (found - logits(net, steps)).abs().max() > 10 * (found - expected).abs().max()


@compiled
@pytest.mark.parametrize(("residual", "skip", "kernel_size"), [(12, 20, 2), (64, 128, 2), (33, 7, 3), (100, 50, 1)])
@pytest.mark.parametrize("batch", [1, 5])
def test_int8_arithmetic_is_the_twins_to_the_bit(residual, skip, kernel_size, batch):
    """In a network whose scales are powers of two and whose gates are open, every float is exact, or rounded once."""
    head = nn.Gaussian()
    net = build(head, residual_channels=residual, skip_channels=skip, kernel_size=kernel_size)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.zero_()
            if name.endswith("weight"):
                steps = torch.randint(-126, 127, parameter.shape, generator=generator)
                steps.view(len(steps), -1)[:, 0] = 127
                parameter.copy_(steps / 128)
        net.input.weight.copy_(torch.exp2(torch.randint(-3, 4, net.input.weight.shape, generator=generator)))
        net.input.bias.copy_(torch.randint(-127, 128, net.input.bias.shape, generator=generator) / 128)
        net.output.weight.mul_(2.0**-12)
        for layer in net.layers:
            layer.gated.weight[:residual].mul_(2.0**12)
            layer.gated.weight[residual:].zero_()
            layer.gated.bias[residual:].fill_(100)
    options = {"batch": batch, "sampling": nn.Sampling(temperature=1e-30), "weights": "int8"}
    for found, expected in both(net, head, 50, **options):
        assert found.unique().numel() > 5
        assert torch.equal(found, expected)


@compiled
def test_int8_sums_of_one_stream_are_those_of_many():
    head = nn.Gaussian()
    net = build(head, residual_channels=48, skip_channels=80, scale=0.15)
    alone = nn.Generator(net, head, weights="int8").generate(200)
    assert torch.equal(nn.Generator(net, head, batch=7, weights="int8").generate(200)[:1], alone)


@compiled
def test_auto_takes_the_most_exact_weights_that_are_fast_enough(monkeypatch):
    head = HEADS[0]
    net = build(head, local_size=2, global_size=3)
    rates = {"float32": 10_000.0, "bfloat16": 20_000.0, "int8": 30_000.0}
    monkeypatch.setattr(wavenet_weights, "_rate", lambda generator, _: rates[generator.kept])

    def chosen(rate):
        return nn.Generator(net, head, batch=2, global_y=torch.zeros(2, 3), weights="auto", rate=rate).weights

    assert [chosen(rate) for rate in (1, 8_000, 8_001, 16_000, 17_000, 24_000, 10**9)] == [
        *("float32", "float32", "bfloat16", "bfloat16", "int8", "int8", "int8")
    ]
    rates["bfloat16"] = 31_000.0
    assert chosen(10**9) == "bfloat16"


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_auto_is_measured(backend):
    head = HEADS[0]
    net = build(head, local_size=2)
    generator = nn.Generator(net, head, batch=2, weights="auto", rate=1e-3, backend=backend)
    assert generator.weights == "float32"
    _, local = conditioning(net, 2, 20)
    plain = nn.Generator(net, head, batch=2, backend=backend)
    assert torch.equal(generator.generate(20, local), plain.generate(20, local))
    with pytest.raises(SettingsError, match="weights='auto' needs the rate to be reached, above 0, got None"):
        nn.Generator(net, head, weights="auto")


@in_threads
@by_head
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_pieces_are_the_whole(head, backend):
    if backend == "native" and native.library() is None:
        pytest.skip("the compiled kernels are missing")
    net = build(head)
    if backend == "reference":  # torch's products may differ in their last bit with the number of rows
        net = net.double()
    whole = nn.Generator(net, head, batch=2, backend=backend).generate(60)
    assert whole.unique().numel() > 20
    generator = nn.Generator(net, head, batch=2, backend=backend)
    pieces = [generator.generate(steps) for steps in (1, 1, 13, 0, 5)]
    pieces += list(generator.stream(16, 40))
    assert [piece.shape[1] for piece in pieces] == [1, 1, 13, 0, 5, 16, 16, 8]
    if backend == "native":
        assert torch.equal(torch.cat(pieces, 1), whole)
    else:
        torch.testing.assert_close(torch.cat(pieces, 1), whole, rtol=0, atol=1e-9)


def test_a_stream_without_end_goes_on():
    head = HEADS[0]
    stream = nn.Generator(build(head), head).stream(10)
    assert [next(stream).shape for _ in range(3)] == [(1, 10)] * 3


@by_head
def test_what_is_generated_follows_the_distribution_that_training_sees(head):
    """Teacher forcing on what was generated gives the outputs from which each value was drawn."""
    net = build(head)
    generator = nn.Generator(net, head, seed=9)
    prime = values_of(head, 1, 20)
    generator.prime(prime)
    values = torch.cat([prime, generator.generate(50)], 1)
    with torch.no_grad():
        outputs = net(head.shifted(values))
    chance = np.random.Generator(np.random.Philox(key=[9, 0])).random((50, 2), dtype=np.float32)
    for step, u in enumerate(chance):
        drawn = head.sample(outputs[:, 20 + step], torch.from_numpy(u)[None], nn.Sampling())
        assert_same(head, drawn, values[:, 20 + step])


@by_head
def test_priming_is_the_same_in_one_pass_and_step_by_step(head):
    net = build(head)
    prime = values_of(head, 2, 30)
    generator = nn.Generator(net, head, batch=2)
    generator.prime(prime)
    parted = nn.Generator(net, head, batch=2)
    for start, end in ((0, 1), (1, 2), (2, 9), (9, 30)):
        parted.prime(prime[:, start:end])
    assert_same(head, parted.generate(20), generator.generate(20))
    alike = nn.Generator(net, head, batch=2)
    alike.prime(prime[:1])
    twice = nn.Generator(net, head, batch=2)
    twice.prime(prime[:1].expand(2, -1))
    assert torch.equal(alike.generate(20), twice.generate(20))


def test_a_streams_values_do_not_depend_on_the_others():
    head = HEADS[0]
    net = build(head)
    alone = nn.Generator(net, head, seed=7).generate(80)
    among = nn.Generator(net, head, batch=5, seed=7).generate(80)
    assert torch.equal(among[:1], alone)
    assert len({tuple(stream.tolist()) for stream in among}) == 5
    assert not torch.equal(nn.Generator(net, head, seed=8).generate(80), alone)
    assert torch.equal(nn.Generator(net, head, seed=7).generate(80), alone)


def test_the_first_value_is_drawn_after_silence():
    head = nn.Categorical(37, silence=5)
    net = build(head)
    with torch.no_grad():
        logits = net(torch.full((1, 1), 5))[:, 0]
    most_likely = nn.Generator(net, head, sampling=nn.Sampling(top_k=1)).generate(1)
    assert most_likely.item() == logits.argmax().item()


def test_the_weights_are_those_of_when_it_was_made():
    head = HEADS[0]
    net = build(head)
    expected = nn.Generator(net, head).generate(30)
    generator = nn.Generator(net, head)
    with torch.no_grad():
        net.input.weight.zero_()
    assert torch.equal(generator.generate(30), expected)


@in_threads
@by_head
def test_outputs_that_are_no_distribution_are_an_error(head):
    restricted = [] if head.name == "gaussian" else [nn.Sampling(top_k=1), nn.Sampling(top_p=0.5)]
    for backend, sampling in itertools.product(("auto", "reference"), [nn.Sampling(), *restricted]):
        net = build(head)
        with torch.no_grad():
            net.output.bias[0] = float("nan")
        with pytest.raises(ValueError, match="no distribution to draw from") as raised:
            nn.Generator(net, head, sampling=sampling, backend=backend).generate(3)  # type: ignore[arg-type]
        assert isinstance(raised.value, ModelError)


@in_threads
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["layers.1.gated.weight", "input.weight", "hidden.bias", "output.weight"])
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_no_integer_hides_a_weight_that_is_no_number(backend, name, number):
    head = HEADS[2]
    net = build(head)
    with torch.no_grad():
        net.get_parameter(name).view(-1)[0] = number
    with pytest.raises(ValueError, match="no distribution to draw from"):
        nn.Generator(net, head, weights="int8", backend=backend).generate(5)


def test_what_does_not_fit_is_named():
    head = HEADS[0]
    net = build(head)
    with pytest.raises(ValueError, match="input_size=256, this one has 37"):
        nn.Generator(net, nn.Categorical())
    with pytest.raises(ValueError, match="training mode"):
        nn.Generator(build(head).train(), head)
    with pytest.raises(ValueError, match="batch must be at least 1"):
        nn.Generator(net, head, batch=0)
    with pytest.raises(SettingsError, match="weights must be float32, bfloat16, int8 or auto, got 'int4'"):
        nn.Generator(net, head, weights="int4")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="backend must be"):
        nn.Generator(net, head, backend="fast")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="top_k=3"):
        nn.Generator(build(HEADS[2]), HEADS[2], sampling=nn.Sampling(top_k=3))
    with pytest.raises(ValueError, match="global_y"):
        nn.Generator(build(head, global_size=3), head)
    with pytest.raises(ValueError, match="local_y"):
        nn.Generator(build(head, local_size=3), head).generate(2)
    generator = nn.Generator(net, head, batch=2)
    with pytest.raises(ValueError, match=r"values must have the shape \(2, T\)"):
        generator.prime(torch.zeros(3, 5, dtype=torch.int64))
    with pytest.raises(ValueError, match="steps must be at least 0"):
        generator.generate(-1)
    with pytest.raises(ValueError, match="chunk must be at least 1"):
        generator.stream(0)
    with pytest.raises(ValueError, match="steps must be at least 0"):
        generator.stream(1, -1)
    generator.generate(1)
    with pytest.raises(ValueError, match="prime comes before"):
        generator.prime(torch.zeros(2, 5, dtype=torch.int64))


def test_what_the_compiled_code_does_not_know_goes_to_the_reference():
    head = HEADS[0]
    double = build(head).double()
    assert nn.Generator(double, head).backend == "reference"
    assert nn.Generator(double, head).generate(5).shape == (1, 5)
    with pytest.raises(SettingsError, match="weights are float64, not float32"):
        nn.Generator(double, head, backend="native")


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_values_to_begin_with_are_checked_to_the_last(backend):
    head = nn.Categorical(8)
    net = build(head)
    for wrong in ([1, 8], [-1, 2]):
        with pytest.raises(ValueError, match="levels from 0 to 7"):
            nn.Generator(net, head, backend=backend).prime(torch.tensor([wrong]))
    with pytest.raises(ValueError, match=r"values must be levels, whole numbers, got torch.float32"):
        nn.Generator(net, head, backend=backend).prime(torch.zeros(1, 4))
    given = torch.tensor([[3, 4]])
    expected = nn.Generator(net, head, backend=backend)
    expected.prime(given.clone())
    generator = nn.Generator(net, head, backend=backend)
    generator.prime(given)
    given.fill_(6)
    assert torch.equal(generator.generate(20), expected.generate(20))


@compiled
@in_threads
@pytest.mark.parametrize("weights", wavenet_weights.PRECISIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_conditioning_by_frames_is_that_of_their_interpolation(batch, weights):
    head = nn.Categorical(37)
    net = build(head, local_size=2)
    _, frames = conditioning(net, batch, 5 + 2)
    expected = nn.Generator(net, head, batch=batch, weights=weights, backend="reference")
    whole = expected.generate(5 * 8, nn.interpolate(frames, 8))
    for backend in ("native", "reference"):
        generator = nn.Generator(net, head, batch=batch, weights=weights, backend=backend)
        parts = [generator.generate(2 * 8, frames[:, :4], rate=8), generator.generate(3 * 8, frames[:, 2:], rate=8)]
        assert torch.equal(torch.cat(parts, 1), whole)


def test_frames_that_do_not_fit_the_steps_are_refused():
    head = nn.Categorical(37)
    generator = nn.Generator(build(head, local_size=2), head)
    with pytest.raises(ValueError, match="multiple of rate, got 7 and 4"):
        generator.generate(7, torch.zeros(1, 3, 2), rate=4)
    with pytest.raises(ValueError, match="local_y must have the shape"):
        generator.generate(8, torch.zeros(1, 3, 2), rate=4)


@in_threads
@by_head
@pytest.mark.parametrize("weights", wavenet_weights.PRECISIONS)
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_a_restarted_generator_is_as_a_new_one(head, weights, backend):
    net = build(head)
    options = {"batch": 2, "weights": weights, "backend": backend}
    fresh = nn.Generator(net, head, seed=7, **options).generate(40)
    generator = nn.Generator(net, head, seed=1, **options)
    generator.prime(values_of(head, 2, 9))
    generator.generate(25)
    generator.restart(7)
    assert torch.equal(generator.generate(40), fresh)
    with pytest.raises(SettingsError, match="seed must be"):
        generator.restart(-1)


def test_local_conditioning_of_another_length_is_named_before_anything_is_read():
    head = HEADS[0]
    net = build(head, local_size=2)
    generator = nn.Generator(net, head)
    with pytest.raises(ValueError, match="local_y must have the shape"):
        generator.prime(values_of(head, 1, 5), torch.zeros(1, 6, 2))
    _, local = conditioning(net, 1, 10)
    fresh = nn.Generator(net, head)
    assert torch.equal(generator.generate(10, local), fresh.generate(10, local))


@compiled
def test_absurd_dilations_are_no_memory():
    head = HEADS[0]
    net = build(head)
    net.dilations = (2**62, *net.dilations[1:])
    with pytest.raises(MemoryError, match="not enough memory to generate 1 streams"):
        nn.Generator(net, head)


def test_the_default_device_does_not_matter():
    head = HEADS[0]
    generator = nn.Generator(build(head), head)
    torch.set_default_device("meta")
    try:
        values = generator.generate(3)
    finally:
        torch.set_default_device(None)
    assert values.device.type == "cpu"


@compiled
def test_a_generator_cannot_be_pickled():
    head = HEADS[0]
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        pickle.dumps(nn.Generator(build(head), head))


def test_a_head_of_ones_own_is_asked_itself():
    class First(nn.Categorical):
        def _sample(self, outputs, uniforms, sampling):  # noqa: ARG002
            return torch.zeros(len(outputs), dtype=torch.int64)

    head = First(37)
    generator = nn.Generator(build(head), head)
    assert generator.backend == "reference"
    assert not generator.generate(5).any()


@compiled
def test_several_streams_do_not_depend_on_the_number_of_threads():
    head = nn.Gaussian()
    net = build(head, residual_channels=40, skip_channels=32)
    former, results = torch.get_num_threads(), []
    for count in (1, 2):
        torch.set_num_threads(count)
        results.append([nn.Generator(net, head, batch=batch).generate(300) for batch in (2, 3, 7)])
    torch.set_num_threads(former)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
