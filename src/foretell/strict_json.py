"""Plain values as strict JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def strict(content: Any) -> Any:
    """Return the content with null for numbers that JSON lacks, such as NaN, and text for other objects."""
    if isinstance(content, Mapping):
        return {str(key): strict(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [strict(value) for value in content]
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    return content if content is None or isinstance(content, bool | int | str) else str(content)
