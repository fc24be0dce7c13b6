"""Files at addresses, by a store in memory and a server of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretell.errors import MissingExtraError, SettingsError, TableError
from foretell.storage.addresses import is_address, shown
from foretell.storage.outputs import require_writable
from foretell.tables.files import read_table, write_table


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.startswith("/sales.csv")
        body = b"ds,y\n2024-01-01,1\n2024-01-02,2\n" if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 (the server's name)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def host() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("place", ["s3://bucket/a.csv", "https://host/a.csv?sig=1", Path("gs://b/a.csv"), "memory://a"])
def test_addresses(place: Any) -> None:
    assert is_address(place)


@pytest.mark.parametrize("place", ["a.csv", "/a/b.csv", "C:/a.csv", "C:\\a.csv", "-", "./s3:x/a.csv", "a:b.csv"])
def test_paths(place: str) -> None:
    assert not is_address(place)


def test_write_and_read_again() -> None:
    table = pl.DataFrame({"unique_id": ["a", "b"], "y": [0.5, 2.0]})
    for name in ("t.csv", "t.csv.gz", "t.parquet"):
        write_table(table, f"memory://tables/{name}")
        assert read_table(f"memory://tables/{name}").equals(table)
    require_writable(Path("s3://bucket/t.csv"))  # known to the store alone
    with pytest.raises(SettingsError, match="end its name in one of"):
        write_table(table, "memory://tables/t.doc")


def test_a_web_server(host: str) -> None:
    assert read_table(f"{host}/sales.csv")["y"].to_list() == [1, 2]
    with pytest.raises(TableError, match=rf"^{host}/no\.csv cannot be read: there is no such file$"):
        read_table(f"{host}/no.csv?sig=secret")


def test_what_cannot_be_read() -> None:
    with pytest.raises(TableError, match=r"^memory://tables/none\.csv cannot be read: there is no such file$"):
        read_table("memory://tables/none.csv")
    with pytest.raises(TableError, match="klingon:// is no address that can be read; s3://"):
        read_table("klingon://x/a.csv")


@pytest.mark.parametrize(
    ("scheme", "extra", "package"), [("s3", "s3", "s3fs"), ("gs", "gs", "gcsfs"), ("az", "az", "adlfs")]
)
def test_a_driver_that_is_missing(scheme: str, extra: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    def missing(_: str) -> Any:
        raise ImportError(f"Install {package}")

    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    with pytest.raises(MissingExtraError, match=rf"{scheme}:// is missing: pip install 'foretell\[{extra}\]'"):
        read_table(f"{scheme}://bucket/a.csv")


def test_secrets_are_not_shown() -> None:
    assert shown("postgresql://me:pass@host/db") == "postgresql://host/db"
    assert shown("https://host/a.csv?sig=secret") == "https://host/a.csv"
