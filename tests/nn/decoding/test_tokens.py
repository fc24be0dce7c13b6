"""Greedy choice, random draws and beam search on a small decoder whose every sequence can be listed."""

from __future__ import annotations

import itertools

import pytest
import torch

from foretell.nn.decoding import beam_search, generate

END = 0


class Table:
    """Scores that depend on the whole past: a decoder whose state is the number of the sequence and its tokens."""

    def __init__(self, vocabulary, seed=0):
        self.vocabulary, self.seed = vocabulary, seed

    def scores(self, number, past):
        key = hash((self.seed, number, *past)) % 2**31
        return 2 * torch.randn(self.vocabulary, generator=torch.Generator().manual_seed(key), dtype=torch.float64)

    def step(self, x, state):
        state = [(number, (*past, int(token))) for (number, past), token in zip(state, x, strict=True)]
        return torch.stack([self.scores(*entry) for entry in state]), state

    def select(self, state, rows):
        return [state[row] for row in rows.flatten().tolist()]

    def chance(self, number, tokens):
        """log P of tokens that follow a start of 1."""
        total, past = 0.0, (1,)
        for token in tokens:
            total += float(torch.log_softmax(self.scores(number, past), -1)[token])
            past = (*past, token)  # type: ignore[assignment]
        return total


class Script(Table):
    """Scores given by the past."""

    def __init__(self, chances, otherwise):
        self.chances, self.otherwise = chances, otherwise

    def scores(self, _, past):
        return torch.tensor(self.chances.get(past[1:], self.otherwise), dtype=torch.float64).log()


def starts(batch):
    return [(number, ()) for number in range(batch)], torch.ones(batch, dtype=torch.long)


def rows(ids, lengths):
    assert all((row[length:] == END).all() for row, length in zip(ids, lengths, strict=True))
    assert ids.shape[1] == lengths.max()
    return [row[:length].tolist() for row, length in zip(ids, lengths, strict=True)]


def best_of_all(decoder, number, max_steps, alpha):
    """The best score among all finished sequences of at most `max_steps` tokens, the end included."""
    found = []
    for length in range(max_steps):
        for tokens in itertools.product(range(1, decoder.vocabulary), repeat=length):
            score = decoder.chance(number, (*tokens, END)) / ((5 + length + 1) / 6) ** alpha
            found.append((score, list(tokens)))
    return max(found)[1]


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_the_best_of_all(alpha):
    decoder, (state, start) = Table(3), starts(20)
    found = rows(*beam_search(decoder, state, start, end=END, max_steps=4, beam_size=40, length_penalty=alpha))
    assert found == [best_of_all(decoder, number, 4, alpha) for number in range(20)]
    assert len({len(tokens) for tokens in found}) > 1


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("vocabulary", [2, 5])
def test_a_beam_of_one_is_the_greedy_choice(vocabulary, alpha):
    decoder, (state, start) = Table(vocabulary, seed=3), starts(40)
    greedy = rows(*generate(decoder, state, start, end=END, max_steps=5))
    assert len({len(tokens) for tokens in greedy}) >= 5
    beam = beam_search(decoder, state, start, end=END, max_steps=5, beam_size=1, length_penalty=alpha)
    assert rows(*beam) == greedy
    for number, tokens in enumerate(greedy):
        past = [1]
        while len(past) <= 5 and (token := int(decoder.scores(number, tuple(past)).argmax())) != END:
            past.append(token)
        assert tokens == past[1:]


def test_a_sequence_is_found_the_same_in_any_company():
    decoder, (state, start) = Table(4, seed=1), starts(12)
    search = {"end": END, "max_steps": 6, "beam_size": 3}
    together = rows(*generate(decoder, state, start, **search))  # type: ignore[arg-type]
    assert together == [rows(*generate(decoder, state[n : n + 1], start[n : n + 1], **search))[0] for n in range(12)]  # type: ignore[arg-type]


