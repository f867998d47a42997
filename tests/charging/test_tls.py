"""Security profiles 2 and 3: TLS with a password, TLS with the charger's own certificate."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from charging.central import open_port
from charging.certificates import load_ca, private_pem, sign_request
from charging.tls import server_context
from tests.charging.conftest import Yard
from tests.charging.test_door import _basic, _status
from tests.charging.test_orders import _request


@pytest.fixture
async def tls_port(yard: Yard) -> AsyncIterator[int]:
    tls = server_context(yard.ctx.settings.data, "127.0.0.1", yard.clock.now())
    async with open_port(yard.central, "127.0.0.1", 0, tls) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def _trusting(yard: Yard) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=yard.ctx.settings.data / "charging-ca.pem")


def _with_certificate(yard: Yard, name: str, folder: Path, state: Path) -> ssl.SSLContext:
    """A charger's context whose certificate the CA in `state` signed."""
    text, key = _request(name)
    chain = sign_request(text, name, load_ca(state, yard.clock.now()), yard.clock.now())
    pem = folder / f"{name}.pem"
    pem.write_bytes(private_pem(key) + chain.encode())
    made = _trusting(yard)
    made.load_cert_chain(pem)
    return made


async def _enters(port: int, name: str, tls: ssl.SSLContext, headers: dict[str, str] | None = None) -> int:
    try:
        async with connect(
            f"wss://127.0.0.1:{port}/ocpp/{name}",
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
            additional_headers=headers or {},
            ssl=tls,
        ) as ws:
            await ws.send('[2,"1","Heartbeat",{}]')
            assert '"currentTime"' in str(await ws.recv())
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_tc_087_profile_2_is_tls_with_the_password_and_refused_without_either(
    yard: Yard, tls_port: int
) -> None:
    await yard.register("CP1", "0123456789abcdef", security_profile=2)
    password = _basic("CP1", "0123456789abcdef")
    assert await _enters(tls_port, "CP1", _trusting(yard), password) == 101
    assert await _enters(tls_port, "CP1", _trusting(yard)) == 401
    assert await _status(yard, "/ocpp/CP1", password) == 401


async def test_tc_088_profile_3_is_the_chargers_own_certificate(
    yard: Yard, tls_port: int, tmp_path: Path
) -> None:
    await yard.register("CP1", security_profile=3)
    state = yard.ctx.settings.data
    assert await _enters(tls_port, "CP1", _with_certificate(yard, "CP1", tmp_path, state)) == 101
    assert await _enters(tls_port, "CP1", _with_certificate(yard, "CP2", tmp_path, state)) == 401
    assert await _enters(tls_port, "CP1", _trusting(yard)) == 401


async def test_a_certificate_of_another_authority_does_not_complete_the_handshake(
    yard: Yard, tls_port: int, tmp_path: Path
) -> None:
    await yard.register("CP1", security_profile=3)
    foreign = _with_certificate(yard, "CP1", tmp_path, tmp_path / "other")
    with pytest.raises((ssl.SSLError, InvalidMessage, ConnectionError)):
        await _enters(tls_port, "CP1", foreign)


async def test_old_tls_is_refused(yard: Yard, tls_port: int) -> None:
    await yard.register("CP1")
    made = server_context(yard.ctx.settings.data, "127.0.0.1", yard.clock.now())
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert await _enters(tls_port, "CP1", _trusting(yard)) == 101


def test_the_keys_are_readable_by_their_owner_only(yard: Yard, tls_port: int) -> None:
    for name in ("charging-server.key", "charging-ca.key", "charging-pepper"):
        assert (yard.ctx.settings.data / name).stat().st_mode & 0o077 == 0
