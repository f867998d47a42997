"""Whether a signed statement about a task stands, waits, is one too many, or is refused and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from facility.ids import PersonId
from wartime_conversion.rules.plan import AcceptanceValue, RunRole, ValueKind
from wartime_conversion.rules.task_state import TABLE, TaskEvent, TaskState, report_event, second_event

Value = float | str | bool


class Act(StrEnum):
    """What a person can say about a task."""

    CLAIM = "claim"
    GIVE_UP = "give_up"
    START = "start"
    READ = "read"  # the reader of the challenges says that each was answered
    REPORT = "report"
    SECOND = "second"
    ACCEPT = "accept"
    SEND_BACK = "send_back"


class Outcome(StrEnum):
    """What became of an entry."""

    ACCEPTED = "accepted"
    PENDING = "pending"  # true as far as it goes; something before it has not arrived yet
    CONCURRENT = "concurrent"  # the task was already done by somebody else; kept beside it
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A role held in a run; `crew` is `None` where the role is not a crew's."""

    role: RunRole
    crew: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs. `is_proved`: the PIN's proof held, or the signer's own session sent the entry."""

    id: PersonId
    posts: frozenset[Post]
    is_member: bool
    is_proved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """All that the judgement looks at.

    `crews` are the crews that work on the task; `barred` names the safety orders and counts that forbid this act
    now; `is_free` says that the links let it start, `may_finish` that they let it end; `is_sample` that a drill
    does only a part of the quantity; `is_read_wanted` that another person reads the challenges aloud, `read_by` who
    did.
    """

    state: TaskState
    is_two_person: bool
    is_hold_point: bool
    sign_role: RunRole
    hold_role: RunRole | None
    crews: frozenset[str]
    wanted: Sequence[AcceptanceValue]
    is_photo_wanted: bool
    is_free: bool
    may_finish: bool
    barred: tuple[str, ...] = ()
    reported_by: PersonId | None = None
    claimed_by: PersonId | None = None
    is_sample: bool = False
    is_read_wanted: bool = False
    read_by: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement: the outcome, a stable reason where it is not accepted, and the event to apply."""

    outcome: Outcome
    reason: str | None = None
    event: TaskEvent | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def judge(
    task: TaskFacts, act: Act, signer: Signer, values: Mapping[str, Value], photos: Collection[str]
) -> Verdict:
    """Judge one entry against the task as it stands."""
    refusal = _person_refusal(task, act, signer)
    if refusal is not None:
        return refusal
    if act is Act.READ:
        return _judge_read(task)
    if act is Act.REPORT:
        verdict = _judge_report(task, signer, values, photos)
    elif act is Act.SECOND and signer.id == task.reported_by:
        verdict = _refused("same_person")
    else:
        verdict = _place(task, act, _plain_event(task, act))
    if verdict.outcome is Outcome.ACCEPTED and task.barred:
        return _refused("barred", bars=", ".join(task.barred))
    return verdict


def faults_of(
    wanted: Sequence[AcceptanceValue], values: Mapping[str, Value], *, is_sample: bool
) -> list[str]:
    """Name the acceptance values that are missing or outside their bounds.

    In a sample the count may fall short: a drill that shuts two drains of twelve says two.
    """
    faults: list[str] = []
    for want in wanted:
        given = values.get(want.id)
        if given is None or given == "":
            faults.append(f"{want.id}: missing")
        elif not _is_met(want, given, is_sample=is_sample):
            faults.append(f"{want.id}: {given!r} does not meet {bounds_text(want)}")
    return faults


def bounds_text(want: AcceptanceValue) -> str:
    """Say the bounds of a value in a few signs, e.g. `>= 90 %`."""
    if want.kind is ValueKind.CONFIRM:
        return "yes"
    if want.least is not None and want.least == want.most:
        return f"= {want.least:g} {want.unit}".strip()
    parts = [f">= {want.least:g}"] if want.least is not None else []
    parts += [f"<= {want.most:g}"] if want.most is not None else []
    return f"{' and '.join(parts) or str(want.kind)} {want.unit}".strip()


def _is_met(want: AcceptanceValue, given: Value, *, is_sample: bool) -> bool:
    if is_sample and want.kind is ValueKind.COUNT:
        is_count = isinstance(given, int | float) and not isinstance(given, bool)
        return is_count and float(given) == int(given) and int(given) >= 0
    return want.is_met(given)


