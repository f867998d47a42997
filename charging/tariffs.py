"""Stored energy tariffs, read into the rule's own types."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charging import bill_store
from charging.rules.fees import Band, EnergyTariff, IdleFee, bands_wrong
from facility.errors import Conflict, Invalid, Missing

Price = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]


class BrokenTariff(Invalid):
    """A price list does not hold together."""

    code = "energy_tariff_broken"


class TariffKnown(Conflict):
    """A price list of this name exists; lists are added, never edited."""

    code = "energy_tariff_known"


class NoTariff(Missing):
    """No price list is in force: nothing may be charged for, so nothing starts."""

    code = "energy_tariff_missing"


class BandBody(BaseModel):
    """One part of the day; `to` may be 24:00."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1, max_length=30)
    from_: str = Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    to: str = Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")
    energy_yuan_per_kwh: Price
    service_yuan_per_kwh: Price


class IdleBody(BaseModel):
    """The fee for a car that stays plugged in after charging."""

    model_config = ConfigDict(extra="forbid")

    grace_minutes: int = Field(ge=0, le=1440)
    yuan_per_minute: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
    cap_yuan: Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2)]


class TariffBody(BaseModel):
    """A price list as stored and as put in by an operator."""

    model_config = ConfigDict(extra="forbid")

    bands: list[BandBody] = Field(min_length=1, max_length=96)
    idle: IdleBody | None = None


def build_tariff(name: str, body: TariffBody) -> EnergyTariff:
    """The rule's price list.

    Raises:
        BrokenTariff: the bands do not cover the day once, or one name has two prices.
    """
    bands = tuple(
        Band(
            name=band.name,
            from_minute=_minute(band.from_),
            to_minute=_minute(band.to),
            energy_price=int(band.energy_yuan_per_kwh * 10_000),
            service_price=int(band.service_yuan_per_kwh * 10_000),
        )
        for band in body.bands
    )
    if wrong := bands_wrong(bands):
        raise BrokenTariff(f"energy tariff {name}: {wrong}")
    return EnergyTariff(name=name, bands=bands, idle=None if body.idle is None else _idle_fee(body.idle))


def _idle_fee(body: IdleBody) -> IdleFee:
    return IdleFee(
        grace=timedelta(minutes=body.grace_minutes),
        fen_per_minute=int(body.yuan_per_minute * 100),
        cap_fen=int(body.cap_yuan * 100),
    )


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


async def load_tariff(conn: AsyncConnection[Any], tariff_id: int) -> EnergyTariff:
    """The price list a transaction began under.

    Raises:
        NoTariff: there is none of this id.
        BrokenTariff: the stored text is not a price list.
    """
    row = await bill_store.read_tariff(conn, tariff_id)
    if row is None:
        raise NoTariff(f"no energy tariff {tariff_id}")
    try:
        return build_tariff(row.name, TariffBody.model_validate(row.body))
    except ValidationError as wrong:
        raise BrokenTariff(f"energy tariff {row.name}: {wrong.errors()[0]['msg']}") from wrong
