"""Nothing is kept longer than it may be, and a plate's owner may see and erase what is kept."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facility.alarm_store import read_open_alarms
from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.ids import new_uuid
from facility.settings import Settings
from facility.site import Site
from facility.units import SHANGHAI
from gateway.parking import lists_store, privacy_store, store
from gateway.parking.pricing import ensure_demonstration_list
from gateway.parking.privacy import (
    PlateInside,
    erase_plate,
    export_plate,
    is_run_due,
    remove_files,
    run_retention,
)
from gateway.parking.privacy_store import RetentionRow
from gateway.parking.rules.retention import DEFAULT_DAYS, Kind, cutoff
from gateway.parking.rules.stay import StayState
from lpr.store import PlateRead, write_read
from tests.fakes import FakeClock

PLATE, OTHER = "苏F12345", "苏F54321"


@pytest.fixture
def kept(dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path) -> Context:
    return Context(settings=Settings(data=tmp_path), dsn=dsn, pool=pool, clock=clock, site=site)


async def visit(ctx: Context, plate: str, days_ago: int, *, is_over: bool = True) -> tuple[Path, store.Stay]:
    """A car that came some days ago: read with a picture, let in, and gone after an hour."""
    at = ctx.clock.now() - timedelta(days=days_ago)
    picture = Path("pictures") / f"{new_uuid().hex}.jpg"
    (ctx.settings.data / picture).parent.mkdir(exist_ok=True)
    (ctx.settings.data / picture).write_bytes(b"jpeg")
    stay_id = new_uuid()
    async with unit_of_work(ctx.pool) as conn:
        await ensure_demonstration_list(conn, in_force_from=at - timedelta(days=400), now=at)
        read = PlateRead(
            id=new_uuid(),
            camera_id="cam-A-IN",
            lane_id="A-IN",
            direction="in",
            text=plate,
            raw_text=plate,
            kind="blue",
            confidence=0.99,
            char_confidence=[0.99],
            accepted=True,
            looks=3,
            corrects=None,
            origin="reader",
            picture_path=str(picture),
            box=None,
            seen_at=at,
            published_at=at,
        )
        assert await write_read(conn, read)
        new = store.NewStay(
            id=stay_id,
            plate=plate,
            plate_kind="blue",
            vehicle_class="small",
            ticket=None,
            state=StayState.INSIDE,
            entry_lane="A-IN",
            entry_read=read.id,
            entry_how="read",
            entered_at=at,
            permit_id=None,
            is_simulated=False,
        )
        assert await store.insert_stay(conn, new)
        if is_over:
            await conn.execute(
                "update parking.stay set state = 'closed', left_at = %s where id = %s",
                (at + timedelta(hours=1), stay_id),
            )
        stay = await store.read_stay(conn, stay_id)
    return ctx.settings.data / picture, stay


async def test_a_run_deletes_what_is_too_old_and_proves_that_nothing_older_is_left(kept: Context) -> None:
    old_picture, old = await visit(kept, PLATE, 200)
    month_picture, month = await visit(kept, OTHER, 40)
    new_picture, _ = await visit(kept, "苏F00001", 1)
    runs = {run.kind: run for run in await run_retention(kept)}
    assert [run.remaining for run in runs.values()] == [0, 0, 0, 0]
    assert (runs["picture"].files_deleted, runs["picture"].files_remaining) == (2, 0)
    assert [path.exists() for path in (old_picture, month_picture, new_picture)] == [False, False, True]
    async with unit_of_work(kept.pool) as conn:
        assert (await store.read_stay(conn, old.id)).plate is None
        assert (await store.read_stay(conn, month.id)).plate == OTHER
        assert len((await export_plate(conn, OTHER))["reads"]) == 1
        assert (await export_plate(conn, PLATE))["reads"] == []
        assert len(await privacy_store.read_runs(conn)) == 4
    again = await run_retention(kept)
    assert [run.deleted for run in again] == [0, 0, 0, 0]


async def test_a_car_that_is_inside_keeps_its_plate_however_long(kept: Context) -> None:
    _, stay = await visit(kept, PLATE, 300, is_over=False)
    await run_retention(kept)
    async with unit_of_work(kept.pool) as conn:
        assert (await store.read_stay(conn, stay.id)).plate == PLATE


async def test_what_people_set_takes_the_place_of_the_usual_days(kept: Context) -> None:
    picture, _ = await visit(kept, PLATE, 3)
    async with unit_of_work(kept.pool) as conn:
        row = RetentionRow(kind=Kind.PICTURE, keep_days=2, set_by="li", set_at=kept.clock.now())
        await privacy_store.write_retention(conn, row)
    await run_retention(kept)
    assert not picture.exists()


async def test_a_picture_that_cannot_be_removed_raises_an_alarm(kept: Context) -> None:
    picture, _ = await visit(kept, PLATE, 40)
    picture.unlink()
    picture.mkdir()
    runs = {run.kind: run for run in await run_retention(kept)}
    assert runs["picture"].files_remaining == 1
    async with unit_of_work(kept.pool) as conn:
        assert [alarm.kind for alarm in await read_open_alarms(conn)] == ["privacy.not_deleted"]


def test_a_path_out_of_the_state_directory_is_not_touched(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"x")
    inside = tmp_path / "state"
    inside.mkdir()
    assert remove_files(inside, ["../outside.jpg"]) == (0, 1)
    assert outside.exists()


async def test_everything_about_a_plate_is_exported(kept: Context) -> None:
    await visit(kept, PLATE, 5)
    async with unit_of_work(kept.pool) as conn:
        exported = await export_plate(conn, PLATE)
        nobody = await export_plate(conn, OTHER)
    assert len(exported["stays"]) == len(exported["reads"]) == 1
    assert exported["reads"][0]["has_picture"]
    assert {key: value for key, value in nobody.items() if value} == {"plate": OTHER}


async def test_an_erasure_leaves_no_row_with_the_plate_but_the_deny_list_and_says_so(kept: Context) -> None:
    picture, stay = await visit(kept, PLATE, 5)
    _, other = await visit(kept, OTHER, 5)
    async with unit_of_work(kept.pool) as conn:
        for name in ("allow", "deny"):
            entry = lists_store.ListEntry(
                id=new_uuid(),
                list=name,
                plate=PLATE,
                reason="x",
                valid_from=kept.clock.now(),
                valid_until=None,
                made_at=kept.clock.now(),
                made_by="li",
            )
            await lists_store.insert_list_entry(conn, entry)
    proof = await erase_plate(kept, PLATE, reason="本人申请", by="li")
    assert (
        proof.counts["stays"]
        == proof.counts["reads"]
        == proof.counts["pictures"]
        == proof.counts["lists"]
        == 1
    )
    assert {name: count for name, count in proof.remaining.items() if count} == {"deny_list": 1}
    assert not picture.exists()
    assert PLATE not in str(proof)
    async with unit_of_work(kept.pool) as conn:
        assert (await store.read_stay(conn, stay.id)).plate is None
        assert (await store.read_stay(conn, other.id)).plate == OTHER
        assert (await export_plate(conn, PLATE))["stays"] == []


async def test_a_car_that_is_inside_cannot_be_erased(kept: Context) -> None:
    await visit(kept, PLATE, 0, is_over=False)
    with pytest.raises(PlateInside):
        await erase_plate(kept, PLATE, reason="x", by="li")
    async with unit_of_work(kept.pool) as conn:
        assert len((await export_plate(conn, PLATE))["reads"]) == 1


def test_a_run_is_due_once_a_night_and_where_it_was_missed() -> None:
    four = datetime(2026, 3, 2, 4, tzinfo=SHANGHAI)
    assert is_run_due(None, four)
    assert not is_run_due(four, four + timedelta(hours=23))
    assert is_run_due(four, four + timedelta(hours=24))
    assert is_run_due(four - timedelta(hours=25), four - timedelta(hours=1))


@given(st.sampled_from(Kind), st.integers(1, 7300), st.integers(0, 1000))
def test_a_longer_keeping_never_deletes_more(kind: Kind, days: int, more: int) -> None:
    now = datetime(2026, 3, 2, tzinfo=SHANGHAI)
    assert cutoff(kind, now, {kind: days + more}) <= cutoff(kind, now, {kind: days}) < now
    assert cutoff(kind, now, {}) == now - timedelta(days=DEFAULT_DAYS[kind])


async def test_privacy_is_the_managers_and_each_use_is_audited(client: httpx.AsyncClient) -> None:
    body = {"plate": PLATE, "reason": "本人申请"}
    assert (await client.post("/api/v1/privacy/exports", json=body)).status_code == 401
    await client.post("/api/v1/session", json={"login": "wu", "password": "long enough"})
    assert (await client.post("/api/v1/privacy/exports", json=body)).status_code == 403
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    assert (await client.post("/api/v1/privacy/exports", json=body)).json()["stays"] == []
    assert (await client.post("/api/v1/privacy/erasures", json=body)).status_code == 201
    checked = await client.post("/api/v1/privacy/erasures/check", json=body)
    assert len(checked.json()) == 1
    assert (await client.post("/api/v1/privacy/erasures/check", json=body | {"plate": OTHER})).json() == []
    assert (await client.put("/api/v1/privacy/retention/picture", json={"keep_days": 7})).status_code == 204
    assert (await client.get("/api/v1/privacy/retention")).json()["picture"] == 7
    assert len((await client.post("/api/v1/privacy/retention/runs")).json()) == 4
    audited = (await client.get("/api/v1/audit")).text
    assert "privacy.exported" in audited and "privacy.erased" in audited
    assert PLATE not in audited
