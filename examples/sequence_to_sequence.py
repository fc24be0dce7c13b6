"""Sequence to sequence: the next value of a series at every step. Run me: python examples/sequence_to_sequence.py

The series are those of Geron's chapter 15: two sines of random frequencies and phases, and a little noise.
"""

import torch
import torch.nn.functional as F

from foretell.nn import GRU, SequenceToSequence
from foretell.training import TrainingSettings, train


def make_series(count: int, steps: int) -> torch.Tensor:
    """Series `(count, steps, 1)`."""
    time = torch.linspace(0, 1, steps)
    f1, f2, phase1, phase2 = torch.rand(4, count, 1)
    series = 0.5 * torch.sin((time - phase1) * (f1 * 10 + 10)) + 0.2 * torch.sin((time - phase2) * (f2 * 20 + 20))
    return (series + 0.1 * (torch.rand(count, steps) - 0.5))[:, :, None]


def batch(_):
    """51 values of 64 series: the network sees the first 50 and foresees the last 50."""
    series = make_series(64, 51)
    return series[:, :-1], series[:, 1:]


def loss(network, chunk, state):
    x, y = chunk
    outputs, state = network(x, state)
    return F.mse_loss(outputs, y), state


def main(steps: int = 500) -> tuple[float, float]:
    """Train, and return the mean squared error of the last step, and that of repeating the value before it."""
    torch.manual_seed(1)
    unseen = make_series(1000, 51)
    torch.manual_seed(0)
    network = SequenceToSequence(GRU(1, 32, batch_first=True), torch.nn.Linear(32, 1))
    train(network, batch, loss, settings=TrainingSettings(steps=steps, learning_rate=0.01), device="cpu")

    with torch.no_grad():
        outputs, state = network(unseen[:, :-1])
        again, _ = network.step(outputs[:, -1], state)  # fed its own forecast, it goes on
    error = F.mse_loss(outputs[:, -1], unseen[:, -1]).item()
    naive = F.mse_loss(unseen[:, -2], unseen[:, -1]).item()
    print(f"The next value of an unseen series: mean squared error {error:.4f}; repeating the last value: {naive:.4f}.")
    print(f"The first series ends in {unseen[0, -1, 0]:.2f}; foreseen {outputs[0, -1, 0]:.2f}, then {again[0, 0]:.2f}.")
    return error, naive


if __name__ == "__main__":
    main()