def test_a_beam_passes_by_the_greedy_trap():
    # The likeliest first token 1 leads to likely tokens nowhere; 2 leads to 0.4 * 0.9 at once.
    decoder = Script({(): [0.0, 0.6, 0.4], (1,): [0.34, 0.33, 0.33], (2,): [0.9, 0.05, 0.05]}, [1.0, 0.0, 0.0])
    state, start = starts(1)
    assert rows(*generate(decoder, state, start, end=END, max_steps=5)) == [[1]]
    assert rows(*generate(decoder, state, start, end=END, max_steps=5, beam_size=2)) == [[2]]


def test_the_length_penalty_favours_long_sequences():
    decoder = Script({(): [0.5, 0.5], (1,): [0.2, 0.8], (1, 1): [0.1, 0.9]}, [1.0, 0.0])
    state, start = starts(1)
    for alpha, expected in ((0.0, []), (3.0, [1, 1, 1])):
        found = beam_search(decoder, state, start, end=END, max_steps=6, beam_size=4, length_penalty=alpha)
        assert rows(*found) == [expected]


@pytest.mark.parametrize("beam_size", [1, 2, 3])
def test_many_early_ends_do_not_end_the_search(beam_size):
    # Each step is nearly sure to go on with 1, an end is the second likeliest: ends fill the beam from the first on.
    sure = [0.01, 0.985, 0.005]
    decoder = Script({(1,) * k: sure for k in range(6)}, [0.98, 0.01, 0.01])
    state, start = starts(2)
    found = beam_search(decoder, state, start, end=END, max_steps=20, beam_size=beam_size)
    assert rows(*found) == [[1] * 6] * 2


def test_the_cut_off_counts_where_nothing_has_ended():
    decoder = Script({}, [0.0, 0.3, 0.7])
    state, start = starts(2)
    ids, lengths = beam_search(decoder, state, start, end=END, max_steps=3, beam_size=2)
    assert ids.tolist() == [[2, 2, 2]] * 2
    assert lengths.tolist() == [3, 3]


def test_draws_follow_the_temperature_and_the_generator():
    decoder = Script({}, [0.2, 0.3, 0.5])
    state, start = starts(4000)

    def draw(temperature, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return generate(decoder, state, start, max_steps=1, temperature=temperature, generator=generator)[0][:, 0]

    for temperature in (1.0, 0.5, 2.0):
        expected = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64) ** (1 / temperature)
        shares = torch.bincount(draw(temperature), minlength=3) / 4000
        # 4 standard deviations of the share of 4000 draws.
        assert (shares - expected / expected.sum()).abs().max() < 4 * (0.25 / 4000) ** 0.5
    assert torch.equal(draw(1.0), draw(1.0))
    assert not torch.equal(draw(1.0), draw(1.0, seed=1))
    assert (draw(0.0) == 2).all()
    assert (draw(0.01) == 2).all()


def test_without_an_end_all_sequences_run_to_the_last_step():
    decoder, (state, start) = Table(3), starts(4)
    ids, lengths = generate(decoder, state, start, max_steps=7)
    assert ids.shape == (4, 7)
    assert lengths.tolist() == [7] * 4
    assert (ids == END).any()


def test_all_may_end_at_once():
    decoder, (state, start) = Script({}, [0.9, 0.1]), starts(2)
    for beam_size in (1, 2):
        ids, lengths = generate(decoder, state, start, end=END, max_steps=4, beam_size=beam_size)
        assert ids.shape == (2, 0)
        assert lengths.tolist() == [0, 0]


def test_wrong_arguments_are_named():
    decoder, (state, start) = Table(3), starts(1)
    for wrong, match in [
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": 3, "temperature": -1.0}, "temperature"),
        ({"max_steps": 3, "temperature": 1.0, "beam_size": 2, "end": END}, "a beam search does not sample"),
        ({"max_steps": 3, "beam_size": 2}, "needs end"),
        ({"max_steps": 3, "beam_size": 0}, "beam_size"),
        ({"max_steps": 3, "beam_size": 2, "end": END, "length_penalty": -1.0}, "length_penalty"),
        ({"max_steps": 0, "beam_size": 2, "end": END}, "max_steps"),
    ]:
        with pytest.raises(ValueError, match=match):
            generate(decoder, state, start, **wrong)  # type: ignore[arg-type]
