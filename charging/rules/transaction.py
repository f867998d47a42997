"""The life of a charging transaction, as a table; and whose word ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from facility.errors import Conflict, Missing


class TransactionState(StrEnum):
    """`presumed_ended` was closed on evidence, without the charger's stop; `closed` by a person."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    PRESUMED_ENDED = "presumed_ended"
    CLOSED = "closed"
    ENDED = "ended"


class TransactionEvent(StrEnum):
    """What can happen to a transaction once it has begun."""

    SUSPEND = "suspend"
    RESUME = "resume"
    STOP = "stop"
    EVIDENCE = "evidence"
    CLOSE = "close"


class NoSuchTransaction(Missing):
    """No transaction has this number."""

    code = "transaction_missing"


class TransactionConflict(Conflict):
    """The event does not fit the transaction's state."""

    code = "transaction_state"


_S = TransactionState
_E = TransactionEvent

TRANSITIONS: Final[dict[tuple[TransactionState, TransactionEvent], TransactionState]] = {
    (_S.RUNNING, _E.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _E.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _E.RESUME): _S.RUNNING,
    (_S.RUNNING, _E.RESUME): _S.RUNNING,
    (_S.RUNNING, _E.STOP): _S.ENDED,
    (_S.SUSPENDED, _E.STOP): _S.ENDED,
    (_S.RUNNING, _E.EVIDENCE): _S.PRESUMED_ENDED,
    (_S.SUSPENDED, _E.EVIDENCE): _S.PRESUMED_ENDED,
    (_S.RUNNING, _E.CLOSE): _S.CLOSED,
    (_S.SUSPENDED, _E.CLOSE): _S.CLOSED,
    # The charger's own stop may still come, hours late: its energy and its times then stand.
    (_S.PRESUMED_ENDED, _E.STOP): _S.ENDED,
    (_S.CLOSED, _E.STOP): _S.ENDED,
}

OPEN_STATES: Final = frozenset({_S.RUNNING, _S.SUSPENDED})


def advance(state: TransactionState, event: TransactionEvent) -> TransactionState:
    """The state after an event.

    Raises:
        TransactionConflict: the pair is not in the table.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransactionConflict(
            f"A transaction that is {state} cannot {event}", state=str(state), event=str(event)
        ) from None


class Evidence(StrEnum):
    """Why a transaction without a stop is taken to be over."""

    BOOT = "boot"
    STATUS = "status"
    NEXT_START = "next_start"
    ASKED = "asked"


GRACE: Final[dict[Evidence, timedelta]] = {
    # After a boot a charger may resume, or send its queued stop: five minutes of silence decide.
    Evidence.BOOT: timedelta(minutes=5),
    # Many chargers send Available just before the StopTransaction they have queued.
    Evidence.STATUS: timedelta(minutes=1),
    Evidence.NEXT_START: timedelta(0),
    # The charger itself says that it knows no such transaction; its end may still be on its way.
    Evidence.ASKED: timedelta(minutes=1),
}


def is_over(evidence: Evidence, seen_at: datetime, last_sign_at: datetime, now: datetime) -> bool:
    """Whether evidence seen at `seen_at` ends a transaction that last gave a sign of life at `last_sign_at`."""
    return last_sign_at <= seen_at and now - seen_at >= GRACE[evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFacts:
    """What identifies a start: a retry has all of it the same, under any message id."""

    evse_no: int
    id_tag: str
    started_raw: str
    meter_start_wh: int


def is_retry(known: StartFacts, is_known_stopped: bool, is_clock_set: bool, came: StartFacts) -> bool:
    """Whether a start is a repetition of one already stored.

    Tags are compared without case (CiString). A charger whose clock is not set says the same time at each boot, so
    there a start like one that has already been stopped is a new one.
    """
    if is_known_stopped and not is_clock_set:
        return False
    return (
        known.evse_no == came.evse_no
        and known.id_tag.casefold() == came.id_tag.casefold()
        and known.started_raw == came.started_raw
        and known.meter_start_wh == came.meter_start_wh
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedStop:
    """A stop without a usable transaction id (-1 or 0, from an off-line start), waiting for its start."""

    stopped_at: datetime
    meter_stop_wh: int
    id_tag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineStart:
    """A start that was told late, so the charger may have used no id for it while off-line."""

    id_tag: str
    started_at: datetime
    meter_start_wh: int
    is_told_late: bool


def belongs(stop: ParkedStop, start: OfflineStart) -> bool:
    """Whether a parked stop ends this start. A start that was answered live has an id and is never bound."""
    return (
        start.is_told_late
        and start.started_at <= stop.stopped_at
        and start.meter_start_wh <= stop.meter_stop_wh
        and (stop.id_tag is None or stop.id_tag.casefold() == start.id_tag.casefold())
    )


def joined_flags(*groups: Sequence[str]) -> list[str]:
    """What was odd, each once, in the order it was found."""
    return list(dict.fromkeys(flag for group in groups for flag in group))
