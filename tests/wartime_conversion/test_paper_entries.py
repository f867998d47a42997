"""The recorder enters what was signed on paper: who, when, with a picture of the sheet, and never for oneself."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, Phone, values_for
from tests.wartime_conversion.test_conversion_journey import API, PICTURE, keep_picture, look, start

SHEET = hashlib.sha256(PICTURE).hexdigest()


async def order(hands: dict[str, Hand], recorder: str = "second") -> tuple[str, dict[str, Any]]:
    run = await start(hands["commander"], kind="drill")
    boss = hands["commander"].client
    given = {"recorder": hands[recorder], "leader": hands["leader"]}
    for role, hand in given.items():
        body = {"role": role, "person": str(hand.id)}
        assert (await boss.post(f"{API}/runs/{run}/roles", json=body)).status_code == 201
    await keep_picture(hands["leader"])
    task = {t["code"]: t for t in (await look(hands["commander"], run))["tasks"]}["E01"]
    return run, task


def sheet(phone: Phone, signer: Hand, clock: FakeClock, task: dict[str, Any], **more: Any) -> None:
    signed_at = more.pop("signed_at", clock.now() - timedelta(minutes=30))
    phone.say(
        signer, "report", task["code"], clock.now(), values=values_for(task), via="paper",
        **({"photos": [SHEET], "paper": {"signed_at": signed_at.isoformat(), "sheet": "ab12"}} | more),
    )  # fmt: skip
    phone.queue[-1]["proof"] = None


async def test_a_sheet_is_entered_by_the_recorder_and_the_chain_shows_it_as_paper(
    hands: dict[str, Hand], clock: FakeClock
) -> None:
    run, task = await order(hands)
    clock.advance(timedelta(hours=1))
    phone = Phone(run=run)
    sheet(phone, hands["commander"], clock, task)
    (fate,) = await phone.send(hands["second"], clock.now())
    assert (fate["outcome"], fate["reason"]) == ("accepted", None)
    told = {t["code"]: t for t in (await look(hands["commander"], run))["tasks"]}["E01"]
    assert told["reported_by_name"] == "孙指挥"
    assert datetime.fromisoformat(told["reported_at"]) == clock.now() - timedelta(minutes=30)
    record = (await hands["commander"].client.get(f"{API}/runs/{run}/events")).json()
    (event,) = [row for row in record if row["kind"] == "task.reported"]
    detail = json.loads(event["body"])["detail"]
    assert (event["person"], detail["via"], detail["entered_by"]) == ("孙指挥", "paper", "李副手")
    assert detail["paper"]["sheet"] == "ab12"
    assert detail["photos"] == [SHEET]


@pytest.mark.parametrize(
    ("sender", "signer", "more", "reason"),
    [
        ("leader", "commander", {}, "not_the_recorder"),
        ("second", "second", {}, "recorder_is_signer"),
        ("second", "commander", {"photos": []}, "sheet_photo_missing"),
        ("second", "commander", {"ahead_min": 5}, "paper_time"),
        ("second", "commander", {"ahead_min": -120}, "paper_time"),
    ],
)
async def test_a_sheet_that_cannot_be_held_to_is_refused(
    hands: dict[str, Hand], clock: FakeClock, sender: str, signer: str, more: dict[str, Any], reason: str
) -> None:
    run, task = await order(hands)
    clock.advance(timedelta(hours=1))
    if "ahead_min" in more:
        more = {"signed_at": clock.now() + timedelta(minutes=more["ahead_min"])}
    phone = Phone(run=run)
    sheet(phone, hands[signer], clock, task, **more)
    (fate,) = await phone.send(hands[sender], clock.now())
    assert (fate["outcome"], fate["reason"]) == ("refused", reason)


async def test_paper_without_its_time_is_no_statement_at_all(
    hands: dict[str, Hand], clock: FakeClock
) -> None:
    run, task = await order(hands)
    phone = Phone(run=run)
    phone.say(hands["commander"], "report", "E01", clock.now(), values=values_for(task), via="paper")
    body = {"device_now": clock.now().isoformat(), "entries": phone.queue}
    reply = await hands["second"].client.post(f"{API}/runs/{run}/entries", json=body)
    assert (reply.status_code, reply.json()["code"]) == (422, "conversion.words_unreadable")
