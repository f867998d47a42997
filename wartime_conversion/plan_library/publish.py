"""Publishing plan versions and saving drafts."""

import hashlib
from datetime import datetime

from facility.errors import Conflict
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
