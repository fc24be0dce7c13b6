"""Files at addresses such as s3://bucket/sales.csv and https://host/sales.csv, by fsspec."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from foretell.errors import ForetellError, MissingExtraError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/{1,2}[^/]", re.IGNORECASE)
_SECRET = re.compile(r"(?<=://)[^/@]*@|\?.*$")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az", "adl": "az"}
_EXAMPLES = "s3://, gs://, az:// and https://"


def is_address(place: str | Path) -> bool:
    """Return whether a place is an address rather than a path; a drive's letter does not make an address."""
    return _ADDRESS.match(str(place)) is not None


def shown(address: str) -> str:
    """Return an address without what may be secret: user, password and query."""
    return _SECRET.sub("", address)


def fetched(address: str, complaint: type[ForetellError]) -> bytes:
    """Return the bytes at an address. Raises `complaint` where they cannot be read, MissingExtraError without a driver.

    Credentials are those that the store's own tools use, such as AWS_ACCESS_KEY_ID.
    """
    try:
        with _opened(address, "rb") as file:
            data: bytes = file.read()
    except ForetellError:
        raise
    except Exception as error:  # each store raises its own
        raise complaint(f"{shown(address)} cannot be read: {_reason(error, address)}") from error
    return data


def put(address: str, content: bytes, complaint: type[ForetellError]) -> None:
    """Write a file at an address, as a whole: a store shows a file once its upload is complete.

    Raises `complaint` where it cannot be written, MissingExtraError without a driver.
    """
    try:
        with _opened(address, "wb") as file:
            file.write(content)
    except ForetellError:
        raise
    except Exception as error:
        raise complaint(f"{shown(address)} cannot be written: {_reason(error, address)}") from error


def _opened(address: str, mode: str) -> Any:
    import fsspec

    scheme = address.partition(":")[0].lower()
    if scheme not in fsspec.available_protocols():
        raise ValueError(f"{scheme}:// is no address that can be read; {_EXAMPLES} are")
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        extra = _EXTRAS.get(scheme)
        how = f"pip install 'foretell[{extra}]'" if extra else str(error)
        raise MissingExtraError(f"the package that reads {scheme}:// is missing: {how}") from error
    return fsspec.open(address, mode)


def _reason(error: Exception, address: str) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "access is denied; check the credentials"
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line.replace(address, shown(address))
