"""Examples in the description of the interface (OpenAPI)."""

from __future__ import annotations

from typing import Any

from foretell.declaration import declared
from foretell.json_options import schema
from foretell.serve.media import ARROW, CSV, EXCEL, JSON, PARQUET
from foretell.serve.problems import KINDS, PROBLEM_TYPE

_RECORDS = [
    {"unique_id": "tea", "ds": "2024-01-01", "y": 12},
    {"unique_id": "tea", "ds": "2024-01-02", "y": 15},
    {"unique_id": "tea", "ds": "2024-01-03", "y": 11},
]
_TEXT = "unique_id,ds,y\ntea,2024-01-01,12\ntea,2024-01-02,15\ntea,2024-01-03,11\n"
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def body_of(question: Any) -> dict[str, Any]:
    """Return the description of the body of a request whose options are those of `question`."""
    rows = {"type": "array", "items": {"type": "object"}}
    options = {field.name: schema(field) for field in declared(question) if field.setting is not None}
    full = {"type": "object", "required": ["table"], "properties": {"table": rows, "future": rows, **options}}
    form = {
        "type": "object",
        "required": ["table"],
        "properties": {"table": _BINARY["schema"], "future": _BINARY["schema"]},
    }
    example = {"table": _RECORDS, **({"horizon": 2, "level": [80]} if "horizon" in options else {})}
    content = {
        JSON.types[0]: {
            "schema": {"oneOf": [rows, full]},
            "examples": {"records": {"value": _RECORDS}, "records and options": {"value": example}},
        },
        CSV.types[0]: {"schema": {"type": "string"}, "example": _TEXT},
        PARQUET.types[0]: _BINARY,
        ARROW.types[0]: _BINARY,
        EXCEL.types[0]: _BINARY,
        "multipart/form-data": {"schema": form},
    }
    return {"requestBody": {"required": True, "content": content}}


def _problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of errors by status."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        example = {"type": f"urn:foretell:problem:{kind}", "title": title, "status": status, "detail": "..."}
        entry = found.setdefault(
            status, {"description": title, "content": {PROBLEM_TYPE: {"schema": {"type": "object"}, "examples": {}}}}
        )
        entry["content"][PROBLEM_TYPE]["examples"][kind] = {"value": example}
    return found


_OF_TABLES = ("slow", "body-too-large", "media-type", "table", "settings", "too-many-rows", "too-many-series", "token")
FORECAST_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The forecast",
        "content": {
            JSON.types[0]: {
                "example": {
                    "model": "pretrained",
                    "horizon": 2,
                    "levels": [80],
                    "series": 1,
                    "findings": ["1 series in long layout: id 'unique_id', time 'ds', target 'y'; 3 rows."],
                    "forecast": [
                        {
                            "unique_id": "tea",
                            "ds": "2024-01-04",
                            "pretrained": 12.6,
                            "pretrained-lo-80": 10.1,
                            "pretrained-hi-80": 15.0,
                        },
                        {
                            "unique_id": "tea",
                            "ds": "2024-01-05",
                            "pretrained": 12.7,
                            "pretrained-lo-80": 10.0,
                            "pretrained-hi-80": 15.4,
                        },
                    ],
                }
            },
            CSV.types[0]: {
                "example": "unique_id,ds,pretrained,pretrained-lo-80,pretrained-hi-80\ntea,2024-01-04,12.6,10.1,15.0\n"
            },
            PARQUET.types[0]: _BINARY,
            ARROW.types[0]: _BINARY,
        },
    },
    **_problems(*_OF_TABLES, "not-found", "not-acceptable", "horizon-too-long", "busy", "time"),
}
LOOK_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"description": "What was found"}, **_problems(*_OF_TABLES)}
FIT_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The job has begun",
        "content": {
            JSON.types[0]: {
                "example": {
                    "id": "3f2a9c0d1b5e7788",
                    "state": "running",
                    "links": {"self": "/v1/fit/3f2a9c0d1b5e7788", "events": "/v1/fit/3f2a9c0d1b5e7788/events"},
                }
            }
        },
    },
    **_problems(*_OF_TABLES, "horizon-too-long", "too-many-jobs", "stopping"),
}
