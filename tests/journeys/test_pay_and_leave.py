"""Journey (ii) to its end, in the demonstration: a driver comes in, charges, pays once for both, and drives out."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.journeys.house import House, eventually

PLATE = "苏FD40618"


@pytest.fixture(scope="module")
def garage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demonstration as `make run` starts it: simulated chargers, cars and payment."""
    house = House(tmp_path_factory.mktemp("garage"), demo=True)
    house.start()
    yield house
    assert house.stop() == 0


def situation(driver: httpx.Client, evse: str) -> str:
    text = driver.get(f"/c/{evse}").text
    return text.split('data-situation="')[1].split('"')[0]


def start_at_a_free_charger(house: House, driver: httpx.Client) -> str:
    """The demonstration's own cars come and go, so the driver takes whichever charger is free just now."""

    def started() -> str | None:
        for evse in (f"E{number:02d}" for number in range(1, 31)):
            if situation(driver, evse) == "free":
                driver.post(f"/c/{evse}/start", data={"plate": PLATE})
                eventually(lambda evse=evse: situation(driver, evse) != "free", f"{evse} answers", 30)  # type: ignore[misc]
                if situation(driver, evse) in ("starting", "mine"):
                    return evse
        return None

    return eventually(started, "a charger was free", 120)


def stay_states(house: House) -> list[str]:
    return [
        state
        for (state,) in house.rows("select state from parking.stay where plate = %(plate)s", plate=PLATE)
    ]


def due_fen(page: str) -> int:
    found = re.search(r'name="amount_fen" value="(\d+)"', page)
    return int(found.group(1)) if found else 0


def test_one_bill_for_parking_and_charging_is_paid_and_opens_the_exit(garage: House) -> None:
    garage.show("A-IN", PLATE, seed=77)
    eventually(lambda: stay_states(garage) == ["inside"], "the car is inside", 60)
    with httpx.Client(base_url=garage.url, timeout=20, follow_redirects=True) as driver:
        evse = start_at_a_free_charger(garage, driver)
        eventually(lambda: situation(driver, evse) == "mine", "the charge is this driver's", 60)
        eventually(
            lambda: garage.rows(
                "select 1 from charging.meter_sample s join charging.transaction t on t.id = s.transaction_id "
                "where t.plate = %(plate)s and s.delivered_wh > 30",
                plate=PLATE,
            ),
            "enough energy for more than a fen was metered, also at the slowest car's 3.3 kW",
            120,
        )
        driver.post(f"/c/{evse}/stop")
        eventually(lambda: situation(driver, evse) == "done", "the charge is over", 60)
        ((owed_fen,),) = garage.rows(
            "select b.total_fen from charging.bill b join charging.transaction t on t.id = b.transaction_id "
            "where t.plate = %(plate)s",
            plate=PLATE,
        )
        assert owed_fen > 0
        mine = driver.post("/stay", data={"plate": PLATE})
        address = mine.url.path
        assert due_fen(mine.text) == owed_fen, "the first minutes of parking are free, the charge is not"
        paying = driver.post(f"{address}/pay", data={"way": "simulated", "amount_fen": str(owed_fen)})
        bank = re.search(r'href="[^"]*(/pay/simulated/\w+)\?back=', paying.text)
        assert bank, paying.text
        driver.post(bank.group(1), data={"act": "pays", "back": f"{address}/paying"})
        eventually(lambda: due_fen(driver.get(address).text) == 0, "nothing is owed any more", 60)
    garage.show("A-OUT", PLATE, seed=78)
    eventually(lambda: stay_states(garage) == ["closed"], "the car drove out", 60)
    payments = garage.rows(
        "select count(*), sum(amount_fen) from report.payment_made p join parking.stay s on s.id = p.stay_id "
        "where s.plate = %(plate)s",
        plate=PLATE,
    )
    assert payments == [(1, owed_fen)]
