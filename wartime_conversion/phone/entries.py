"""Taking what phones send: once, in each device's order, judged, and judged again when something frees it.

Status of an entry as the phone sees it: 201 kept now, 200 the same words again, 409 the same UUID (or place in
the device's order) with other words, 425 something this device said earlier has not arrived.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from facility.errors import Conflict
from facility.identity import Person
from facility.ids import PersonId
from wartime_conversion import exits, moves, record
from wartime_conversion.phone.store import (
    EntryRow,
    insert_entry,
    missing_photos,
    read_known,
    read_last_sequence,
    read_pending,
    write_outcome,
)
from wartime_conversion.rules.clock import acted_at
from wartime_conversion.rules.plan import RunRole
from wartime_conversion.rules.sign_off import Act, Outcome, Post, Signer, Verdict, judge
from wartime_conversion.rules.task_state import TaskState
from wartime_conversion.rules.words import fingerprint, is_proof
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn, write_people_inside

HEADCOUNT = "headcount"
HAND_WRITTEN = timedelta(minutes=1)
"""A sheet is signed to the minute: it may read up to a minute early."""
NEW, SAME, OTHER_WORDS, TOO_EARLY = 201, 200, 409, 425


class EntryConflict(Conflict):
    """The same UUID came with other words, or the device used a sequence number twice."""

    code = "conversion.entry_conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One entry on arrival.

    `words` is the canonical JSON of all that was said; the other fields are read from it. `proof` is `None`
    where the signer's own session sent it. `device_now` is the phone's clock as it sent the batch. `paper_at` is when
    a paper sheet was signed, `None` for what was signed on a phone.
    """

    id: UUID
    task: str | None
    act: str
    signer: PersonId
    device: UUID
    sequence: int
    device_at: datetime
    device_now: datetime
    via: str
    values: dict[str, Any]
    photos: list[str]
    words: str
    proof: str | None
    paper_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What the phone is told."""

    id: UUID
    status: int
    outcome: str | None = None
    reason: str | None = None
    facts: dict[str, Any] | None = None


async def take_all(conn: Conn, scene: Scene, sender: Person, batch: list[Sent]) -> list[Fate]:
    """Keep a batch, each device's entries in their own order, then release and judge again what they free.

    Returns:
        The fates in the order of `batch`; the scene's run is locked by this unit of work.
    """
    known = await read_known(conn, [sent.id for sent in batch])
    last: dict[UUID, int] = {}
    fates: dict[UUID, Fate] = {}
    for sent in sorted(batch, key=lambda s: (s.device, s.sequence)):
        if sent.device not in last:
            last[sent.device] = await read_last_sequence(conn, scene.run.id, sent.device)
        fates[sent.id] = await _take(conn, scene, sender, sent, known, last)
    is_new = any(fate.status == NEW for fate in fates.values())
    if is_new and scene.run.state == "running":
        for row in await settle(conn, scene):
            if row.id in fates:
                fates[row.id] = _fate(row, fates[row.id].status)
    return [fates[sent.id] for sent in batch]


async def _take(
    conn: Conn, scene: Scene, sender: Person, sent: Sent, known: dict[UUID, EntryRow], last: dict[UUID, int]
) -> Fate:
    before = known.get(sent.id)
    words_sha256 = fingerprint(sent.words)
    if before is not None:
        if before.words_sha256 != words_sha256 or before.run_id != scene.run.id:
            return Fate(id=sent.id, status=OTHER_WORDS, reason="other_words")
        return _fate(before, SAME)
    newest = last[sent.device]
    if sent.sequence <= newest:
        return Fate(id=sent.id, status=OTHER_WORDS, reason="sequence_taken", facts={"last": newest})
    if sent.sequence > newest + 1:
        return Fate(id=sent.id, status=TOO_EARLY, reason="sequence_gap", facts={"expected": newest + 1})
    if sent.photos and (absent := await missing_photos(conn, sent.photos)):
        return Fate(id=sent.id, status=TOO_EARLY, reason="photo_not_here", facts={"photos": absent})
    row = await _keep(conn, scene, sender, sent, words_sha256)
    known[sent.id] = row
    last[sent.device] = sent.sequence
    return _fate(row, NEW)


async def settle(conn: Conn, scene: Scene) -> list[EntryRow]:
    """Release what is free and judge the pending entries again, until nothing moves; returns those that moved."""
    moved: list[EntryRow] = []
    pending = await read_pending(conn, scene.run.id)
    while True:
        await moves.release_free(conn, scene)
        before = len(moved)
        for row in pending:
            verdict = _judged(scene, row) if _may_move(scene, row) else None
            if verdict is not None and verdict.outcome is not Outcome.PENDING:
                await write_outcome(conn, row.id, verdict.outcome, verdict.reason, dict(verdict.facts))
                await _carry_out(conn, scene, row, verdict)
                told = replace(row, outcome=verdict.outcome, reason=verdict.reason, facts=dict(verdict.facts))
                moved.append(told)
        if len(moved) == before:
            return moved
        done = {row.id for row in moved}
        pending = [row for row in pending if row.id not in done]


def _may_move(scene: Scene, row: EntryRow) -> bool:
    task = scene.tasks.get(row.task or "")
    return task is None or task.state is not TaskState.WAITING


async def _keep(conn: Conn, scene: Scene, sender: Person, sent: Sent, words_sha256: str) -> EntryRow:
    member = scene.members.get(sent.signer)
    row = EntryRow(
        id=sent.id,
        run_id=scene.run.id,
        task=sent.task,
        act=sent.act,
        signer_id=sent.signer,
        signer_name=member.name if member else "?",
        device_id=sent.device,
        sequence=sent.sequence,
        device_at=sent.device_at,
        received_at=scene.now,
        acted_at=_acted_at(scene, sent),
        words=sent.words,
        words_sha256=words_sha256,
        sent_by=sender.name,
        outcome=Outcome.PENDING,
        reason=None,
        facts={},
    )
    refusal = _doubt(scene, sender, sent)
    verdict = refusal or _judged(scene, row)
    row = replace(row, outcome=verdict.outcome, reason=verdict.reason, facts=dict(verdict.facts))
    await insert_entry(conn, row)
    await _carry_out(conn, scene, row, verdict)
    return row


def _acted_at(scene: Scene, sent: Sent) -> datetime:
    """When it was said by the server's clock; a paper sheet carries its own time, written by hand."""
    said_at = sent.paper_at or acted_at(sent.device_at, sent.device_now, scene.now)
    return min(max(said_at, scene.run.started_at), scene.now)


