"""Sirens that really sound, codes read by the page itself, two voices at a door, paper entered, the depot's desk."""

import io
import threading
from typing import Any

import pytest
import segno
from playwright.sync_api import Browser, Page

from tests.browser.garage import Garage
from tests.browser.walk import (
    API,
    NAMES,
    fill_login,
    fill_values,
    prepare_run,
    put_pin,
    sign,
    sign_in,
    wait_count,
    wait_ready_offline,
)

pytestmark = pytest.mark.browser
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "locale": "zh-CN"}

LOUDNESS = """async (id) => {
  const { arrange, known } = await import("/drill/siren.js");
  const told = await (await fetch(`/api/v1/conversion/runs/${RUN}/sirens`)).json();
  const what = known(told).get(id);
  const rate = 8000;
  const context = new OfflineAudioContext(1, rate * (what.total_s + 1), rate);
  arrange(context, what, 0);
  const sound = (await context.startRendering()).getChannelData(0);
  const loud = (second) => {
    let sum = 0;
    for (let i = Math.round((second + 0.1) * rate); i < (second + 0.9) * rate; i++) sum += sound[i] * sound[i];
    return Math.sqrt(sum / (0.8 * rate)) > 0.02;
  };
  return Array.from({ length: what.total_s + 1 }, (_, second) => (loud(second) ? "1" : "0")).join("");
}"""


def test_the_page_produces_the_sirens_sound_by_sound_and_second_by_second(
    garage: Garage, browser: Browser
) -> None:
    run = prepare_run(garage)
    page = browser.new_context(**PHONE).new_page()
    sign_in(page, garage, "sun")
    heard = {
        name: page.evaluate(LOUDNESS.replace("RUN", f"'{run}'"), name)
        for name in ("prewarning", "air_raid", "all_clear")
    }
    assert heard["prewarning"] == ("1" * 36 + "0" * 24) * 3 + "0"
    assert heard["air_raid"] == ("1" * 6 + "0" * 6) * 15 + "0"
    assert heard["all_clear"] == "1" * 180 + "0"


def test_a_siren_told_by_the_commander_starts_the_phones_clock_and_shows_there(
    garage: Garage, browser: Browser
) -> None:
    prepare_run(garage, profile="siren918")
    phone = browser.new_context(**PHONE).new_page()
    sign_in(phone, garage, "zhang")
    desk = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
    sign_in(desk, garage, "sun")
    desk.goto(f"{garage.url}/drill/command")
    desk.click("[data-sound=air_raid]")
    desk.wait_for_selector("#siren [data-siren=on], #siren [data-siren=off]")
    phone.click(".send")
    phone.wait_for_selector(".sirenbar [data-siren]", timeout=20_000)
    assert "空袭警报" in phone.inner_text(".sirenbar")
    elapsed = phone.inner_text(".clocks .face:first-child output")
    assert elapsed.startswith("00:00:"), elapsed
    phone.click("[data-act=siren-sound]")
    phone.wait_for_function(
        "async () => (await import('/drill/siren.js')).audioState() === 'running'", timeout=10_000
    )


