"""Tokens a second of decoding: foretell beside the same weights in torch.nn.GRU and torch.nn.LSTM, stepped plainly.

    python benchmarks/decoding.py

A translator (encoder and decoder GRU, attention, a vocabulary of 8,000) decodes greedily and with a beam of 5; a
language model on characters (LSTM) draws its characters. The weights are random, no sequence ends before the last step:
what is decoded is noise, what it costs is what a trained network costs. The columns are

- foretell: `generate` as a user calls it;
- step by step: the same with the compiled decoder turned off, as for networks that it does not know;
- torch.nn: torch's own layers stepped in a loop as short as one would write it, all in torch.no_grad.

Greedy tokens and those of the beam search must be the same in all three, or else the benchmark fails. Draws are not
compared: torch's come by `torch.multinomial`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import torch
from side_by_side import machine, medians
from tables import markdown
from torch import Tensor, nn

from foretell.nn import GRU, LSTM, EncoderDecoder, SequenceToSequence

VOCABULARY, CHARACTERS = 8000, 70
SOURCE, TARGET, WRITTEN = 20, 25, 500
"""Tokens that are read, tokens that are decoded, characters that are written."""
START, END, BEAM, TEMPERATURE = 2, 3, 5, 0.8


def translator() -> EncoderDecoder:
    """With random weights, and an end that is never likely."""
    net = EncoderDecoder(
        GRU(256, 256, batch_first=True, bidirectional=True),
        GRU(256, 512, batch_first=True),
        nn.Linear(512, VOCABULARY),
        source_embedding=nn.Embedding(VOCABULARY, 256),
        target_embedding=nn.Embedding(VOCABULARY, 256),
        attention="general",
    ).eval()
    with torch.no_grad():
        net.head.bias[END] = -1e4  # type: ignore[index, operator, union-attr]
    return net


def language_model(layers: int) -> SequenceToSequence:
    """From one-hot characters."""
    embedding = nn.Embedding.from_pretrained(torch.eye(CHARACTERS))
    lstm = LSTM(CHARACTERS, 512, num_layers=layers, batch_first=True)
    return SequenceToSequence(lstm, nn.Linear(512, CHARACTERS), embedding=embedding).eval()


class TorchTranslator:
    """The decoder of a translator on torch's own GRU."""

    def __init__(self, net: EncoderDecoder) -> None:
        self.net = net
        self.gru = nn.GRU(256, 512, batch_first=True)
        self.gru.load_state_dict(net.decoder[0].state_dict())

    def start(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The state, the memory and its keys."""
        state = self.net.encode(source)
        assert state.layers is not None
        assert state.memory is not None
        assert state.keys is not None
        return state.layers[0], state.memory, state.keys

    def step(self, tokens: Tensor, h: Tensor, memory: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and the next state."""
        net = self.net
        assert net.target_embedding is not None
        assert net.combine is not None
        query, h = self.gru(net.target_embedding(tokens)[:, None], h)
        weights = torch.softmax(query @ keys.transpose(1, 2), -1)
        features = torch.tanh(net.combine(torch.cat([weights @ memory, query], -1)))
        return net.head(features)[:, 0], h

    @torch.no_grad()
    def greedy(self, source: Tensor) -> Tensor:
        """The tokens `(B, T)`."""
        h, memory, keys = self.start(source)
        tokens, ids = torch.full((len(source),), START), []
        for _ in range(TARGET):
            scores, h = self.step(tokens, h, memory, keys)
            tokens = scores.argmax(-1)
            ids.append(tokens)
        return torch.stack(ids, 1)

    @torch.no_grad()
    def beam(self, source: Tensor) -> Tensor:
        """The tokens `(B, T)`."""
        h, memory, keys = (t.repeat_interleave(BEAM, dim) for t, dim in zip(self.start(source), (1, 0, 0), strict=True))
        batch = len(source)
        totals = torch.full((batch, BEAM), -torch.inf, dtype=torch.float64)
        totals[:, 0] = 0
        paths = torch.full((batch * BEAM, 1), START)
        for _ in range(TARGET):
            scores, h = self.step(paths[:, -1], h, memory, keys)
            chances = torch.log_softmax(scores, -1).view(batch, BEAM, -1) + totals[:, :, None]
            totals, at = chances.flatten(1).topk(BEAM)
            rows = (at // VOCABULARY + torch.arange(batch)[:, None] * BEAM).flatten()
            h, paths = h[:, rows], torch.cat([paths[rows], (at % VOCABULARY).view(-1, 1)], 1)
        return paths.view(batch, BEAM, -1)[:, 0, 1:]


class TorchLanguageModel:
    """A language model on torch's own LSTM."""

    def __init__(self, net: SequenceToSequence) -> None:
        self.net = net
        given: Any = net.layers[0]
        self.lstm = nn.LSTM(CHARACTERS, 512, num_layers=given.num_layers, batch_first=True)
        self.lstm.load_state_dict(given.state_dict())

    @torch.no_grad()
    def draw(self, prompt: Tensor) -> Tensor:
        """The characters `(B, T)` that follow one that is given."""
        assert self.net.embedding is not None
        tokens, state, ids = prompt[:, 0], None, []
        for _ in range(WRITTEN):
            features, state = self.lstm(self.net.embedding(tokens)[:, None], state)
            chances = torch.softmax(self.net.head(features)[:, 0] / TEMPERATURE, -1)
            tokens = torch.multinomial(chances, 1)[:, 0]
            ids.append(tokens)
        return torch.stack(ids, 1)


def without_compiled_decoder(net: Any, call: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The call, with the network's own steps."""

    def called() -> Tensor:
        net.compiled = lambda *_: None
        try:
            return call()
        finally:
            del net.compiled

    return called


def compared(calls: Mapping[str, Callable[[], Tensor]], tokens: int, seconds: float, same: bool) -> list[str]:
    """Tokens a second of each, and how many times the last one's the first one's is."""
    if same:
        expected, *others = (call() for call in calls.values())
        if not all(torch.equal(other, expected) for other in others):
            raise SystemExit("the tokens differ")
    times = medians(calls, seconds, least=(5, 3))
    rates = [tokens / (time / 1e3) for time in times.values()]
    return [f"{rate:,.0f}" for rate in rates] + [f"{rates[0] / rates[-1]:.2f}"]


def main() -> None:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of timing each row")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    facts = machine()
    rows: list[list[str]] = []
    net = translator()
    peer = TorchTranslator(net)
    for batch in (1, 64):
        source = torch.randint(4, VOCABULARY, (batch, SOURCE))
        for name, search, plainly in (
            ("translation, greedy", {}, peer.greedy),
            (f"translation, beam {BEAM}", {"end": END, "beam_size": BEAM, "length_penalty": 0.0}, peer.beam),
        ):

            def ours(source: Tensor = source, search: dict[str, Any] = search) -> Tensor:
                return net.generate(source, start=START, max_steps=TARGET, **search)[0]

            def theirs(source: Tensor = source, plainly: Callable[[Tensor], Tensor] = plainly) -> Tensor:
                return plainly(source)

            calls = {"ours": ours, "steps": without_compiled_decoder(net, ours), "torch": theirs}
            rows.append([name, str(batch), *compared(calls, batch * TARGET, options.seconds, same=True)])
    for layers in (1, 2):
        model = language_model(layers)
        other = TorchLanguageModel(model)
        for batch in (1, 16):
            prompt = torch.randint(CHARACTERS, (batch, 1))

            def drawn(model: SequenceToSequence = model, prompt: Tensor = prompt) -> Tensor:
                return model.generate(prompt, max_steps=WRITTEN, temperature=TEMPERATURE)[0]

            def drawn_by_torch(other: TorchLanguageModel = other, prompt: Tensor = prompt) -> Tensor:
                return other.draw(prompt)

            calls = {"ours": drawn, "steps": without_compiled_decoder(model, drawn), "torch": drawn_by_torch}
            name = f"characters, LSTM 512 x {layers}, drawn"
            rows.append([name, str(batch), *compared(calls, batch * WRITTEN, options.seconds, same=False)])

    print(", ".join(f"{name} {fact}" for name, fact in facts.items()))
    print()
    print("Tokens a second:\n")
    print(markdown(["task", "batch", "foretell", "step by step", "torch.nn", "foretell / torch.nn"], rows))


if __name__ == "__main__":
    main()