def _doubt_paper(scene: Scene, sender: Person, sent: Sent) -> Verdict | None:
    """A sheet is entered by the recorder, who is not its signer, with its picture, and not from before the run."""
    refusal = None
    if Post(role=RunRole.RECORDER) not in scene.posts_of(sender.id):
        refusal = "not_the_recorder"
    elif sender.id == sent.signer:
        refusal = "recorder_is_signer"
    elif not sent.photos:
        refusal = "sheet_photo_missing"
    elif sent.paper_at is None or not scene.run.started_at - HAND_WRITTEN <= sent.paper_at <= scene.now:
        refusal = "paper_time"
    return None if refusal is None else Verdict(outcome=Outcome.REFUSED, reason=refusal)


def _doubt(scene: Scene, sender: Person, sent: Sent) -> Verdict | None:
    """Refuse an entry that its signer cannot be held to, or that comes after the end."""
    if scene.run.state != "running":
        return Verdict(outcome=Outcome.REFUSED, reason="run_ended")
    member = scene.members.get(sent.signer)
    if member is None:
        return Verdict(outcome=Outcome.REFUSED, reason="not_on_roster")
    if sent.via == "paper":
        return _doubt_paper(scene, sender, sent)
    if sent.proof is not None and member.pin_key is not None:
        fits = is_proof(bytes.fromhex(member.pin_key), sent.words, sent.proof)
        return None if fits else Verdict(outcome=Outcome.REFUSED, reason="wrong_pin")
    own = member.pin_key is None and sender.id == sent.signer
    return None if own else Verdict(outcome=Outcome.REFUSED, reason="wrong_pin")


def _judged(scene: Scene, row: EntryRow) -> Verdict:
    if row.act == HEADCOUNT:
        return Verdict(outcome=Outcome.ACCEPTED)
    if row.task not in scene.tasks:
        return Verdict(outcome=Outcome.REFUSED, reason="no_such_task")
    words = json.loads(row.words)
    act = Act(row.act)
    signer = Signer(
        id=row.signer_id,
        posts=scene.posts_of(row.signer_id),
        is_member=row.signer_id in scene.members,
        is_proved=True,
    )
    # The first picture of a paper entry is the sheet itself; it is no picture of the work.
    photos = words["photos"][1:] if words["via"] == "paper" else words["photos"]
    return judge(scene.facts(row.task, act), act, signer, words["values"], photos)


async def _carry_out(conn: Conn, scene: Scene, row: EntryRow, verdict: Verdict) -> None:
    words = json.loads(row.words)
    trail = {
        "entry": str(row.id),
        "device": str(row.device_id),
        "sequence": row.sequence,
        "device_at": row.device_at.isoformat(),
        "words_sha256": row.words_sha256,
        "via": words["via"],
    }
    if words["via"] == "paper":
        trail |= {"entered_by": row.sent_by, "paper": words["paper"]}
    if verdict.outcome is Outcome.ACCEPTED and words["act"] == Act.READ and row.task is not None:
        await moves.note_read(
            conn,
            scene,
            row.task,
            person_id=row.signer_id,
            person=row.signer_name,
            at=row.acted_at,
            answers=words["answers"],
            **trail,
        )
        return
    if verdict.outcome is Outcome.ACCEPTED and verdict.event is not None and row.task is not None:
        trail |= {"photos": words["photos"], "note": words["note"], "answers": words["answers"]}
        await moves.move(
            conn,
            scene,
            row.task,
            verdict.event,
            person_id=row.signer_id,
            person=row.signer_name,
            at=row.acted_at,
            values=words["values"],
            **trail,
        )
        return
    if verdict.outcome is Outcome.ACCEPTED:
        await _count_people(conn, scene, row, int(words["values"]["people"]), trail)
        return
    kind = {
        Outcome.PENDING: "entry.kept",
        Outcome.CONCURRENT: "entry.concurrent",
        Outcome.REFUSED: "entry.refused",
    }[verdict.outcome]
    facts: dict[str, Any] = {**trail, "act": row.act, "reason": verdict.reason, "facts": dict(verdict.facts)}
    scene.run = await record.append(
        conn, scene.run, kind, by=row.signer_name, now=scene.now, task=row.task, **facts
    )


async def _count_people(conn: Conn, scene: Scene, row: EntryRow, people: int, trail: dict[str, Any]) -> None:
    await write_people_inside(conn, scene.run.id, people)
    scene.run = replace(scene.run, people_inside=people)
    scene.run = await record.append(
        conn, scene.run, "people.counted", by=row.signer_name, now=scene.now, people=people, **trail
    )
    await exits.free_if_needed(conn, scene)


def _fate(row: EntryRow, status: int) -> Fate:
    return Fate(id=row.id, status=status, outcome=row.outcome, reason=row.reason, facts=row.facts)
