"""Journey (ii): a driver charges at a simulated charger of its own process, through a kill -9 of the central system."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.journeys.house import ROOT, House, eventually

EVSE, IDENTITY, PLATE = "E27", "NT-E27", "苏FD71234"


@pytest.fixture(scope="module")
def charger(house: House) -> Iterator[None]:
    """One 60 kW charger in real time, a process of its own on the client side of OCPP."""
    command = [sys.executable, "-m", "charging.simulator", "--only", EVSE, "--no-cars"]
    command += ["--url", f"ws://127.0.0.1:{house.ocpp_port}/ocpp", "--sample-s", "0.5"]
    log = (house.folder / "charger.txt").open("w")
    process = subprocess.Popen(command, cwd=ROOT, env=house.environment(), stdout=log, stderr=log)
    log.close()
    yield
    process.terminate()
    process.wait(10)


def situation(driver: httpx.Client) -> str:
    text = driver.get(f"/c/{EVSE}").text
    return text.split('data-situation="')[1].split('"')[0]


def delivered_wh(house: House) -> int:
    ((most,),) = house.rows("select coalesce(max(delivered_wh), 0) from charging.meter_sample")
    return int(most)


def test_a_charge_survives_the_kill_of_the_central_system_and_is_billed_once(
    house: House, charger: None
) -> None:
    eventually(
        lambda: house.rows("select 1 from charging.connector where evse_id = 'E27' and status = 'Available'"),
        "the charger has booted and is free",
    )
    with httpx.Client(base_url=house.url, timeout=20, follow_redirects=True) as driver:
        driver.post(f"/c/{EVSE}/start", data={"plate": PLATE})
        eventually(lambda: situation(driver) == "mine", "the driver's page shows the charge")
        before_wh = eventually(lambda: delivered_wh(house), "energy flows", 60)
        house.kill("charging")
        eventually(lambda: delivered_wh(house) > before_wh, "energy is metered again", 60)
        eventually(lambda: situation(driver) == "mine", "the page still shows this driver's charge")
        driver.post(f"/c/{EVSE}/stop")
        eventually(lambda: situation(driver) == "done", "the charge is over", 60)
    transactions = house.rows(
        "select t.id, t.meter_start_wh, t.meter_stop_wh, b.delivered_wh, b.total_fen from charging.transaction t "
        "left join charging.bill b on b.transaction_id = t.id where t.plate = %(plate)s",
        plate=PLATE,
    )
    assert len(transactions) == 1
    _, start_wh, stop_wh, billed_wh, total_fen = transactions[0]
    assert billed_wh == stop_wh - start_wh >= before_wh
    assert total_fen > 0
