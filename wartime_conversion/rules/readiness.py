"""How ready the conversion is between drills: one figure, and every reason that lowers it.

The figure is a share of what must be in place, not a feeling: components there and sound, inspection rounds in date,
crews manned and trained, hazards closed. A component that is missing or damaged, a critical hazard that is open, or a
crew without a leader makes the conversion *not ready*, whatever the share. The weights are assumptions (A).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from facility.errors import Conflict

WEIGHTS = {"components": 0.4, "rounds": 0.2, "crews": 0.25, "hazards": 0.15}
SOUND = ("good", "worn")


class HazardState(StrEnum):
    """The closed loop of a hazard."""

    FOUND = "found"
    ASSIGNED = "assigned"
    MENDED = "mended"
    RECHECKED = "rechecked"
    STRUCK_OFF = "struck_off"


class HazardEvent(StrEnum):
    """What moves a hazard."""

    ASSIGN = "assign"
    MEND = "mend"
    RECHECK = "recheck"
    FAIL_RECHECK = "fail_recheck"
    STRIKE_OFF = "strike_off"


HAZARD_TABLE: dict[tuple[HazardState, HazardEvent], HazardState] = {
    (HazardState.FOUND, HazardEvent.ASSIGN): HazardState.ASSIGNED,
    (HazardState.ASSIGNED, HazardEvent.ASSIGN): HazardState.ASSIGNED,
    (HazardState.ASSIGNED, HazardEvent.MEND): HazardState.MENDED,
    (HazardState.MENDED, HazardEvent.RECHECK): HazardState.RECHECKED,
    (HazardState.MENDED, HazardEvent.FAIL_RECHECK): HazardState.ASSIGNED,
    (HazardState.RECHECKED, HazardEvent.STRIKE_OFF): HazardState.STRUCK_OFF,
}


class WrongHazardState(Conflict):
    """The hazard is not where this step applies."""

    code = "conversion.wrong_hazard_state"


def advance_hazard(state: HazardState, event: HazardEvent) -> HazardState:
    """Move a hazard on.

    Raises:
        WrongHazardState: the pair is not in the table.
    """
    try:
        return HAZARD_TABLE[state, event]
    except KeyError:
        raise WrongHazardState(f"a hazard that is {state} cannot take {event}", state=str(state)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentState:
    """A line of the ledger as counted: `present` pieces of `quantity`, and their condition."""

    id: str
    zh: str
    quantity: int
    present: int
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundState:
    """A recurring round: `passed_on` is the last day it was passed, `None` if never."""

    id: str
    zh: str
    every_days: int
    passed_on: date | None

    def due_on(self, today: date) -> date:
        """The day by which the next one is due; today where it was never passed."""
        return today if self.passed_on is None else self.passed_on + timedelta(days=self.every_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewState:
    """A crew: persons wanted, on the roster, with training in date, and whether one leads it."""

    id: str
    zh: str
    wanted: int
    members: int
    trained: int
    has_leader: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHazard:
    """A hazard not struck off."""

    subject: str
    words: str
    severity: str
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the figure is lower than it could be; `is_blocking` alone makes the conversion not ready."""

    part: str
    id: str
    zh: str
    detail: str
    is_blocking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The figure in whole percent (rounded down), each part's share, and the reasons, blocking ones first."""

    percent: int
    is_ready: bool
    parts: Mapping[str, float]
    reasons: tuple[Reason, ...]


def readiness(
    components: Sequence[ComponentState],
    rounds: Sequence[RoundState],
    crews: Sequence[CrewState],
    hazards: Sequence[OpenHazard],
    today: date,
) -> Readiness:
    """Weigh what is in place against what must be.

    Args:
        components: the plan's ledger as last counted; a line never counted has condition `unknown`.
        rounds: the plan's inspection rounds.
        crews: the plan's crews.
        hazards: what was found and not struck off.
        today: the day on the site's wall calendar.
    """
    sound = [c for c in components if c.condition in SOUND and c.present >= c.quantity]
    kept = [r for r in rounds if r.passed_on is not None and r.due_on(today) >= today]
    parts = {
        "components": _share(len(sound), len(components)),
        "rounds": _share(len(kept), len(rounds)),
        "crews": _share(sum(min(c.trained, c.wanted) for c in crews), sum(c.wanted for c in crews)),
        "hazards": 1 / (1 + sum({"minor": 0.1, "major": 0.5, "critical": 1.0}[h.severity] for h in hazards)),
    }
    reasons = [
        *(_component_reason(c) for c in components if c not in sound),
        *(_round_reason(r, today) for r in rounds if r not in kept),
        *(reason for crew in crews for reason in _crew_reasons(crew)),
        *(_hazard_reason(h) for h in hazards),
    ]
    share = sum(WEIGHTS[key] * value for key, value in parts.items())
    blocked = any(reason.is_blocking for reason in reasons)
    return Readiness(
        percent=int(share * 100 + 1e-9),
        is_ready=not blocked,
        parts=parts,
        reasons=tuple(sorted(reasons, key=lambda r: not r.is_blocking)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _component_reason(c: ComponentState) -> Reason:
    missing = c.present < c.quantity
    detail = f"{c.present}/{c.quantity}" if missing else c.condition
    if missing and c.condition == "unknown":
        detail = "never counted"
    is_blocking = missing or c.condition in ("damaged", "missing")
    return Reason(part="components", id=c.id, zh=c.zh, detail=detail, is_blocking=is_blocking)


def _round_reason(r: RoundState, today: date) -> Reason:
    detail = "never passed" if r.passed_on is None else f"due {r.due_on(today).isoformat()}"
    return Reason(part="rounds", id=r.id, zh=r.zh, detail=detail, is_blocking=False)


def _crew_reasons(crew: CrewState) -> list[Reason]:
    reasons = []
    if not crew.has_leader:
        reasons.append(Reason(part="crews", id=crew.id, zh=crew.zh, detail="no leader", is_blocking=True))
    if crew.trained < crew.wanted:
        detail = f"{crew.trained}/{crew.wanted} trained, {crew.members} on the roster"
        reasons.append(Reason(part="crews", id=crew.id, zh=crew.zh, detail=detail, is_blocking=False))
    return reasons


def _hazard_reason(h: OpenHazard) -> Reason:
    detail = f"{h.severity}{', overdue' if h.is_overdue else ''}"
    return Reason(
        part="hazards", id=h.subject, zh=h.words, detail=detail, is_blocking=h.severity == "critical"
    )
