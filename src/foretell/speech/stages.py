"""The stages of training: alignment, acoustic network and vocoder, each resumed where it was stopped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from foretell.field_types import to_plain
from foretell.speech import acoustic_task, critic, vocoder_task
from foretell.speech.acoustic_task import AcousticBatches
from foretell.speech.aligning import align_others, learn_alignment
from foretell.speech.corpus import Speech
from foretell.speech.critic import Criticised
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.preparing import prepared, vocoder_batches, voiced
from foretell.speech.settings import SpeechSettings
from foretell.training.hardware import Hardware, fast_precision
from foretell.training.history import History, Progress
from foretell.training.loop import train
from foretell.training.settings import NO_BOUND, PrecisionName, TrainingSettings

_FOR_NETWORKS = 0.95
"""Share of the minutes; the rest is for alignment and for what the vocoder is conditioned on."""


class _Lengths(NamedTuple):
    """How long each stage is; None where no step is left for it."""

    acoustic: TrainingSettings
    critic: TrainingSettings | None
    vocoder: TrainingSettings | None


@dataclass(frozen=True)
class Stages:
    """One training of a network with these settings, in stages."""

    settings: SpeechSettings
    network: SpeechNetwork
    learned: Learned
    data: Speech
    validation: Speech | None
    device: str
    checkpoint: Path | None
    """What the names of the stages' checkpoint folders begin with."""
    tensorboard: Path | None
    on_progress: Callable[[Progress], None] | None

    def run(self) -> tuple[History, float]:
        """Train the network in place; return the history of both networks, and the samples per step of the last."""
        settings, network, learned = self.settings, self.network, self.learned
        # A device that is not there is refused before any work.
        for precision in (settings.training.precision, self._acoustic_precision):
            Hardware(self.device, precision)
        network.measure(self.data, learned.voices)
        durations = learn_alignment(
            network,
            self.data,
            learned.voices,
            learned.phonemes,
            checkpoint=self._place("alignment"),
            identity=self._identity,
            on_progress=self._aligning(monotonic()),
        )
        recordings = prepared(network, learned, self.data, durations)
        validation = None if self.validation is None else learned.known(self.validation)
        held = None
        if validation is not None:
            others = align_others(network, validation, learned.voices, learned.phonemes)
            held = prepared(network, learned, validation, others)

        batches = AcousticBatches(recordings, settings.acoustic_batch, settings.training.seed)
        lengths = self._lengths(batches.batches)
        judged = None
        if held is not None:
            judged = acoustic_task.evaluator(held, settings.acoustic_batch, settings.validation_steps)
        history = self._fit("acoustic", network.acoustic, batches, acoustic_task.loss, lengths.acoustic, judged)
        if lengths.critic is not None:
            # The error by which weights would be chosen is what smooth spectra are best at.
            both = Criticised(network.acoustic, settings.training.seed)
            more = self._fit("critic", both, batches, critic.loss, lengths.critic, None, history.steps)
            history = _joined(history, more)
        if lengths.vocoder is None:
            return history, self.data.seconds * self.data.rate / batches.batches

        stretches = vocoder_batches(
            settings,
            network,
            voiced(network, self.data),
            seed=settings.training.seed,
            misheard=settings.misheard,
        )
        judged = None
        if validation is not None:
            others_voiced = vocoder_batches(settings, network, voiced(network, validation), seed=1)
            judged = vocoder_task.evaluator(others_voiced, settings.validation_steps)
        done = history.steps
        last = self._fit(
            "vocoder", network.vocoder, stretches, vocoder_task.loss, lengths.vocoder, judged, done, stretches.samples
        )
        return _joined(history, last), stretches.samples

    def _fit(
        self,
        stage: str,
        part: nn.Module,
        batches: Any,
        loss: Any,
        training: TrainingSettings,
        evaluate: Any,
        done: int = 0,
        samples: int | None = None,
    ) -> History:
        """Train one network, after `done` steps of another; `samples` per step, if they are counted."""

        def told(progress: Progress) -> None:
            assert self.on_progress is not None
            fast = None
            if samples is not None and progress.seconds:
                fast = progress.step * samples / progress.seconds
            self.on_progress(
                replace(
                    progress,
                    step=done + progress.step,
                    steps=self._steps,
                    loss=progress.loss if samples is None else progress.loss / math.log(2),
                    units_per_second=fast,
                    stage=_STAGES[stage],
                    measure="mean absolute error" if samples is None else None,
                )
            )

        try:
            return train(
                part,
                batches,
                loss,
                settings=training,
                evaluate=evaluate,
                device=self.device,
                checkpoint=self._place(stage),
                tensorboard=None if self.tensorboard is None else self.tensorboard / stage,
                on_progress=None if self.on_progress is None else told,
                identity=self._identity if self.checkpoint is not None else None,
            )
        finally:
            part.cpu().eval()

    def _aligning(self, began: float) -> Callable[[float], None]:
        def told(fraction: float) -> None:
            if self.on_progress is not None:
                seconds = monotonic() - began
                left = seconds * (1 - fraction) / fraction
                self.on_progress(
                    Progress(
                        0,
                        self._steps,
                        math.nan,
                        math.nan,
                        0.0,
                        None,
                        seconds,
                        left,
                        fraction,
                        stage=_STAGES["alignment"],
                    )
                )

        return told

    def _lengths(self, steps_per_epoch: int) -> _Lengths:
        """Divide the length of training among the networks."""
        settings, share = self.settings, self.settings.acoustic_share
        training = settings.training_for(steps_per_epoch / share)
        acoustic = replace(training, learning_rate=settings.acoustic_learning_rate, precision=self._acoustic_precision)
        critic = replace(acoustic, learning_rate=settings.acoustic_learning_rate / 4)
        if training.minutes is not None:
            minutes = _FOR_NETWORKS * training.minutes
            own = share * minutes
            return _Lengths(
                replace(acoustic, minutes=(1 - settings.critic_share) * own),
                replace(critic, minutes=settings.critic_share * own) if settings.critic_share else None,
                replace(training, minutes=(1 - share) * minutes),
            )
        both = max(1, round(share * training.steps))
        judged = round(settings.critic_share * both)
        left = training.steps - both
        return _Lengths(
            replace(acoustic, steps=both - judged),
            replace(critic, steps=judged) if judged else None,
            replace(training, steps=left) if left > 0 else None,
        )

    @property
    def _acoustic_precision(self) -> PrecisionName:
        chosen = self.settings.acoustic_precision
        if chosen != "auto":
            return chosen
        fast = fast_precision(self.device)
        return self.settings.training.precision if fast == "32-true" else fast

    @property
    def _steps(self) -> int:
        return NO_BOUND if self.settings.training.minutes is not None else self.settings.training.steps

    @property
    def _identity(self) -> Any:
        sets = [speech for speech in (self.data, self.validation) if speech is not None]
        names = [[[r.name, r.voice, len(r.samples), list(r.symbols)] for r in speech.recordings] for speech in sets]
        return ["speech", to_plain(self.settings), names]

    def _place(self, stage: str) -> Path | None:
        return None if self.checkpoint is None else self.checkpoint.with_name(f"{self.checkpoint.name}-{stage}")


_STAGES = {"alignment": "Alignment", "acoustic": "Acoustic network", "critic": "Critic", "vocoder": "Vocoder"}


def _joined(first: History, second: History) -> History:
    """Return the history of one stage after another; the best evaluation is that of the second."""
    return replace(
        second,
        losses=np.concatenate([first.losses, second.losses]),
        gradient_norms=np.concatenate([first.gradient_norms, second.gradient_norms]),
        learning_rates=np.concatenate([first.learning_rates, second.learning_rates]),
        evaluations=(*first.evaluations, *((step + first.steps, value) for step, value in second.evaluations)),
        best_step=None if second.best_step is None else second.best_step + first.steps,
        skipped=first.skipped + second.skipped,
        seconds=first.seconds + second.seconds,
    )
