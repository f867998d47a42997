"""Sampled values as chargers send them, turned into whole Wh, W, mA, mV, or set aside.

One `meterValue` element at a time, without history (`metering` has that). No message is refused: what cannot be read is
quarantined by name and the rest is kept.

Sources: OCPP 1.6 section 7.28 to 7.33 and OCPP 2.0.1 `SampledValueType` (measurands, units, phases, defaults).
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
