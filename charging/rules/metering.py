"""Meter values as chargers send them, turned into whole Wh, W, mA, mV, or set aside.

Two rules: `read_sample` reads one `meterValue` element (no history), `advance_meter` folds energy registers into the
energy of one transaction (with history). Neither refuses a message: what cannot be read is quarantined by name and
the rest is kept.

Sources: OCPP 1.6 section 7.28 to 7.33 and OCPP 2.0.1 `SampledValueType` (measurands, units, phases, defaults).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

REGISTER: Final = "Energy.Active.Import.Register"

_SCALES: Final[dict[str, dict[str, Decimal]]] = {
    REGISTER: {"Wh": Decimal(1), "kWh": Decimal(1000)},
    "Power.Active.Import": {"W": Decimal(1), "kW": Decimal(1000)},
    "Power.Offered": {"W": Decimal(1), "kW": Decimal(1000)},
    "Current.Import": {"A": Decimal(1000)},
    "Current.Offered": {"A": Decimal(1000)},
    "Voltage": {"V": Decimal(1000), "kV": Decimal(1000000)},
    "SoC": {"Percent": Decimal(1), "%": Decimal(1)},
    "Temperature": {"Celsius": Decimal(10), "Celcius": Decimal(10)},
}
_DEFAULT_UNIT: Final = {
    REGISTER: "Wh",
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Temperature": "Celsius",
}
_KNOWN: Final[dict[tuple[Any, Any], Decimal]] = {
    (measurand, unit): scale for measurand, scales in _SCALES.items() for unit, scale in scales.items()
}
_KEPT_AS_SENT: Final = frozenset(
    {
        "Energy.Active.Export.Register", "Energy.Reactive.Import.Register", "Energy.Reactive.Export.Register",
        "Energy.Active.Import.Interval", "Energy.Active.Export.Interval", "Energy.Reactive.Import.Interval",
        "Energy.Reactive.Export.Interval", "Energy.Active.Net", "Energy.Reactive.Net", "Energy.Apparent.Net",
        "Energy.Apparent.Import", "Energy.Apparent.Export", "Power.Active.Export", "Power.Reactive.Import",
        "Power.Reactive.Export", "Power.Factor", "Current.Export", "Frequency", "RPM",
    }
)  # fmt: skip
CONTEXTS: Final = frozenset(
    {
        "Interruption.Begin", "Interruption.End", "Other", "Sample.Clock", "Sample.Periodic",
        "Transaction.Begin", "Transaction.End", "Trigger",
    }
)  # fmt: skip
_PHASE_PLACE: Final = {
    "L1": 0,
    "L1-N": 0,
    "L1-L2": 0,
    "L2": 1,
    "L2-N": 1,
    "L2-L3": 1,
    "L3": 2,
    "L3-N": 2,
    "L3-L1": 2,
}

MAX_READING: Final = Decimal(2_000_000_000)
"""Largest number believed, in the measurand's whole unit: 2 GWh on a register is over any charger's life."""

MAX_VALUES: Final = 400
"""Sampled values read from one element: more is an attack or a fault, and is counted instead."""

Phases = tuple[int | None, int | None, int | None]
_NO_PHASES: Final[Phases] = (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One moment's readings of one connector. `None` means not sent (or quarantined)."""

    context: str = "Sample.Periodic"
    register_wh: int | None = None
    power_w: int | None = None
    offered_w: int | None = None
    current_ma: Phases = _NO_PHASES
    voltage_mv: Phases = _NO_PHASES
    offered_ma: int | None = None
    soc_pct: int | None = None
    temperature_dc: int | None = None
    others: tuple[Mapping[str, Any], ...] = ()
    quarantined: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was readable or worth keeping."""
        return not (self.others or self.quarantined) and all(
            number is None
            for number in (
                self.register_wh,
                self.power_w,
                self.offered_w,
                self.offered_ma,
                self.soc_pct,
                self.temperature_dc,
                *self.current_ma,
                *self.voltage_mv,
            )
        )


def read_sample(values: object) -> Sample:
    """Read the `sampledValue` list of one `meterValue` element.

    Args:
        values: whatever the charger sent there.

    Returns:
        Whole units, rounded half up; what is unknown or unreadable is in `quarantined` with a `why` beside the raw
        members: `not_a_list`, `not_an_object`, `measurand`, `unit`, `value`, `context`, `too_many`.
    """
    if not isinstance(values, list):
        return Sample(quarantined=({"why": "not_a_list"},)) if values is not None else Sample()
    reading = _Reading()
    for value in values[:MAX_VALUES]:
        if isinstance(value, dict):
            reading.take(value)
        else:
            reading.set_aside("not_an_object", {"value": str(value)[:50]})
    if len(values) > MAX_VALUES:
        reading.set_aside("too_many", {"left_out": len(values) - MAX_VALUES})
    return reading.sample()


class _Reading:
    """Sums up one element while it is read."""

    __slots__ = ("by_phase", "context", "others", "quarantined", "totals")

    def __init__(self) -> None:
        self.context: str = "Sample.Periodic"
        self.totals: dict[str, int] = {}
        self.by_phase: dict[str, list[int | None]] = {}
        self.others: list[Mapping[str, Any]] = []
        self.quarantined: list[Mapping[str, Any]] = []

    def set_aside(self, why: str, value: Mapping[str, Any]) -> None:
        self.quarantined.append({"why": why, **value})

    def take(self, value: dict[str, Any]) -> None:
        context = value.get("context")
        if context is not None:
            if isinstance(context, str) and context in CONTEXTS:
                self.context = context
            else:
                self.set_aside("context", {"context": str(context)[:50]})
        measurand = value.get("measurand") or REGISTER
        try:
            # Nearly every value is a known measurand in a known unit with a plain number: one look-up finds its scale.
            unit, multiplier = _unit_of(value)
            scale = _KNOWN.get((measurand, unit))
            if scale is not None:
                number = _number(value.get("value"), scale, multiplier)
                if number is not None:
                    self._keep(measurand, value.get("phase"), value.get("location"), number)
                    return
        except TypeError:
            # An unhashable measurand or unit: read with care below.
            scale = None
        self._take_with_care(value, measurand)

    def _take_with_care(self, value: dict[str, Any], measurand: Any) -> None:
        scales = _SCALES.get(measurand) if isinstance(measurand, str) else None
        if scales is None:
            if isinstance(measurand, str) and measurand in _KEPT_AS_SENT:
                self.others.append(_short(value))
            else:
                self.set_aside("measurand", _short(value))
            return
        unit, multiplier = _unit_of(value)
        scale = (
            scales.get(unit or _DEFAULT_UNIT[measurand]) if unit is None or isinstance(unit, str) else None
        )
        if scale is None:
            self.set_aside("unit", _short(value))
            return
        number = _number(value.get("value"), scale, multiplier)
        if number is None:
            self.set_aside("value", _short(value))
            return
        self._keep(measurand, value.get("phase"), value.get("location"), number)

    def _keep(self, measurand: str, phase: object, location: object, number: int) -> None:
        if location in ("EV", "Body", "Inlet") and measurand != "SoC":
            # The car's own idea of current or temperature is not the outlet's.
            self.others.append({"measurand": measurand, "location": location, "value": number})
            return
        place = _PHASE_PLACE.get(phase) if isinstance(phase, str) else None
        if place is None:
            self.totals[measurand] = number
        else:
            self.by_phase.setdefault(measurand, [None, None, None])[place] = number

    def _total(self, measurand: str) -> int | None:
        """The unphased value, else the sum of phases (energy and power add up, nothing else does)."""
        total = self.totals.get(measurand)
        if total is not None:
            return total
        phases = [number for number in self.by_phase.get(measurand, ()) if number is not None]
        return sum(phases) if phases else None

    def _phases(self, measurand: str) -> Phases:
        phases = self.by_phase.get(measurand)
        if phases is not None:
            return (phases[0], phases[1], phases[2])
        total = self.totals.get(measurand)
        return _NO_PHASES if total is None else (total, None, None)

    def sample(self) -> Sample:
        return Sample(
            context=self.context,
            register_wh=self._total(REGISTER),
            power_w=self._total("Power.Active.Import"),
            offered_w=self._total("Power.Offered"),
            current_ma=self._phases("Current.Import"),
            voltage_mv=self._phases("Voltage"),
            offered_ma=self.totals.get("Current.Offered"),
            soc_pct=self.totals.get("SoC"),
            temperature_dc=self.totals.get("Temperature"),
            others=tuple(self.others),
            quarantined=tuple(self.quarantined),
        )


def _unit_of(value: dict[str, Any]) -> tuple[Any, int]:
    """Unit and power of ten: a member in 1.6, an object in 2.x."""
    given = value.get("unitOfMeasure")
    if given is None or not isinstance(given, dict):
        return value.get("unit"), 0
    multiplier = given.get("multiplier", 0)
    return given.get("unit"), multiplier if type(multiplier) is int and -9 <= multiplier <= 9 else 0


def _number(raw: object, scale: Decimal, multiplier: int) -> int | None:
    if type(raw) is int and not multiplier and 0 <= raw <= 999_999_999:
        whole = raw * int(scale)
        return whole if whole <= MAX_READING else None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    text = raw if isinstance(raw, str) else str(raw)
    if len(text) <= 9 and not multiplier and text.isascii() and text.isdigit():
        whole = int(text) * int(scale)
        return whole if whole <= MAX_READING else None
    if len(text) > 32:
        return None
    try:
        number = Decimal(text) * scale
        if multiplier:
            number = number.scaleb(multiplier)
        if not number.is_finite() or not -MAX_READING <= number <= MAX_READING:
            return None
        return int(number.to_integral_value(rounding=ROUND_HALF_UP))
    except InvalidOperation:
        return None


def _short(value: Mapping[str, Any]) -> dict[str, str]:
    return {str(key)[:50]: str(item)[:120] for key, item in list(value.items())[:10]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """The energy of one transaction so far.

    `segment_wh` is the register where the running count began (moves when the register falls), `carried_wh` what was
    counted before it, `register_wh` the last register believed, `doubted` the last reading that leapt too far.
    """

    segment_wh: int
    register_wh: int
    read_at: datetime
    carried_wh: int = 0
    resets: int = 0
    doubted: tuple[int, datetime] | None = None

    @property
    def delivered_wh(self) -> int:
        """Whole Wh since the start of the transaction, never negative."""
        return self.carried_wh + self.register_wh - self.segment_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What a connector can physically give: `max_w` bounds how fast its register may rise."""

    max_w: int = 250_000


