"""Journey (i): a picture becomes a stay, a gate opens, the zone counts, the map hears of it."""

from pathlib import Path

import httpx
import pytest

from tests.journeys.house import House, eventually

SHARED = Path(__file__).parents[3] / "shared"


def stay_of(house: House, plate: str) -> tuple[object, ...] | None:
    rows = house.rows(
        "select state, entry_lane, inside_at from report.stay_open where plate = %(plate)s", plate=plate
    )
    return rows[0] if rows else None


def occupied(house: House, zone: object) -> int:
    ((count,),) = house.rows("select occupied from report.zone_now where zone_id = %(zone)s", zone=zone)
    return int(count)


def test_a_car_in_a_picture_is_let_in_and_counted(house: House) -> None:
    house.show("A-IN", "苏F82K6P", seed=11)
    state = eventually(
        lambda: (found := stay_of(house, "苏F82K6P")) and found[0] == "inside" and found, "the stay is inside"
    )
    assert state[1] == "A-IN"
    ((zone,),) = house.rows("select zone_id from report.stay_open where plate = '苏F82K6P'")
    assert occupied(house, zone) >= 1
    samples = house.rows(
        "select count(*) from report.occupancy_minute where zone_id = %(zone)s and at > now() - interval '5 min'",
        zone=zone,
    )
    assert samples[0][0] >= 1
    ((picture,),) = house.rows("select picture_path from lpr.plate_read where text = '苏F82K6P'")
    assert picture


def test_the_same_car_read_twice_has_one_stay(house: House) -> None:
    house.show("A-IN", "苏F5M3Q7", seed=21)
    house.show("B-IN", "苏F5M3Q7", seed=22)
    eventually(lambda: stay_of(house, "苏F5M3Q7"), "the stay is open")
    eventually(
        lambda: len(house.rows("select 1 from lpr.plate_read where text = '苏F5M3Q7'")) == 2, "both were read"
    )
    opened = house.rows("select count(*) from parking.lane_log where plate = '苏F5M3Q7' and outcome = 'open'")
    assert opened == [(1,)]


def test_the_map_hears_of_a_stay_on_the_live_stream(house: House) -> None:
    with house.signed_in() as client, client.stream("GET", "/api/v1/live", timeout=20) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line)
        house.show("U-IN", "苏FD12345", seed=31)
        heard = next(line for line in lines if line.startswith("data:") and "stay.opened" in line)
    assert "苏FD12345" not in heard


def test_an_unreadable_picture_is_put_aside_and_the_lane_goes_on(house: House) -> None:
    folder = house.data / "cameras" / "cam-B-IN"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    eventually(lambda: (folder / "broken" / "torn.jpg").exists(), "the broken picture was put aside")
    house.show("B-IN", "沪A7H92C", seed=41)
    eventually(lambda: stay_of(house, "沪A7H92C"), "the next car is let in")


@pytest.mark.skipif(not (SHARED / "lpr-real").exists(), reason="the real pictures are not here")
def test_a_real_photograph_is_read_and_kept(house: House) -> None:
    scene = sorted((SHARED / "lpr-real" / "scenes").glob("*.jpg"))[0]
    before = house.rows("select count(*) from lpr.plate_read where camera_id = 'cam-U-OUT'")
    folder = house.data / "cameras" / "cam-U-OUT"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "real-1.jpg").write_bytes(scene.read_bytes())
    eventually(
        lambda: house.rows("select count(*) from lpr.plate_read where camera_id = 'cam-U-OUT'") != before,
        "the photograph's plate was published",
    )


@pytest.mark.parametrize("name", ["lpr", "work", "web"])
def test_a_killed_process_comes_back_and_the_arrival_completes(house: House, name: str) -> None:
    plate = {"lpr": "苏A3B8K2", "work": "苏A4C9L3", "web": "苏A6D2M4"}[name]
    house.show("A-IN", plate, seed=sum(map(ord, name)))
    house.kill(name)
    eventually(lambda: (found := stay_of(house, plate)) and found[0] == "inside", f"{plate} is inside", 60)


def test_a_killed_database_loses_nothing_acknowledged(house: House) -> None:
    house.show("A-IN", "苏B7E3N5", seed=71)
    before = eventually(lambda: stay_of(house, "苏B7E3N5"), "the stay is open")
    house.kill_database()
    assert stay_of(house, "苏B7E3N5") is not None, before
    house.show("B-IN", "苏B8F4P6", seed=72)
    eventually(lambda: stay_of(house, "苏B8F4P6"), "the next car is let in", 60)
    assert httpx.get(f"{house.url}/healthz", timeout=5).status_code == 200
