"""Problems: every error of the service in one shape, application/problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from foretell.errors import ForetellError, MissingExtraError, ModelError, SettingsError, TableError, TrainingError

PROBLEM_TYPE = "application/problem+json"

KINDS: dict[str, tuple[int, str]] = {
    "not-understood": (400, "The request cannot be understood"),
    "token": (401, "A valid token is needed"),
    "origin": (403, "Requests from other sites are refused"),
    "host": (403, "The service is not known by that name"),
    "not-found": (404, "There is nothing by that name"),
    "method": (405, "The method does not apply here"),
    "not-acceptable": (406, "No answer of that type can be given"),
    "slow": (408, "The request took too long to arrive"),
    "not-ready": (409, "The job has not finished"),
    "body-too-large": (413, "The body is too large"),
    "media-type": (415, "A body of that type cannot be read"),
    "table": (422, "The table cannot be used"),
    "settings": (422, "A setting cannot be used"),
    "too-many-rows": (422, "The table has too many rows"),
    "too-many-series": (422, "The table has too many series"),
    "horizon-too-long": (422, "The horizon is too long"),
    "training": (422, "Training cannot continue"),
    "too-many-jobs": (429, "Too many models are being fitted"),
    "internal": (500, "The service has failed"),
    "not-installed": (501, "An optional package is not installed"),
    "no-room": (507, "The service has no room"),
    "busy": (503, "Too many requests are waiting"),
    "model": (503, "The model cannot be used"),
    "stopping": (503, "The service is stopping"),
    "time": (504, "The answer took too long"),
}
"""The kinds of problems: status and title."""

_KIND_OF: tuple[tuple[type[ForetellError], str], ...] = (
    (TableError, "table"),
    (SettingsError, "settings"),
    (TrainingError, "training"),
    (MissingExtraError, "not-installed"),
    (ModelError, "model"),
)


class ServiceError(ForetellError):
    """An error of the service: its kind, what was wrong, and further members of the answer, such as a limit."""

    def __init__(self, kind: str, detail: str, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.headers = headers or {}
        self.members = members

    @classmethod
    def of(cls, error: ForetellError) -> ServiceError:
        """Return the problem that an error of foretell is."""
        if isinstance(error, ServiceError):
            return error
        kind = next((kind for family, kind in _KIND_OF if isinstance(error, family)), "settings")
        return cls(kind, str(error))

    def document(self) -> dict[str, Any]:
        """Return the problem as JSON."""
        status, title = KINDS[self.kind]
        return {
            "type": f"urn:foretell:problem:{self.kind}",
            "title": title,
            "status": status,
            "detail": str(self),
            **self.members,
        }

    def response(self) -> JSONResponse:
        """Return the problem as an answer."""
        return JSONResponse(self.document(), KINDS[self.kind][0], self.headers, PROBLEM_TYPE)