_ANY_TIME: Final = timedelta(days=30)
MAX_CHARGE_WH: Final = 600_000
"""No car takes more in one charge: the battery of a long-haul truck."""


JUMP_ALLOWANCE_WH: Final = 500
"""Meters round, and chargers stamp samples late: this much is believed on top of full power since the last reading."""


def start_meter(register_wh: int | None, at: datetime) -> Meter:
    """Begin a transaction at the register its start reported (0 where it reported none)."""
    begin_wh = max(0, register_wh or 0)
    return Meter(segment_wh=begin_wh, register_wh=begin_wh, read_at=at)


def advance_meter(meter: Meter, register_wh: int, at: datetime, outlet: Outlet) -> tuple[Meter, str | None]:
    """Fold one register reading into the transaction.

    Returns:
        The meter, and what was odd: None, `stale` (older than the last one, ignored), `jump` (rose faster than the
        outlet can deliver, ignored until a second reading confirms the new level), `rebased` (counts on from another
        level: a relative register, a confirmed jump), `reset` (the register fell, as after a power cut: counted on
        from where it stood before).
    """
    if at < meter.read_at:
        return meter, "stale"
    believed_wh = believed_rise_wh(meter.read_at, at, outlet)
    rise_wh = register_wh - meter.register_wh
    if rise_wh > believed_wh:
        return _doubt(meter, register_wh, at, outlet)
    if rise_wh >= 0:
        return replace(meter, register_wh=register_wh, read_at=at, doubted=None), None
    # The register fell. If its new value can be energy counted from zero since the last reading, it is.
    counted_wh = register_wh if 0 <= register_wh <= believed_wh else 0
    is_first = meter.delivered_wh == 0 and meter.resets == 0
    return _moved(meter, register_wh - counted_wh, register_wh, at), "rebased" if is_first else "reset"


