"""What holds for every test: threads that soon stop spinning while they wait, and one per worker beside other workers.

Both are read once, when torch is first imported. Layers and kernels are tested on all cores nevertheless.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

os.environ.setdefault("GOMP_SPINCOUNT", "1000")
SHARES_CORES = "PYTEST_XDIST_WORKER" in os.environ and "OMP_NUM_THREADS" not in os.environ
if SHARES_CORES:
    os.environ["OMP_NUM_THREADS"] = "1"

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


# What collection makes stays to the end: a quarter of its time went into looking through it again and again.
def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="module")
def _all_cores_for_layers(request: pytest.FixtureRequest) -> Iterator[None]:
    if not SHARES_CORES or not {"nn", "kernels"} & set(request.path.parts):
        yield
        return
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    yield
    torch.set_num_threads(1)