def _person_refusal(task: TaskFacts, act: Act, signer: Signer) -> Verdict | None:
    if not signer.is_member:
        return _refused("not_on_roster")
    if not signer.is_proved:
        return _refused("wrong_pin")
    if act is Act.REPORT and not _may_sign(task, signer):
        return _refused("role_missing", role=str(task.sign_role))
    if act is Act.ACCEPT and not _holds(signer, task.hold_role):
        return _refused("role_missing", role=str(task.hold_role))
    if act is Act.SEND_BACK and not (_holds(signer, task.hold_role) or _may_sign(task, signer)):
        return _refused("role_missing", role=str(task.hold_role or task.sign_role))
    if act is Act.GIVE_UP and task.claimed_by not in (None, signer.id):
        return _refused("not_yours")
    return None


def _may_sign(task: TaskFacts, signer: Signer) -> bool:
    if task.sign_role is not RunRole.LEADER or not task.crews:
        return _holds(signer, task.sign_role)
    return any(
        post.role is RunRole.LEADER and (post.crew is None or post.crew in task.crews)
        for post in signer.posts
    )


def _holds(signer: Signer, role: RunRole | None) -> bool:
    return role is not None and any(post.role is role for post in signer.posts)


def _judge_report(
    task: TaskFacts, signer: Signer, values: Mapping[str, Value], photos: Collection[str]
) -> Verdict:
    faults = faults_of(task.wanted, values, is_sample=task.is_sample)
    if faults:
        return _refused("values", values="; ".join(faults))
    if task.is_photo_wanted and not photos:
        return _refused("photo_missing")
    event = report_event(is_two_person=task.is_two_person, is_hold_point=task.is_hold_point)
    verdict = _place(task, Act.REPORT, event)
    if verdict.outcome is not Outcome.ACCEPTED:
        return verdict
    if task.is_read_wanted and task.read_by == signer.id:
        return _refused("reader_is_doer")
    if task.is_read_wanted and task.read_by is None:
        return Verdict(outcome=Outcome.PENDING, reason="reader_missing")
    if not task.may_finish:
        return Verdict(outcome=Outcome.PENDING, reason="may_not_finish_yet")
    return verdict


def _judge_read(task: TaskFacts) -> Verdict:
    """Challenges may be read while the work is at hand; the reader's phone may be the first or the second to send."""
    if not task.is_read_wanted:
        return _refused("nothing_to_read")
    if task.state is TaskState.WAITING:
        return Verdict(outcome=Outcome.PENDING, reason="needs_open")
    if task.state in (TaskState.READY, TaskState.CLAIMED, TaskState.STARTED):
        return Verdict(outcome=Outcome.ACCEPTED)
    return Verdict(outcome=Outcome.CONCURRENT, reason="already_done")


def _plain_event(task: TaskFacts, act: Act) -> TaskEvent:
    if act is Act.SECOND:
        return second_event(is_hold_point=task.is_hold_point)
    return TaskEvent(act.value)


def _place(task: TaskFacts, act: Act, event: TaskEvent) -> Verdict:
    """Fit the event to the state: on time, too early, or after the fact."""
    if (task.state, event) in TABLE:
        return Verdict(outcome=Outcome.ACCEPTED, event=event)
    if task.state is TaskState.WAITING:
        return Verdict(outcome=Outcome.PENDING, reason="needs_open")
    if _order(task.state) < _asks(act):
        return Verdict(outcome=Outcome.PENDING, reason="not_there_yet")
    if act in (Act.REPORT, Act.SECOND, Act.ACCEPT):
        return Verdict(outcome=Outcome.CONCURRENT, reason="already_done")
    return _refused("too_late", state=str(task.state))


_ORDER = list(TaskState)


def _order(state: TaskState) -> int:
    return _ORDER.index(state)


def _asks(act: Act) -> int:
    """The earliest state at which an act makes sense."""
    asked = {Act.SECOND: TaskState.SECOND, Act.ACCEPT: TaskState.HOLDING, Act.SEND_BACK: TaskState.SECOND}
    return _order(asked.get(act, TaskState.READY))


def _refused(reason: str, **facts: str) -> Verdict:
    return Verdict(outcome=Outcome.REFUSED, reason=reason, facts=facts)
