"""Answers in JSON without NaN, which JSON lacks."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse

from foretell.strict_json import strict


class StrictResponse(JSONResponse):
    """An answer in which null stands for a number that there is not."""

    def render(self, content: Any) -> bytes:
        """Return the content as JSON."""
        return json.dumps(strict(content), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
