"""One stay of a file of parking-fee cases, read into what the tariff engine takes."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from facility.units import SHANGHAI, Fen
from gateway.parking.rules.tariff_stay import Charged, Coupon, Payment, PricedStay, Span, Vehicle

_KNOWN = set(
    "entry exit expected_fee expected_due_at_exit expected_lines tariff_override vehicle charging payments"
    " coupons holidays steps basis note notes plate id same_plate_sequence".split()
)
_PERMIT_STARTS = "valid_from from start starts begin begins first_date start_date".split()
_PERMIT_ENDS = "valid_to valid_until to until end ends last_date last_day end_date permit_end".split()
_ALWAYS_BEFORE = datetime(1992, 1, 1, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStay:
    """One stay of a case and what it expects; amounts in fen."""

    price_list: dict[str, Any]
    priced: PricedStay
    left_at: datetime
    payments: tuple[Payment, ...]
    expected_fen: int
    expected_due_fen: int | None
    expected_lines_fen: tuple[tuple[str, int], ...]


def read_stay(raw: Mapping[str, Any], case: Mapping[str, Any], entered_dates: set[object]) -> CaseStay:
    """Read one stay.

    Args:
        raw: the stay as written.
        case: the case around it.
        entered_dates: dates on which the plate of the case entered so far; filled where its stays are one
            plate's.

    Raises:
        KeyError, ValueError, TypeError: a key is missing or a value cannot be read.
    """
    for key in raw:
        if key not in _KNOWN and not str(key).startswith("permit"):
            sys.stderr.write(f"{case.get('id')}: the key {key} of a stay is not known and was left out\n")
    entered_at = _moment(raw["entry"])
    is_first = True
    if case.get("same_plate_sequence"):
        is_first = entered_at.date() not in entered_dates
        entered_dates.add(entered_at.date())
    price_list = _price_list(raw, case)
    priced = PricedStay(
        entered_at=entered_at,
        vehicle=_vehicle(raw.get("vehicle", case.get("vehicle", "small"))),
        is_first_of_date=is_first,
        permit_spans=tuple(_permit_spans({**case, **raw})),
        charged=tuple(_charged(one, entered_at, price_list) for one in _listed(raw.get("charging"))),
        coupons=tuple(_coupon(n, one) for n, one in enumerate(_listed(raw.get("coupons")), start=1)),
    )
    due = raw.get("expected_due_at_exit")
    return CaseStay(
        price_list=price_list,
        priced=priced,
        left_at=_moment(raw["exit"]),
        payments=tuple(
            Payment(paid_at=_moment(one["at"]), amount_fen=_fen(one["amount"]))
            for one in raw.get("payments") or ()
        ),
        expected_fen=_fen(raw["expected_fee"]),
        expected_due_fen=None if due is None else _fen(due),
        expected_lines_fen=tuple((str(k), _fen(v)) for k, v in (raw.get("expected_lines") or {}).items()),
    )


def _price_list(raw: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """The case's list with the stay's changes; a change to nothing takes the key away."""
    document = dict(case["tariff"])
    for source in (case, raw):
        if "holidays" in source:
            document["holidays"] = source["holidays"]
    for key, value in (raw.get("tariff_override") or {}).items():
        if value is None:
            document.pop(key, None)
        else:
            document[key] = value
    return document


def _listed(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _fen(value: object) -> Fen:
    fen = Decimal(str(value)) * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{value} is not a whole number of fen")
    return Fen(int(fen))


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        moment = (
            _end_of_day(value) if "T24:00" in value or " 24:00" in value else datetime.fromisoformat(value)
        )
    else:
        raise ValueError(f"{value!r} is no moment")
    return moment.astimezone(SHANGHAI) if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _end_of_day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text[:10]), time()) + timedelta(days=1)


def _vehicle(text: object) -> Vehicle:
    words = str(text).split("-")
    classes = [word for word in words if word != "nev"]
    return Vehicle(vehicle_class="-".join(classes) or "small", is_nev="nev" in words)


def _charged(raw: Mapping[str, Any], entered_at: datetime, price_list: Mapping[str, Any]) -> Charged:
    """A case without `started` began to charge when it was plugged in; when that was matters only to exempt time."""
    ended, left = raw.get("charging_ended"), raw.get("left_bay")
    started = raw.get("started", raw.get("plugged"))
    if started is None and price_list.get("charging_time_exempt"):
        raise ValueError("charging needs started or plugged where charging time is exempt")
    return Charged(
        started_at=entered_at if started is None else _moment(started),
        energy_wh=int(Decimal(str(raw.get("kwh", 0))) * 1000),
        ended_at=None if ended is None else _moment(ended),
        left_bay_at=None if left is None else _moment(left),
    )


def _coupon(number: int, raw: Mapping[str, Any]) -> Coupon:
    name = str(raw.get("id", number))
    if "minutes" in raw:
        return Coupon(coupon_id=name, off=timedelta(minutes=raw["minutes"]))
    return Coupon(coupon_id=name, off_fen=Fen(int(raw["fen"])) if "fen" in raw else _fen(raw["amount"]))


def _permit_spans(facts: Mapping[str, Any]) -> Iterable[Span]:
    """Permits as a mapping, a list of them, a last date, or single keys such as `permit_from` and `permit_to`."""
    single: dict[str, Any] = {}
    for key, value in facts.items():
        name = str(key)
        if not name.startswith("permit") or value is None:
            continue
        suffix = name.removeprefix("permit_")
        for one in _listed(value):
            if isinstance(one, Mapping):
                yield _span(one)
            else:
                single["from" if suffix in _PERMIT_STARTS else "to"] = one
    if single:
        yield _span(single)


def _span(raw: Mapping[str, Any]) -> Span:
    start = next((raw[key] for key in _PERMIT_STARTS if raw.get(key) is not None), None)
    end = next((raw[key] for key in _PERMIT_ENDS if raw.get(key) is not None), None)
    if start is None and end is None:
        raise ValueError(f"a permit needs {_PERMIT_STARTS[0]} or {_PERMIT_ENDS[0]}, not {sorted(raw)}")
    return Span(
        start_at=_ALWAYS_BEFORE if start is None else _permit_start(start),
        end_at=_ALWAYS_BEFORE.replace(year=2200) if end is None else _permit_end(end),
    )


def _permit_start(value: object) -> datetime:
    if isinstance(value, str) and len(value) == 10:
        value = date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), SHANGHAI)
    return _moment(value)


def _permit_end(value: object) -> datetime:
    """A permit is valid to the end of its last date, however that date is written: as a date, or as its
    last second."""
    if isinstance(value, str) and len(value) == 10:
        value = date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), SHANGHAI) + timedelta(days=1)
    moment = _moment(value)
    if (moment.hour, moment.minute) == (23, 59):
        return datetime.combine(moment.date(), time(), SHANGHAI) + timedelta(days=1)
    return moment
