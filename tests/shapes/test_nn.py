"""What the docstrings of `foretell.nn` say of shapes, as annotations that are checked while layers run.

A letter stands for one size throughout a call: B sequences, T time steps, I inputs, H hidden features, O outputs.
"""

from typing import Any, cast

import pytest
import torch
from beartype import beartype
from jaxtyping import Bool, Float, Int, Int64, TypeCheckError, jaxtyped
from torch import Tensor, nn

from foretell.nn import (
    GRU,
    LSTM,
    RNN,
    Attention,
    Categorical,
    CausalConv1d,
    Downsample,
    EncoderDecoder,
    Gaussian,
    Generator,
    GRUCell,
    Head,
    LSTMCell,
    MixtureOfLogistics,
    RNNCell,
    Sampling,
    SequenceToSequence,
    SequenceToVector,
    Upsample,
    VectorToSequence,
    WaveNet,
    dilation_cycles,
    sequence_loss,
)

checked = jaxtyped(typechecker=beartype)

SIZES = [(1, 1, 1, 1), (3, 7, 2, 5), (2, 20, 4, 16)]
"""B, T, I and H."""


@checked
def one_state(
    layer: Any, x: Float[Tensor, "B T I"], lengths: Int[Tensor, "B"] | None
) -> tuple[Float[Tensor, "B T {layer.directions*layer.hidden_size}"], Float[Tensor, "L B {layer.hidden_size}"]]:
    outputs, h = layer(x, lengths=lengths)
    assert h.shape[0] == layer.num_layers * layer.directions
    return outputs, h


@checked
def two_states(
    layer: Any, x: Float[Tensor, "B T I"], lengths: Int[Tensor, "B"] | None
) -> tuple[
    Float[Tensor, "B T {layer.directions*layer.outputs}"],
    tuple[Float[Tensor, "L B {layer.outputs}"], Float[Tensor, "L B {layer.hidden_size}"]],
]:
    outputs, (h, c) = layer(x, lengths=lengths)
    assert h.shape[0] == layer.num_layers * layer.directions
    return outputs, (h, c)


def ragged(batch: int, steps: int) -> Tensor:
    return torch.arange(batch) % (steps + 1)


def with_directions(layer: Any) -> Any:
    layer.directions, layer.outputs = 2 if layer.bidirectional else 1, layer.proj_size or layer.hidden_size
    return layer


@pytest.mark.parametrize(("b", "t", "i", "h"), SIZES)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bidirectional": True}, {"layer_norm": True}])
@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_recurrent_layers(kind: Any, options: dict[str, Any], b: int, t: int, i: int, h: int) -> None:
    layer = with_directions(kind(i, h, batch_first=True, **options))
    call = two_states if kind is LSTM else one_state
    for lengths in (None, ragged(b, t)):
        call(layer, torch.randn(b, t, i), lengths)


@pytest.mark.parametrize("options", [{"proj_size": 3}, {"peephole": True}])
def test_lstm_of_its_own(options: dict[str, Any]) -> None:
    two_states(with_directions(LSTM(2, 5, batch_first=True, bidirectional=True, **options)), torch.randn(3, 7, 2), None)


