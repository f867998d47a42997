"""The run's record: every act appended once, chained to the one before, and told to the live screens."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from facility.fact_store import write_fact
from wartime_conversion.rules.chain import Link, chain_hash, export_log
from wartime_conversion.rules.words import canonical
from wartime_conversion.store import Conn, EventRow, Run, insert_event, write_head


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
    number = run.entries + 1
    body: dict[str, Any] = {
        "run": run.code,
        "number": number,
        "at": now.astimezone(UTC).isoformat(),
        "kind": kind,
        "task": task,
        "person": by,
        "detail": detail,
    }
    text = canonical(body)
    head = chain_hash(run.head, text)
    await insert_event(
        conn,
        EventRow(
            run_id=run.id,
            number=number,
            at=now,
            kind=kind,
            task=task,
            person=by,
            body=text,
            previous_hash=run.head,
            hash=head,
        ),
    )
    await write_head(conn, run.id, head, number)
    fact = "task.changed" if task else "run.changed"
    await write_fact(
        conn, fact, task or run.code, {"run": run.code, "kind": kind, "drill": not run.is_actual}, now=now
    )
    return replace(run, head=head, entries=number)


def exported(run: Run, events: Iterable[EventRow]) -> bytes:
    """The record as a file that `pingzhan conversion verify-log` judges."""
    facts = {
        "id": str(run.id),
        "code": run.code,
        "kind": run.kind,
        "purpose": run.purpose,
        "unit": run.unit,
        "plan_version": str(run.plan_version),
        "started_at": run.started_at.astimezone(UTC).isoformat(),
        "started_by": run.started_by,
    }
    links = [
        Link(number=row.number, body=row.body, previous_hash=row.previous_hash, hash=row.hash)
        for row in events
    ]
    return export_log(facts, links)