def _doubt(meter: Meter, register_wh: int, at: datetime, outlet: Outlet) -> tuple[Meter, str]:
    """A leap is not billed; a second reading that fits the first one's level is counted from there."""
    if meter.doubted is not None:
        level_wh, level_at = meter.doubted
        if 0 <= register_wh - level_wh <= believed_rise_wh(level_at, at, outlet):
            return _moved(meter, level_wh, register_wh, at), "rebased"
    return replace(meter, doubted=(register_wh, at)), "jump"


def _moved(meter: Meter, segment_wh: int, register_wh: int, at: datetime) -> Meter:
    return Meter(
        segment_wh=segment_wh,
        register_wh=register_wh,
        read_at=at,
        carried_wh=meter.delivered_wh,
        resets=meter.resets + 1,
    )


def believed_rise_wh(since: datetime, at: datetime, outlet: Outlet) -> int:
    """The most Wh an outlet's register is believed to rise between two moments."""
    seconds = int((at - since).total_seconds())
    return min(outlet.max_w * seconds // 3600, MAX_CHARGE_WH) + JUMP_ALLOWANCE_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The energy a finished transaction is billed for and what was odd about it."""

    delivered_wh: int
    flags: tuple[str, ...] = ()


def settle_meter(
    meter: Meter, start_wh: int | None, stop_wh: int | None, at: datetime | None, outlet: Outlet
) -> Settlement:
    """Fix the energy of a transaction from its samples and its stop.

    Args:
        meter: folded over every sample that belongs to the transaction.
        start_wh: `meterStart` as sent.
        stop_wh: `meterStop` as sent, None where no stop came.
        at: moment of the stop; None where the charger's clock is not to be believed, so that only the most any car can
            take bounds the energy.
        outlet: bounds what is believed.

    Returns:
        Wh, never negative. Flags: `no_stop_register`, `kwh_register` (start and stop were sent in kWh: the samples show
        a thousand times the difference), `stop_below_samples`, or what `advance_meter` found odd at the stop (the
        samples then stand alone).
    """
    if stop_wh is None:
        return Settlement(delivered_wh=meter.delivered_wh, flags=("no_stop_register",))
    difference_wh = stop_wh - (start_wh or 0)
    if (
        meter.delivered_wh >= 2000
        and 0 < difference_wh
        and _is_thousandfold(meter.delivered_wh, difference_wh)
    ):
        return Settlement(delivered_wh=meter.delivered_wh, flags=("kwh_register",))
    until = meter.read_at + _ANY_TIME if at is None else max(at, meter.read_at)
    folded, odd = advance_meter(meter, stop_wh, until, outlet)
    if odd in ("reset", "rebased"):
        # A stop below the samples is no energy of its own: the samples already counted it.
        return Settlement(delivered_wh=meter.delivered_wh, flags=("stop_below_samples",))
    return Settlement(delivered_wh=folded.delivered_wh, flags=(odd,) if odd else ())


def _is_thousandfold(sampled_wh: int, difference: int) -> bool:
    """Whether a difference in kWh, sent as if Wh, explains the samples (kWh are cut or rounded to whole ones)."""
    return (difference - 1) * 1000 <= sampled_wh <= (difference + 1) * 1000
