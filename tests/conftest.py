"""What holds for every test: OpenMP threads that soon stop spinning while they wait, since the cores may be shared."""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read once, when torch is first imported

from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
