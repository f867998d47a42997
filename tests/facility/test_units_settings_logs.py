import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from facility.errors import Invalid
from facility.logs import get_logger, mask_plate, mask_plates_in, set_up_logs
from facility.settings import load_settings
from facility.units import Fen, Wh, kwh, local, yuan


def test_yuan_shows_two_decimals_and_the_sign() -> None:
    assert [yuan(Fen(n)) for n in (0, 5, 1205, -150)] == ["0.00", "0.05", "12.05", "-1.50"]


def test_kwh_never_shows_more_than_was_metered() -> None:
    assert kwh(Wh(12_349)) == "12.34"


def test_local_refuses_a_naive_time() -> None:
    with pytest.raises(ValueError, match="naive"):
        local(datetime(2026, 3, 2, 1, 0))
    assert local(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)).hour == 9


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pingzhan.toml"
    file.write_text('http_port = 8100\nhost = "127.0.0.2"\n')
    monkeypatch.setenv("PINGZHAN_HTTP_PORT", "8200")
    settings = load_settings(file)
    assert (settings.http_port, settings.host) == (8200, "127.0.0.2")


@pytest.mark.parametrize(
    ("text", "named"),
    [("http_port = 99999", "PINGZHAN_HTTP_PORT"), ("htp_port = 1", "HTP_PORT"), ("= 1", "pingzhan.toml")],
)
def test_a_wrong_setting_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, named: str
) -> None:
    for name in ("PINGZHAN_HTTP_PORT",):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "pingzhan.toml"
    file.write_text(text)
    with pytest.raises(Invalid) as caught:
        load_settings(file)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_plates_are_masked_in_logs() -> None:
    stream = io.StringIO()
    set_up_logs("test", stream=stream)
    try:
        get_logger().info("stay.opened", plate="苏F12345", note="exit of 苏FD12345 refused")
        entry = json.loads(stream.getvalue())
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    assert entry["plate"] == "苏F***45"
    assert "12345" not in stream.getvalue()
    assert entry["event"] == "stay.opened"


def test_short_texts_are_masked_whole() -> None:
    assert mask_plate("苏F1") == "***"
    assert mask_plates_in("no plate here, only 12345") == "no plate here, only 12345"
