"""The four rules of Dash on FastAPI, and who may see the screens."""

import inspect
import re
import threading
from importlib.metadata import version
from typing import Any

import httpx
import pytest
from dash import Dash, get_app
from packaging.version import Version
from starlette.routing import Mount

from dashboard.pages import occupancy
from facility.context import Context
from gateway.app import create_app
from tests.dashboard import garage


async def sign_in(client: httpx.AsyncClient, login: str = "li") -> None:
    answer = await client.post("/api/v1/session", json={"login": login, "password": garage.PASSWORD})
    assert answer.status_code == 200


async def call(client: httpx.AsyncClient, output: str, inputs: list[tuple[str, str, Any]]) -> dict[str, Any]:
    """Call a callback as the page does."""
    ids = [part.rsplit(".", 1) for part in output.strip(".").split("...")]
    outputs = [{"id": name, "property": prop} for name, prop in ids]
    body = {
        "output": output,
        "outputs": outputs if len(outputs) > 1 else outputs[0],
        "inputs": [{"id": name, "property": prop, "value": value} for name, prop, value in inputs],
        "changedPropIds": [f"{name}.{prop}" for name, prop, _ in inputs],
    }
    answer = await client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.text
    response: dict[str, Any] = answer.json()["response"]
    return response


HISTORY = "..occupancy-total.figure...occupancy-zones.figure...occupancy-age.children.."


async def history(client: httpx.AsyncClient, span: str) -> dict[str, Any]:
    inputs = [
        ("occupancy-span", "value", span),
        ("occupancy-area", "value", "all"),
        ("occupancy-slow", "n_intervals", 0),
    ]
    return await call(client, HISTORY, inputs)


def _dash(context: Context) -> Dash:
    create_app(context)
    found: Dash = get_app()
    return found


def test_dash_is_not_older_than_the_version_that_holds_the_rules() -> None:
    assert Version(version("dash")) >= Version("4.4.1")


def test_every_callback_is_async(context: Context) -> None:
    dash = _dash(context)
    from dash._callback import GLOBAL_CALLBACK_MAP

    callbacks = {**GLOBAL_CALLBACK_MAP, **dash.callback_map}
    assert len(callbacks) >= 10
    assert [
        name for name, spec in callbacks.items() if not inspect.iscoroutinefunction(spec["callback"])
    ] == []


async def test_shaping_a_long_history_is_done_in_a_thread(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(client)
    threads: list[threading.Thread] = []
    real = occupancy.total_over_time

    def watched(*args: Any, **named: Any) -> Any:
        threads.append(threading.current_thread())
        return real(*args, **named)

    monkeypatch.setattr(occupancy, "total_over_time", watched)
    await history(client, "90d")
    assert threads and threading.main_thread() not in threads


async def test_unknown_paths_below_api_answer_404_json_and_others_are_not_swallowed(
    client: httpx.AsyncClient,
) -> None:
    await sign_in(client)
    for path in ("/api/v1/nothing", "/api/nothing"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "missing"), path
    assert "react-entry-point" not in (await client.get("/nothing")).text
    assert "react-entry-point" in (await client.get("/ops/anything")).text


def test_dash_is_not_mounted_below_a_prefix(context: Context) -> None:
    app = create_app(context)
    config = get_app().config
    assert (config.routes_pathname_prefix, config.requests_pathname_prefix) == ("/", "/")
    paths = {getattr(route, "path", "") for route in app.routes}
    assert {"/_dash-layout", "/_dash-update-component"} <= paths
    assert not [route for route in app.routes if isinstance(route, Mount) and route.path in ("", "/ops")]
    assert "{path:path}" not in paths and "/{path:path}" not in paths


async def test_the_page_names_no_other_host(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    page = (await client.get("/ops/")).text
    assert re.findall(r"(?:src|href)=\"(https?:)?//[^\"]+", page) == []
    scripts = re.findall(r'src="(/[^"]+)"', page)
    assert any("live" in script for script in scripts) and not any("worker" in script for script in scripts)
    for script in scripts[:3]:
        assert (await client.get(script)).status_code == 200


async def test_without_a_session_pages_lead_to_the_sign_in_and_data_are_refused(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/ops/charging?lang=en")
    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=/ops/charging%3Flang%3Den"
    for path in ("/_dash-layout", "/_dash-dependencies", "/ops-assets/../ops/drawings/B1.svg"):
        assert (await client.get(path)).status_code in (303, 401), path
    assert (await client.post("/_dash-update-component", json={})).status_code == 401


async def test_a_crew_member_has_the_checklist_and_not_the_screens(client: httpx.AsyncClient) -> None:
    await sign_in(client, "wang")
    assert (await client.get("/ops/")).status_code == 403
    assert (await client.get("/ops/drawings/B1.svg")).status_code == 403


async def test_the_drawing_shows_the_garage_as_it_is(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    drawing = await client.get("/ops/drawings/B1.svg")
    assert drawing.headers["content-type"].startswith("image/svg+xml")
    assert drawing.text.count('class="bay taken"') > 20 and drawing.text.count('class="bay charging"') > 5
    assert (await client.get("/ops/drawings/B9.svg")).json()["code"] == "level.missing"


async def test_the_charts_have_the_past_in_the_viewers_light(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    client.cookies.set("theme", "dark")
    answer = await history(client, "24h")
    figure = answer["occupancy-total"]["figure"]
    assert len(figure["data"][0]["x"]) > 80
    assert figure["layout"]["yaxis"]["gridcolor"] == "#26323c"
    assert len(answer["occupancy-zones"]["figure"]["data"]) == 6


async def test_an_auditor_sees_no_plate_and_no_act(client: httpx.AsyncClient) -> None:
    inputs = [("pulse-alarms", "data", 1), ("pulse-lanes", "data", 1), ("now-slow", "n_intervals", 0)]
    await sign_in(client, "wu")
    seen = str(await call(client, "attention.children", inputs))
    assert "•••" in seen and "data-act" not in seen and "苏F10370" not in seen
    await sign_in(client, "li")
    seen = str(await call(client, "attention.children", inputs))
    assert "苏F10370" in seen and "/api/v1/alarms/" in seen


async def test_the_report_can_be_taken_away(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    answer = await client.get("/ops/drawings/days.csv?days=7")
    assert answer.headers["content-disposition"].endswith('"pingzhan-7d.csv"')
    lines = answer.text.splitlines()
    assert len(lines) == 8 and lines[0].lstrip("\ufeff").startswith("日期,")
    assert (await client.get("/ops/drawings/days.csv?days=0")).status_code == 422
