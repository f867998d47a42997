"""Settings: read once from the environment and `pingzhan.toml`; the only reader of the environment."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from facility.errors import Invalid

PREFIX = "PINGZHAN_"


class Settings(BaseModel):
    """What an operator may set; the environment wins over `pingzhan.toml`, which wins over these defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(default=Path(".pingzhan"), description="state directory")
    database_url: str | None = Field(default=None, description="use this server instead of the embedded one")
    host: str = Field(default="127.0.0.1", description="bind address")
    http_port: int = Field(default=8000, ge=1, le=65535, description="port of the web server")
    https_port: int = Field(
        default=8443,
        ge=1,
        le=65535,
        description="port of the web server's HTTPS, once `pingzhan tls init` has run",
    )
    ocpp_port: int = Field(default=9000, ge=1, le=65535, description="port of the OCPP central system")
    ocpp_tls_port: int | None = Field(
        default=None, ge=1, le=65535, description="second OCPP port, with TLS; none if unset"
    )
    ocpp_accept_unknown: bool = Field(default=False, description="let unknown chargers in as Pending")
    demo: bool = Field(default=True, description="simulated cars, chargers and sensors")
    admin_password: str | None = Field(
        default=None, description="first manager's password; else made and printed once"
    )
    payment_keys: Path | None = Field(
        default=None, description="file with the keys of WeChat Pay and Alipay; default: none of them"
    )
    site: Path | None = Field(default=None, description="site file; default: the demonstration site")

    @property
    def http_url(self) -> str:
        """Where the web server answers on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.http_port}"


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as fault:
        raise Invalid(f"{path}: cannot be read: {fault}") from fault


def _from_environment() -> dict[str, str]:
    known = Settings.model_fields
    return {
        name: value
        for key, value in os.environ.items()
        if key.startswith(PREFIX) and value != "" and (name := key[len(PREFIX) :].lower()) in known
    }


def load_settings(file: Path = Path("pingzhan.toml")) -> Settings:
    """Read the settings.

    Raises:
        Invalid: a value is out of range or a key of the file is unknown; the line names it.
    """
    values = {**_from_file(file), **_from_environment()}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as fault:
        first = fault.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"setting {PREFIX}{key.upper()}: {first['msg']} (got {first.get('input')!r})"
        ) from fault
    return settings.model_copy(update={"data": settings.data.expanduser().absolute()})


def inherited_environment() -> dict[str, str]:
    """A copy of this process's environment, for a child process."""
    return dict(os.environ)
