"""The equipment board, pure part: what may serve, and what must be ordered so that it settles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class EquipmentKind(StrEnum):
    """Kinds of equipment on the board."""

    EVSE = "evse"
    LANE = "lane"
    ZONE = "zone"


class Source(StrEnum):
    """Who may place a lockout; a source lifts only its own."""

    CONVERSION = "conversion"
    MAINTENANCE = "maintenance"
    SAFETY = "safety"


class Duty(StrEnum):
    """What equipment reports that it does."""

    SERVING = "serving"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """One source's reason why equipment must not serve.

    `shadow_run` names the drill on whose shadow board it stands; `None` is the real board.
    """

    id: UUID
    kind: EquipmentKind
    equipment_id: str
    source: Source
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    shadow_run: UUID | None

    def __post_init__(self) -> None:
        """Rows bring texts; an unknown one raises ValueError."""
        object.__setattr__(self, "kind", EquipmentKind(self.kind))
        object.__setattr__(self, "source", Source(self.source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a piece of equipment last reported of itself."""

    kind: EquipmentKind
    equipment_id: str
    status: str
    reported_at: datetime

    def __post_init__(self) -> None:
        """Rows bring texts; an unknown one raises ValueError."""
        object.__setattr__(self, "kind", EquipmentKind(self.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A difference to be ordered: this equipment is to serve, or is not to."""

    kind: EquipmentKind
    equipment_id: str
    duty: Duty


def standing(lockouts: Iterable[Lockout], kind: EquipmentKind, equipment_id: str) -> tuple[Lockout, ...]:
    """The lockouts that stand on one piece of real equipment (drills' shadow lockouts never count)."""
    return tuple(
        lockout
        for lockout in lockouts
        if lockout.lifted_at is None
        and lockout.shadow_run is None
        and lockout.kind == kind
        and lockout.equipment_id == equipment_id
    )


def wanted_duty(lockouts: Iterable[Lockout], kind: EquipmentKind, equipment_id: str) -> Duty:
    """Equipment serves when no lockout stands on it."""
    return Duty.OUT if standing(lockouts, kind, equipment_id) else Duty.SERVING


def stands_under_fire_signal(lockout: Lockout) -> bool:
    """The fire signal lifts every gate lockout below *safety*."""
    return lockout.kind != EquipmentKind.LANE or lockout.source == Source.SAFETY


def differences(
    lockouts: Iterable[Lockout], reported: Iterable[tuple[EquipmentKind, str, Duty]]
) -> tuple[Order, ...]:
    """What must be ordered so that reported duty meets the board; empty once it has settled."""
    placed = tuple(lockouts)
    return tuple(
        Order(kind=kind, equipment_id=equipment_id, duty=wanted)
        for kind, equipment_id, duty in reported
        if (wanted := wanted_duty(placed, kind, equipment_id)) != duty
    )
