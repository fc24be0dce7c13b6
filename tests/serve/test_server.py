"""The server: where it listens, its processes, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from foretell.errors import SettingsError
from foretell.serve.server import listening, url_of
from foretell.serve.settings import Address

from .conftest import HORIZON, table


def test_a_port_in_use_is_named() -> None:
    with listening(Address(port=0)) as first:
        port = first.getsockname()[1]
        assert url_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(SettingsError) as raised:
            listening(Address(port=port))
    assert str(raised.value) == (
        f"port {port} of 127.0.0.1 is in use: stop what uses it, or give another --port (0 for any that is free)"
    )


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host", "x" * 300])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="is no address of this machine"):
        listening(Address(host, 0))


def test_addresses_are_shown_to_be_clicked_on() -> None:
    with listening(Address("0.0.0.0", 0)) as everywhere:
        assert url_of(everywhere).startswith("http://127.0.0.1:")


def test_answers_are_sent_without_delay() -> None:
    # asyncio sets TCP_NODELAY on accepted sockets only if the one that listens names its protocol; without it, the
    # body of an answer waits for the client to confirm the head: 40 ms.
    with listening(Address(port=0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_two_processes_serve_and_finish_what_they_have_begun(model_folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1", "FORETELL_TOKEN": "word"}
    service = subprocess.Popen(
        [sys.executable, "-c", "from foretell.cli import main; main()", "serve", f"shop={model_folder}",
         "--port", "0", "--workers", "2", "--grace", "0"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert service.stdout is not None
        said = service.stdout.readline()
        found = re.fullmatch(r"Serving shop at http://127\.0\.0\.1:(\d+) \(Ctrl-C stops it\)\n", said)
        assert found, said + (service.stderr.read() if service.stderr else "")
        port = int(found[1])
        headers = {"Authorization": "Bearer word", "Content-Type": "text/csv", "Accept": "application/json"}

        def get(path: str) -> bytes:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                assert answer.status == 200
                return answer.read()

        body = table().write_csv().encode()
        slow = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        slow.putrequest("POST", "/v1/forecast")
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            slow.putheader(name, value)
        slow.endheaders()
        slow.send(body[:100])
        for _ in range(6):
            get("/healthz")
        # Whichever process answers, it counts for both.
        counted = b'foretell_requests_total{method="GET",route="/healthz",status="200"} 6.0'
        assert counted in get("/metrics")
        service.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                break
            time.sleep(0.05)
        slow.send(body[100:])
        answer = slow.getresponse()
        assert answer.status == 200
        assert len(json.loads(answer.read())["forecast"]) == 2 * HORIZON
        slow.close()
        output, complaint = service.communicate(timeout=60)
        assert (service.returncode, output, complaint) == (0, "", "")
        assert not list(tmp_path.glob("foretell-*"))
    finally:
        service.kill()
        service.wait()
