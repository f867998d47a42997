"""Which ways to pay this site has: the simulated one in a demonstration, the real ones where their keys are given."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from facility.context import Context
from facility.errors import Invalid
from gateway.parking.drivers.payment import PaymentProvider
from gateway.parking.drivers.payment_simulated import open_simulated
from gateway.parking.payments import Providers

_TIMEOUT_S = 10


class PaymentKeysRefused(Invalid):
    """The file of payment keys cannot be read; the detail says what and where."""

    code = "payment.keys_refused"


class WeChatKeys(BaseModel):
    """A WeChat Pay merchant; the keys are files beside the file that names them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mchid: str = Field(pattern=r"^\d{8,10}$")
    appid: str = Field(min_length=1)
    cert_serial_no: str = Field(min_length=1)
    private_key_file: str
    apiv3_key: str = Field(min_length=32, max_length=32)
    public_key_file: str
    public_key_id: str = Field(min_length=1)


class AlipayKeys(BaseModel):
    """An Alipay application; the keys are PEM files beside the file that names them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    appid: str = Field(min_length=1)
    seller_id: str = Field(min_length=1)
    private_key_file: str
    alipay_public_key_file: str


class PaymentKeys(BaseModel):
    """The file of payment keys; `notify_base` is the address at which providers reach this site (HTTPS)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    notify_base: str = Field(pattern=r"^https://")
    wechat: WeChatKeys | None = None
    alipay: AlipayKeys | None = None


async def open_providers(ctx: Context) -> Providers:
    """The providers of this site.

    Raises:
        PaymentKeysRefused: the file of keys cannot be read.
    """
    found: dict[str, PaymentProvider] = {}
    notify_base = ctx.settings.http_url
    if ctx.settings.demo:
        simulated = await open_simulated(ctx.pool, ctx.clock)
        found[simulated.name] = simulated
    if ctx.settings.payment_keys is not None:
        file = ctx.settings.payment_keys
        notify_base, real = _real_providers(file, file.stat().st_mtime_ns if file.exists() else 0)
        found |= real
    return Providers(by_name=found, notify_base=notify_base)


@lru_cache(maxsize=2)
def _real_providers(file: Path, _changed: int) -> tuple[str, Mapping[str, PaymentProvider]]:
    keys = read_keys(file)
    found: dict[str, PaymentProvider] = {}
    if keys.wechat is not None:
        found["wechat"] = _wechat(file.parent, keys.wechat)
    if keys.alipay is not None:
        found["alipay"] = _alipay(file.parent, keys.alipay)
    return keys.notify_base, found


def read_keys(file: Path) -> PaymentKeys:
    """Read the file of payment keys.

    Raises:
        PaymentKeysRefused: it is away, is no TOML or lacks a key.
    """
    try:
        return PaymentKeys.model_validate(tomllib.loads(file.read_text("utf-8")))
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PaymentKeysRefused(f"{file}: {place}: {first['msg']}") from None
    except (OSError, ValueError) as fault:
        raise PaymentKeysRefused(f"{file}: cannot be read: {type(fault).__name__}") from fault


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text("utf-8")
    except OSError as fault:
        raise PaymentKeysRefused(f"{folder / name}: {fault.strerror}") from fault


def _wechat(folder: Path, keys: WeChatKeys) -> PaymentProvider:
    # Both providers' libraries are slow to import, and most sites have keys of one or of none.
    from wechatpayv3 import WeChatPay, WeChatPayType

    from gateway.parking.drivers.payment_wechat import WeChatPayProvider

    client: Any = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=keys.mchid,
        private_key=_text(folder, keys.private_key_file),
        cert_serial_no=keys.cert_serial_no,
        apiv3_key=keys.apiv3_key,
        appid=keys.appid,
        public_key=_text(folder, keys.public_key_file),
        public_key_id=keys.public_key_id,
        timeout=(_TIMEOUT_S, _TIMEOUT_S),
    )
    return WeChatPayProvider(client, mchid=keys.mchid, appid=keys.appid)


def _alipay(folder: Path, keys: AlipayKeys) -> PaymentProvider:
    from alipay import AliPay

    from gateway.parking.drivers.payment_alipay import AlipayProvider

    client: Any = AliPay(
        appid=keys.appid,
        app_private_key_string=_text(folder, keys.private_key_file),
        alipay_public_key_string=_text(folder, keys.alipay_public_key_file),
        sign_type="RSA2",
    )
    return AlipayProvider(client, appid=keys.appid, seller_id=keys.seller_id, fetch=_fetch)


def _fetch(url: str) -> bytes:
    """A statement's file by its address."""
    try:
        answer = httpx.get(url, timeout=_TIMEOUT_S)
        answer.raise_for_status()
    except httpx.HTTPError as fault:
        raise OSError(f"{type(fault).__name__}") from fault
    return answer.content
