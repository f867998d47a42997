"""The run's record: every act appended once, chained to the one before, and told to the live screens."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from facility.store import write_fact
from wartime_conversion.rules.chain import Entry, canonical, export_log, genesis, next_entry
from wartime_conversion.store import Conn, EventRow, Run, insert_event, write_head


def run_facts(run: Run) -> dict[str, Any]:
    """What a run is from its start on and never otherwise; the chain begins with its hash."""
    return {
        "id": str(run.id),
        "code": run.code,
        "kind": run.kind,
        "purpose": run.purpose,
        "unit": run.unit,
        "plan_version": str(run.plan_version),
        "started_at": run.started_at.astimezone(UTC).isoformat(),
        "started_by": run.started_by,
    }


def first_head(run: Run) -> str:
    """The head of a record that has no entry yet."""
    return genesis(run_facts(run))


async def append(
    conn: Conn, run: Run, kind: str, *, by: str, now: datetime, task: str | None = None, **detail: Any
) -> Run:
    """Append one entry to a run that this unit of work has locked.

    Args:
        conn: connection of the unit of work.
        run: the run as last read or appended to.
        kind: what happened, noun.verb.
        by: the person's name, or `system`.
        now: server time, aware UTC.
        task: the task's code, if it is about one.
        detail: JSON-able facts.

    Returns:
        The run with its new head.
    """
    body: dict[str, Any] = {"task": task, "person": by, **detail}
    entry = next_entry(run.head, run.entries + 1, at=now.astimezone(UTC).isoformat(), kind=kind, body=body)
    await insert_event(
        conn,
        EventRow(
            run_id=run.id,
            number=entry.seq,
            at=now,
            kind=kind,
            task=task,
            person=by,
            body=canonical(body).decode(),
            previous_hash=entry.prev,
            hash=entry.hash,
        ),
    )
    await write_head(conn, run.id, entry.hash, entry.seq)
    fact = "task.changed" if task else "run.changed"
    await write_fact(
        conn, fact, task or run.code, {"run": run.code, "kind": kind, "drill": not run.is_actual}, now=now
    )
    return replace(run, head=entry.hash, entries=entry.seq)


def log_entries(events: Iterable[EventRow]) -> list[Entry]:
    """The record's rows as the chain's entries."""
    return [
        Entry(
            seq=row.number,
            at=row.at.astimezone(UTC).isoformat(),
            kind=row.kind,
            body=json.loads(row.body),
            prev=row.previous_hash,
            hash=row.hash,
        )
        for row in events
    ]


def exported(run: Run, events: Iterable[EventRow]) -> bytes:
    """The record as a file that `pingzhan conversion verify-log` judges."""
    return export_log(run_facts(run), log_entries(events))
