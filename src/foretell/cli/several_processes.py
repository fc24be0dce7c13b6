"""`foretell fit --devices N`: the command again in several processes, by torchrun."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from foretell.cli.options import MessageOptions
from foretell.declaration import TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training import processes
from foretell.training.settings import TrainingSettings

_RESTARTS = 3


@dataclass(frozen=True)
class ProcessOptions:
    """The processes that train together."""

    devices: Annotated[
        int,
        Setting(
            "Number of processes on this machine that train together, each on its share of every batch, and on a GPU "
            "of its own where there are several. One that is killed is started again, from the checkpoint.",
            TRAINING,
            at_least=1,
        ),
    ] = 1
    nodes: Annotated[
        int,
        Setting("Number of machines; for several, start foretell on each by torchrun.", TRAINING, at_least=1),
    ] = 1

    def __post_init__(self) -> None:
        settle_fields(self)


def run_together(asked: ProcessOptions, settings: TrainingSettings) -> None:
    """Run this command in several processes and exit as they do; return where there is one, or in each of them.

    Raises SettingsError for several machines without torchrun, for another number of processes than torchrun has
    started, and for settings that several processes cannot share.
    """
    wanted, there = asked.devices * asked.nodes, processes.count()
    if there > 1:
        if wanted not in (1, there):
            raise SettingsError(f"torchrun has started {there} processes, not the {wanted} of --devices and --nodes")
        return
    if wanted == 1:
        return
    if asked.nodes > 1:
        raise SettingsError(
            f"--nodes {asked.nodes} needs foretell on each machine: run on all of them, with the address of the first, "
            f"torchrun --nnodes {asked.nodes} --nproc-per-node {asked.devices} --rdzv-backend c10d --rdzv-endpoint "
            "HOST:29500 -m foretell fit ..."
        )
    processes.require_shareable(settings, wanted)
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={wanted}"]
    command = [sys.executable, *torchrun, f"--max-restarts={_RESTARTS}", "-m", "foretell", *sys.argv[1:]]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


def messages_of_the_first(messages: MessageOptions) -> MessageOptions:
    """Return the message options, quiet in all processes but the first."""
    return messages if processes.rank() == 0 else replace(messages, quiet=True, json=False)