def scan(page: Page, text: str) -> None:
    """Hand the page a picture of a code, as its camera button would."""
    picture = io.BytesIO()
    segno.make(text, error="m").save(picture, kind="png", scale=8, border=4)
    page.click("[data-act=scan]")
    page.set_input_files(
        "[data-scan-picture]", {"name": "code.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )


def test_labels_of_openings_tasks_and_components_are_read_by_the_page_without_a_server(
    garage: Garage, browser: Browser
) -> None:
    prepare_run(garage)
    page = browser.new_context(**PHONE).new_page()
    sign_in(page, garage, "zhang")
    wait_ready_offline(page)
    garage.stop()
    scan(page, f"{garage.url}/drill/#U08")
    page.wait_for_selector("[data-sheet=U08]")
    page.click(".back")
    scan(page, f"{garage.url}/drill/#K3")
    page.wait_for_selector("[data-scan]", state="detached")
    assert page.locator(".tab.on[data-tab=zones]").count() == 1
    scan(page, "https://example.org/menu")
    page.wait_for_function(
        "() => document.querySelector('[data-scan] .fault').textContent.includes('example.org')"
    )
    page.click("[data-act=scan-close]")


def voice(page: Page, mode: str) -> None:
    """Go through the points as the reader, the doer, or both on one phone."""
    page.click(f"[data-voice={mode}]")
    while page.locator("[data-point]").count():
        at = page.get_attribute("[data-point]", "data-point")
        if mode == "both":
            page.click(f"[data-read='{at}']")
        page.click(f"[data-answer='{at}']")
    assert page.locator("[data-points=done]").count() == 1


def test_a_door_is_closed_by_two_phones_reading_and_answering_without_a_network(
    garage: Garage, browser: Browser
) -> None:
    run = prepare_run(garage, profile="siren918")
    with garage.client("sun") as boss:
        for code in ("U01", "U02", "U03"):  # what stands before the doors is talked through elsewhere
            boss.post(f"{API}/runs/{run}/tasks/{code}/override", json={"reason": "演练设定"})
    phones: dict[str, Page] = {}
    for login in ("zhang", "li"):
        phones[login] = browser.new_context(**PHONE).new_page()
        sign_in(phones[login], garage, login)
        wait_ready_offline(phones[login])
    free_door(garage, run)
    for page in phones.values():
        page.click(".send")
        page.wait_for_selector("[data-task=U08]")
    garage.stop()
    doer, reader = phones["zhang"], phones["li"]
    for page in (doer, reader):
        page.click("[data-task=U08]")
    voice(reader, "reader")
    assert reader.locator("[data-act=report]").count() == 0
    reader.click("[data-act=read]")
    put_pin(reader, "li")
    reader.wait_for_selector("[data-sheet]", state="detached")
    fill_values(doer)
    voice(doer, "doer")
    doer.click("[data-act=report]")
    put_pin(doer, "zhang")
    doer.wait_for_selector("[data-sheet]", state="detached")
    garage.start()
    doer.click(".send")
    wait_count(doer, "sent", 1)
    doer.click("[data-tab=record]")
    assert doer.locator("[data-fate=pending]").count() == 1, "the reader's phone has not come up yet"
    reader.click(".send")
    wait_count(reader, "sent", 1)
    doer.click(".send")
    doer.wait_for_selector("[data-fate=accepted]")
    with garage.client("sun") as boss:
        door = next(t for t in boss.get(f"{API}/runs/{run}").json()["tasks"] if t["code"] == "U08")
    assert (door["read_by_name"], door["reported_by_name"]) == (NAMES["li"], NAMES["zhang"])
    sign(doer, "U09", "report", "zhang")  # one phone for both: the reader signs first, then the doer
    wait_count(doer, "sent", 3)
    assert doer.locator("[data-count=refused] b").inner_text() == "0"
    with garage.client("sun") as boss:
        record = boss.get(f"{API}/runs/{run}/events").json()
    said = [(row["kind"], row["person"]) for row in record if row["task"] == "U09"]
    assert ("challenge.read", NAMES["li"]) in said
    assert ("task.reported", NAMES["zhang"]) in said


def free_door(garage: Garage, run: str) -> None:
    """Bring the run to where the blast door may be closed."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from tests.wartime_conversion.phones import values_for
    from wartime_conversion.rules.words import canonical, pin_key, proof

    device, sequence = str(uuid4()), 0
    with garage.client("sun") as boss:
        for _ in range(12):
            told = boss.get(f"{API}/runs/{run}").json()
            tasks = {t["code"]: t for t in told["tasks"]}
            if tasks["U08"]["state"] == "ready":
                return
            people = {s["name"]: s for s in told["signers"]}
            batch = []
            for task in (t for t in tasks.values() if t["state"] == "ready"):
                leader = NAMES["sun" if task["sign_role"] == "commander" else "zhang"]
                acts = [("report", leader, "1111" if task["sign_role"] == "commander" else "2222")]
                acts += [("second", NAMES["li"], "3333")] if task["is_two_person"] else []
                acts += [("accept", NAMES["sun"], "1111")] if task["is_hold_point"] else []
                for act, name, pin in acts:
                    sequence += 1
                    words = canonical(
                        {
                            "id": str(uuid4()), "run": run, "task": task["code"], "act": act,
                            "signer": people[name]["id"], "device": device, "sequence": sequence,
                            "device_at": datetime.now(UTC).isoformat(), "photos": [], "answers": [], "note": "",
                            "values": values_for(task) if act == "report" else {}, "via": "screen",
                        }
                    )  # fmt: skip
                    key = pin_key(pin, bytes.fromhex(people[name]["salt"]), people[name]["rounds"])
                    batch.append({"words": words, "proof": proof(key, words)})
            body = {"device_now": datetime.now(UTC).isoformat(), "entries": batch}
            reply = boss.post(f"{API}/runs/{run}/entries", json=body)
            assert reply.status_code == 200, reply.text
    raise AssertionError(tasks["U08"])


def test_the_recorder_enters_a_sheet_with_its_picture_and_the_record_says_paper(
    garage: Garage, browser: Browser
) -> None:
    run = prepare_run(garage)
    with garage.client("sun") as boss:
        people = {row["name"]: row["id"] for row in boss.get(f"{API}/members").json()}
        body = {"role": "recorder", "person": people[NAMES["li"]]}
        assert boss.post(f"{API}/runs/{run}/roles", json=body).status_code == 201
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN").new_page()
    sign_in(page, garage, "li")
    page.goto(f"{garage.url}/drill/paper")
    page.select_option("[data-paper-task]", "E01")
    picture = io.BytesIO()
    segno.make("a sheet").save(picture, kind="png", scale=6)
    page.set_input_files(
        "[data-sheet-photo]", {"name": "s.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    page.wait_for_selector(".paperform .thumb")
    fill_values(page, "[data-form=paper]")
    now = page.evaluate("new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 16)")
    page.fill("[name=done_at]", now)
    assert NAMES["li"] not in page.inner_text("[name=signed_by]"), "nobody enters their own sheet"
    page.select_option("[name=signed_by]", label=NAMES["sun"])
    if page.locator("[name=second_by]").count():
        page.select_option("[name=second_by]", label=NAMES["zhang"])
    page.click("[data-act=enter-paper]")
    page.wait_for_selector("[data-fate=accepted]", timeout=20_000)
    with garage.client("sun") as boss:
        record = boss.get(f"{API}/runs/{run}/events").json()
    (event,) = [row for row in record if row["kind"] == "task.reported"]
    assert event["person"] == NAMES["sun"]
    assert '"via":"paper"' in event["body"]
    assert f'"entered_by":"{NAMES["li"]}"' in event["body"]


def test_goods_are_taken_in_put_away_and_counted_on_the_depots_desk(garage: Garage, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN").new_page()
    prepare_depot(garage)
    page.goto(f"{garage.url}/drill/")
    fill_login(page, "sun")
    page.wait_for_selector("[data-form=login]", state="detached")
    page.goto(f"{garage.url}/drill/depot")
    page.wait_for_selector("[data-pallets='0']")
    page.click("[data-tab=slots]")
    page.click("[data-act=open-slots]")
    page.wait_for_selector("[data-slot=B1-001]")
    page.click("[data-tab=receive]")
    page.select_option("[data-form=receive] [name=category]", "B1")
    page.fill("[data-form=receive] [name=batch]", "T-7")
    page.fill("[data-form=receive] [name=pallets]", "4")
    page.click("[data-act=receive]")
    page.click("[data-decide='T-7'] [data-act=release-lot]")
    page.wait_for_selector("[data-put-away='T-7']")
    page.click("[data-put-away='T-7'] [data-act=suggest]")
    page.wait_for_selector("[data-put-away='T-7'] [data-suggested^=B1]")
    page.fill("[data-put-away='T-7'] [name=engineer]", "钱工")
    page.click("[data-put-away='T-7'] [data-act=put-away]")
    page.wait_for_selector("[data-put-away='T-7']", state="detached")
    page.click("[data-tab=stock]")
    assert "×4" in page.inner_text("[data-lot='T-7']")
    assert page.get_attribute("[data-pallets]", "data-pallets") == "4"


def prepare_depot(garage: Garage) -> None:
    """Bays that were reported clear."""
    import asyncio
    from datetime import UTC, datetime

    from facility.db import open_pool, unit_of_work
    from facility.store import write_bay_use

    async def clear() -> None:
        pool = await open_pool(garage.dsn)
        try:
            async with unit_of_work(pool) as conn:
                for bay in ("B1-001", "B1-002", "B1-003"):
                    await write_bay_use(conn, bay, "clear", by="test", now=datetime.now(UTC))
        finally:
            await pool.close()

    # Playwright's loop runs in this thread.
    other = threading.Thread(target=lambda: asyncio.run(clear()))
    other.start()
    other.join()
