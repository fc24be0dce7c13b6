"""The page, and what it is made of: files of the package, nothing from elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from foretell.serve.problems import ServiceError
from foretell.serve.routes import service_of

router = APIRouter(include_in_schema=False)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@router.get("/")
async def page(request: Request) -> Response:
    """The page; who opens it will soon fit a model."""
    await asyncio.to_thread(service_of(request).jobs.prepare)
    return _answer(request, "index.html")


@router.get("/page/{name}")
async def part(request: Request, name: str) -> Response:
    """A script, style or picture of the page."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    found = _files().get(name)
    if found is None:
        raise ServiceError("not-found", "the page has no such file")
    content, kind, tag = found
    headers = {"Content-Type": kind, "ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers)


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Content, type and tag of each file by name: what is not among them cannot be asked for."""
    found = {}
    for file in files("foretell.serve").joinpath("page").iterdir():
        ending = "." + file.name.rpartition(".")[2]
        if file.is_file() and ending in _TYPES:
            content = file.read_bytes()
            found[file.name] = content, _TYPES[ending], f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return found
