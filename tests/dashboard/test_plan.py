"""The plan of a level is a whole drawing: every bay, opening and gate in its place, in both languages."""

import xml.etree.ElementTree as ET

import pytest

from dashboard.figures.bays import BayState
from dashboard.figures.plan import SCALE, plan_svg
from facility.ids import BayId, LevelId
from facility.layout import Site

SVG = "{http://www.w3.org/2000/svg}"


def drawn(site: Site, level: str = "B1", states: dict[str, BayState] | None = None) -> ET.Element:
    return ET.fromstring(plan_svg(site, site.levels[LevelId(level)], states or {}, "zh", "图"))


@pytest.mark.parametrize("level", ["B1", "L2", "L3", "L4", "R"])
def test_every_bay_of_a_level_is_drawn_once_at_its_place(site: Site, level: str) -> None:
    places = {
        node.get("data-bay"): node.get("transform")
        for node in drawn(site, level).iter(f"{SVG}g")
        if node.get("data-bay")
    }
    bays = [bay for bay in site.bays.values() if bay.level == level]
    assert set(places) == {bay.id for bay in bays}
    first = bays[0]
    assert str(places[first.id]).startswith(f"translate({first.x_m * SCALE:g} {first.y_m * SCALE:g})")


def test_openings_gates_and_columns_are_on_the_plan_of_their_level(site: Site) -> None:
    basement, roof = drawn(site, "B1"), drawn(site, "R")
    openings = {node.get("data-opening") for node in basement.iter(f"{SVG}g") if node.get("data-opening")}
    assert openings == set(site.openings)
    assert not [node for node in roof.iter(f"{SVG}g") if node.get("data-opening")]
    lanes = {node.get("data-lane") for node in basement.iter(f"{SVG}g") if node.get("data-lane")}
    assert lanes == {"A-IN", "A-OUT", "B-IN", "B-OUT"}
    columns = [node for node in basement.iter(f"{SVG}rect") if node.get("class") == "column"]
    assert len(columns) == len(site.levels[LevelId("B1")].columns)


def test_a_bays_class_and_glyph_follow_its_state(site: Site) -> None:
    state = BayState(bay_id="B1-001", occupied=True, has_evse=True, evse="Charging")
    bay = next(
        node for node in drawn(site, states={"B1-001": state}).iter() if node.get("data-bay") == "B1-001"
    )
    assert bay.get("class") == "bay charging"
    glyph = bay.find(f"{SVG}use")
    assert glyph is not None and glyph.get("href") == "#glyph-charging"
    assert (bay.get("data-occupied"), bay.get("data-status"), bay.get("data-evse")) == (
        "1",
        "charging",
        "E01",
    )


def test_a_bay_nobody_told_of_is_drawn_as_unknown(site: Site) -> None:
    bay = next(node for node in drawn(site).iter() if node.get("data-bay") == "B1-050")
    assert bay.get("class") == "bay unknown"
    assert site.evse_at(BayId("B1-050")) is None


def test_names_are_said_in_the_viewers_language(site: Site) -> None:
    level = site.levels[LevelId("B1")]
    assert "配电间" in plan_svg(site, level, {}, "zh", "图")
    assert "Electrical room" in plan_svg(site, level, {}, "en", "Plan")
