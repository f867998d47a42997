"""From the `meterValue` list of any OCPP version to rows of samples.

Shared by the stations of all versions: only the names of the surrounding members differ between them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from charging.rules.metering import Meter, Outlet, advance_meter
from charging.rules.moments import Moment, read_moment
from charging.rules.sampled_values import Sample, read_sample


class SampleRow(NamedTuple):
    """One row of `charging.meter_sample`, in its column order; `others` and `quarantined` are JSON-able or None."""

    measured_at: datetime
    received_at: datetime
    charger_id: int
    evse_no: int
    transaction_id: int | None
    delivered_wh: int | None
    register_wh: int | None
    power_w: int | None
    offered_w: int | None
    current_l1_ma: int | None
    current_l2_ma: int | None
    current_l3_ma: int | None
    voltage_l1_mv: int | None
    voltage_l2_mv: int | None
    voltage_l3_mv: int | None
    offered_ma: int | None
    soc_pct: int | None
    temperature_dc: int | None
    context: str
    flags: str | None
    others: Any
    quarantined: Any


@dataclass(slots=True, kw_only=True)
class OpenTransaction:
    """A running transaction as the socket's holder knows it; `meter` moves with every sample."""

    id: int
    evse_no: int
    connector_no: int = 1
    meter: Meter
    is_suspended: bool = False
    is_told_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where meter values belong: `transaction` is None outside any, `transaction_id` may name a finished one."""

    charger_id: int
    evse_no: int
    received_at: datetime
    outlet: Outlet
    transaction: OpenTransaction | None = None
    transaction_id: int | None = None
    flag: str | None = None


def sample_rows(told: Told, meter_values: object) -> list[SampleRow]:
    """Read a `meterValue` list; whatever is readable becomes a row, in the order of the list."""
    if not isinstance(meter_values, list):
        return []
    return [row for element in _elements(meter_values) if (row := _row(told, element)) is not None]


def _elements(meter_values: Iterable[object]) -> Iterable[dict[str, Any]]:
    return (element for element in meter_values if isinstance(element, dict))


def _row(told: Told, element: dict[str, Any]) -> SampleRow | None:
    sample = read_sample(element.get("sampledValue"))
    if sample.is_empty:
        return None
    moment = read_moment(element.get("timestamp"), told.received_at)
    delivered_wh, odd = _delivered(told, sample, moment)
    flags = [*moment.flags]
    if odd:
        flags.append(odd)
    if told.flag:
        flags.append(told.flag)
    transaction = told.transaction
    current, voltage = sample.current_ma, sample.voltage_mv
    return SampleRow(
        moment.at,
        told.received_at,
        told.charger_id,
        told.evse_no,
        transaction.id if transaction else told.transaction_id,
        delivered_wh,
        sample.register_wh,
        sample.power_w,
        sample.offered_w,
        current[0],
        current[1],
        current[2],
        voltage[0],
        voltage[1],
        voltage[2],
        sample.offered_ma,
        sample.soc_pct,
        sample.temperature_dc,
        sample.context,
        ",".join(flags) if flags else None,
        list(sample.others) if sample.others else None,
        list(sample.quarantined) if sample.quarantined else None,
    )


def _delivered(told: Told, sample: Sample, moment: Moment) -> tuple[int | None, str | None]:
    """Fold the register into the transaction's energy; without a register the energy stays as it was."""
    if told.transaction is None:
        return None, None
    if sample.register_wh is None:
        return told.transaction.meter.delivered_wh, None
    meter, odd = advance_meter(told.transaction.meter, sample.register_wh, moment.at, told.outlet)
    told.transaction.meter = meter
    return (None if odd in ("stale", "jump") else meter.delivered_wh), odd
