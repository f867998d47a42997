"""The product's own authority: a phone that trusts it, and only it, reaches the server."""

import ssl
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from gateway.tls import BadHost, make_certificates
from tests.browser.garage import Garage, free_port

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_second_run_renews_the_server_and_keeps_the_authority(tmp_path: Path) -> None:
    first = make_certificates(tmp_path / "tls", ["localhost"], NOW)
    before = (tmp_path / "tls" / "server.pem").read_bytes()
    second = make_certificates(tmp_path / "tls", ["localhost", "10.0.0.5"], NOW + timedelta(days=300))
    assert second["fingerprint_sha256"] == first["fingerprint_sha256"]
    assert (tmp_path / "tls" / "server.pem").read_bytes() != before
    assert second["hosts"] == ["localhost", "10.0.0.5"]


def test_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    make_certificates(tmp_path / "tls", ["localhost"], NOW)
    for name in ("ca.key", "server.key"):
        assert (tmp_path / "tls" / name).stat().st_mode & 0o077 == 0


def test_an_impossible_host_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadHost, match="neither"):
        make_certificates(tmp_path / "tls", ["x" * 300], NOW)


def test_the_server_answers_over_https_to_whoever_trusts_the_authority(dsn: str, tmp_path: Path) -> None:
    https_port = free_port()
    garage = Garage(
        dsn=dsn, settings={"PINGZHAN_DATA": str(tmp_path), "PINGZHAN_HTTPS_PORT": str(https_port)}
    )
    subprocess.run(
        [sys.executable, "-m", "gateway", "tls", "init"],
        env=garage.environment(),
        check=True,
        capture_output=True,
    )
    garage.start()
    try:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem"))
        reply = None
        until = time.monotonic() + 20
        while reply is None and time.monotonic() < until:
            with suppress(httpx.TransportError):
                reply = httpx.get(f"https://localhost:{https_port}/healthz", verify=trusting)
        assert reply is not None and reply.status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://localhost:{https_port}/healthz")
        page = httpx.get(f"{garage.url}/drill/tls").text
        assert "安装证书" in page and "ca.crt" in page
    finally:
        garage.stop()