@checked
def step(cell: Any, x: Float[Tensor, "B I"], h: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
    return cell(x, h)


@checked
def lstm_step(
    cell: LSTMCell, x: Float[Tensor, "B I"], state: tuple[Float[Tensor, "B H"], Float[Tensor, "B H"]]
) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B H"]]:
    return cell(x, state)


@pytest.mark.parametrize(("b", "t", "i", "h"), SIZES)
def test_cells(b: int, t: int, i: int, h: int) -> None:
    x, state = torch.randn(b, i), torch.randn(b, h)
    for cell in (RNNCell(i, h), GRUCell(i, h), GRUCell(i, h, reset_after=False)):
        step(cell, x, state)
    lstm_step(LSTMCell(i, h, peephole=True), x, (state, state))


@checked
def convolved(layer: CausalConv1d, x: Float[Tensor, "B T I"], outputs: int) -> Float[Tensor, "B T {outputs}"]:
    return layer(x)


@checked
def shortened(
    layer: Downsample, x: Float[Tensor, "B T I"], lengths: Int[Tensor, "B"], size: int, stride: int, outputs: int
) -> tuple[Float[Tensor, "B {(x.shape[1]-size)//stride+1} {outputs}"], Int[Tensor, "B"]]:
    return layer(x, lengths)


@checked
def lengthened(layer: Upsample, x: Float[Tensor, "B T I"], rate: int) -> Float[Tensor, "B {x.shape[1]*rate} I"]:
    return layer(x)


@pytest.mark.parametrize("learned", [False, True])
def test_convolutions(learned: bool) -> None:
    x = torch.randn(3, 7, 2)
    convolved(CausalConv1d(2, 5, kernel_size=3, dilation=2), x, 5)
    shortened(Downsample(2, 5, kernel_size=3, stride=2), x, ragged(3, 7), 3, 2, 5)
    lengthened(Upsample(2, (2, 3), learned=learned), x, 6)


@checked
def waves(
    network: WaveNet,
    x: Float[Tensor, "B T I"] | Int64[Tensor, "B T"],
    global_y: Float[Tensor, "B G"] | Int64[Tensor, "B"] | None,
    local_y: Float[Tensor, "B T L"] | None,
    outputs: int,
) -> Float[Tensor, "B T {outputs}"]:
    whole = network(x, global_y, local_y)
    first, _ = network.advance(x[:, :1], None, global_y, None if local_y is None else local_y[:, :1])
    assert first.shape == whole[:, :1].shape
    return whole


def test_wavenet() -> None:
    dilations = dilation_cycles(3, 2)
    waves(WaveNet(2, 4, 8, output_size=5, dilations=dilations), torch.randn(3, 9, 2), None, None, 5)
    told = WaveNet(16, 4, 8, output_size=16, dilations=dilations, global_size=3, global_classes=2, local_size=2)
    waves(told, torch.randint(16, (2, 20)), torch.tensor([0, 1]), torch.randn(2, 20, 2), 16)


@checked
def likelihood(
    head: Head, outputs: Float[Tensor, "B T {head.output_size}"], values: Float[Tensor, "B T"] | Int64[Tensor, "B T"]
) -> Float[Tensor, "B T"]:
    assert head.shifted(values).shape[:2] == values.shape
    return head.nll(outputs, values)


@checked
def drawn(
    head: Head, outputs: Float[Tensor, "B {head.output_size}"], uniforms: Float[Tensor, "B 2"]
) -> Float[Tensor, "B"] | Int64[Tensor, "B"]:
    return head.sample(outputs, uniforms, Sampling())


@pytest.mark.parametrize("head", [Categorical(16), MixtureOfLogistics(), Gaussian()], ids=lambda head: head.name)
def test_heads(head: Head) -> None:
    values = torch.randint(16, (3, 7)) if isinstance(head, Categorical) else torch.zeros(3, 7)
    likelihood(head, torch.randn(3, 7, head.output_size), values)
    drawn(head, torch.randn(3, head.output_size), torch.rand(3, 2))


@checked
def attended(
    attention: Attention,
    queries: Float[Tensor, "B T Q"],
    memory: Float[Tensor, "B S M"],
    mask: Bool[Tensor, "B S"],
) -> tuple[Float[Tensor, "B T M"], Float[Tensor, "B T S"]]:
    return attention(queries, memory, mask=mask)


@pytest.mark.parametrize("score", ["additive", "general", "dot"])
def test_attention(score: Any) -> None:
    attended(Attention(4, 4, score), torch.randn(3, 5, 4), torch.randn(3, 7, 4), torch.rand(3, 7) < 0.5)


@checked
def mapped(network: SequenceToSequence, x: Float[Tensor, "B T I"], outputs: int) -> Float[Tensor, "B T {outputs}"]:
    return network(x, lengths=ragged(*x.shape[:2]))[0]


@checked
def pooled(network: SequenceToVector, x: Int64[Tensor, "B T"], outputs: int) -> Float[Tensor, "B {outputs}"]:
    return network(x)


@checked
def unrolled(
    network: VectorToSequence, vector: Float[Tensor, "B V"], target: Int64[Tensor, "B T"], outputs: int
) -> Float[Tensor, "B T {outputs}"]:
    return network(vector, target)


@checked
def translated(
    network: EncoderDecoder, source: Int64[Tensor, "B S"], target: Int64[Tensor, "B T"], outputs: int
) -> Float[Tensor, "B T {outputs}"]:
    return network(source, target)


@checked
def written(network: Any, *given: Any, steps: int) -> tuple[Int64[Tensor, "B N"], Int64[Tensor, "B"]]:
    return network.eval().generate(*given, max_steps=steps)


def test_structures() -> None:
    mapped(SequenceToSequence(GRU(2, 5, batch_first=True), nn.Linear(5, 3)), torch.randn(3, 7, 2), 3)
    tokens = torch.randint(9, (3, 7))
    words = nn.Embedding(9, 4)
    for pooling in ("last", "mean", "max"):
        sorter: Any = SequenceToVector(
            LSTM(4, 5, batch_first=True), nn.Linear(5, 2), embedding=words, pooling=cast(Any, pooling)
        )
        pooled(sorter, tokens, 2)
    teller = VectorToSequence(GRU(4, 5, batch_first=True), nn.Linear(5, 9), vector_size=6, embedding=words)
    unrolled(teller, torch.randn(3, 6), tokens, 9)
    written(teller, torch.randn(3, 6), 1, steps=4)
    translator = EncoderDecoder(
        GRU(4, 5, batch_first=True, bidirectional=True),
        GRU(4, 5, batch_first=True),
        nn.Linear(5, 9),
        source_embedding=words,
        target_embedding=nn.Embedding(9, 4),
        attention="general",
    )
    translated(translator, torch.randint(9, (3, 8)), tokens, 9)


@checked
def loss(
    outputs: Float[Tensor, "B T V"], targets: Int64[Tensor, "B T"], lengths: Int[Tensor, "B"]
) -> Float[Tensor, ""]:
    return sequence_loss(outputs, targets, lengths=lengths)


def test_loss() -> None:
    loss(torch.randn(3, 7, 4), torch.randint(4, (3, 7)), torch.tensor([7, 0, 2]))


@checked
def generated(generator: Generator, steps: int, batch: int) -> Int64[Tensor, "{batch} {steps}"]:
    return generator.generate(steps)


def test_generator() -> None:
    network = WaveNet(16, 4, 8, output_size=16, dilations=dilation_cycles(3, 1)).eval()
    generated(Generator(network, Categorical(16), batch=2, seed=0), 12, 2)


def test_a_wrong_shape_is_noticed() -> None:
    with pytest.raises(TypeCheckError):
        convolved(CausalConv1d(2, 5, kernel_size=3), torch.randn(3, 7, 2), 4)
