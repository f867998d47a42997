"""Publishing plan versions and editing drafts: as a file, or field by field on a screen, without loss."""

import hashlib
import io
from datetime import datetime
from typing import Any

from facility.errors import Conflict, Invalid
from facility.identity import Person
from facility.ids import new_uuid
from wartime_conversion.plan_file import REFERENCE_PLAN, read_plan
from wartime_conversion.plan_library.store import (
    Conn,
    PlanDraft,
    PlanVersion,
    delete_draft,
    insert_version,
    read_draft,
    read_newest,
    write_draft,
)

REFERENCE = "reference"


class NothingChanged(Conflict):
    """The file is the version already published."""

    code = "conversion.nothing_changed"


class DraftMovedOn(Conflict):
    """Somebody saved the draft in the meantime."""

    code = "conversion.draft_moved_on"


async def publish(
    conn: Conn, plan_id: str, source: str, note: str, person_name: str, now: datetime
) -> PlanVersion:
    """Publish a plan file as the next version of a plan; it never changes afterwards.

    Raises:
        PlanUnreadable: the file is no plan.
        NothingChanged: the newest version has the same bytes.
    """
    plan = read_plan(source, plan_id)
    newest = await read_newest(conn, plan_id)
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    if newest is not None and newest.sha256 == sha256:
        raise NothingChanged(f"{plan_id} is at this version already", number=newest.number)
    version = PlanVersion(
        id=new_uuid(),
        plan_id=plan_id,
        number=newest.number + 1 if newest else 1,
        title_zh=plan.title_zh,
        title_en=plan.title_en,
        source=source,
        sha256=sha256,
        note=note,
        published_at=now,
        published_by=person_name,
    )
    await insert_version(conn, version)
    await delete_draft(conn, plan_id)
    return version


async def ensure_reference(conn: Conn, now: datetime) -> PlanVersion:
    """Publish the bundled reference plan where none is published, and return its newest version."""
    newest = await read_newest(conn, REFERENCE)
    if newest is not None:
        return newest
    source = REFERENCE_PLAN.read_text(encoding="utf-8")
    return await publish(conn, REFERENCE, source, "bundled reference plan", "system", now)


async def save_draft(
    conn: Conn, plan_id: str, source: str, revision: int, person: Person, now: datetime
) -> PlanDraft:
    """Save a draft over the revision it was made from.

    Raises:
        PlanUnreadable: the text is no plan file.
        DraftMovedOn: another save came first.
    """
    read_plan(source, plan_id)
    newest = await read_newest(conn, plan_id)
    draft = PlanDraft(
        plan_id=plan_id,
        source=source,
        base_number=newest.number if newest else 0,
        revision=revision + 1,
        changed_at=now,
        changed_by=person.name,
    )
    current = await read_draft(conn, plan_id)
    if (current.revision if current else 0) != revision or not await write_draft(conn, draft):
        raise DraftMovedOn(
            "somebody saved this plan in the meantime", revision=current.revision if current else 0
        )
    return draft


def edit_task(source: str, task_id: str, fields: dict[str, Any]) -> str:
    """Change fields of one task in a plan file and leave every other byte's meaning, order and comment alone.

    Args:
        source: the plan file.
        task_id: the task to change.
        fields: values by the file's own keys, e.g. `{"duration_min": {"likely": 90}}`; a mapping is merged.

    Raises:
        Invalid: the file has no such task, or a key is not one of a task.
        PlanUnreadable: the changed file is no plan.
    """
    from ruamel.yaml import YAML  # slow to import, and plans are seldom edited

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    data = yaml.load(source)
    for entry in [*data.get("tasks", ()), *data.get("restore_tasks", ())]:
        if entry["id"] == task_id:
            _merge(entry, fields)
            break
    else:
        raise Invalid(f"the plan has no task {task_id}", task=task_id)
    out = io.StringIO()
    yaml.dump(data, out)
    read_plan(out.getvalue(), "draft")
    return out.getvalue()


def _merge(entry: dict[str, Any], fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        if isinstance(value, dict) and isinstance(entry.get(key), dict):
            _merge(entry[key], value)
        else:
            entry[key] = value
