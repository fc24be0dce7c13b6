"""The parts of a running service, put together."""

from __future__ import annotations

import asyncio

from foretell.serve.batches import Batches
from foretell.serve.forecasts import Forecasts
from foretell.serve.jobs import Jobs
from foretell.serve.metrics import Metrics
from foretell.serve.models import Models
from foretell.serve.settings import ServiceSettings
from foretell.serve.what_if import WhatIf

_MOST_SERIES = 1024
"""Series up to which requests share a batch."""


class Service:
    """Models, jobs and metrics of one process of a service."""

    def __init__(self, settings: ServiceSettings) -> None:
        """Load the models. Raises ModelError for a folder that is none."""
        self.settings = settings
        self.limits = settings.limits
        self.metrics = Metrics()
        settings.jobs.mkdir(parents=True, exist_ok=True)
        self.jobs = Jobs(settings.jobs, settings.limits, settings.device)
        self.models = Models(
            settings.models,
            settings.device,
            self.jobs.model,
            lambda name: self.metrics.reloads.labels(name).inc(),
        )
        self._batches = Batches(_MOST_SERIES, self.metrics.batches.observe)
        self.forecasts = Forecasts(self.models, self._batches, settings.limits)
        self.what_if = WhatIf()
        self.stopping = False

    async def stop(self) -> None:
        """Take no new jobs, and give those that are running some time to finish."""
        self.stopping = True
        await asyncio.to_thread(self.jobs.stop, self.settings.grace)

    def close(self) -> None:
        """End the threads, and the process that waits for a job."""
        self.jobs.close()
        self._batches.close()
        self.forecasts.close()
