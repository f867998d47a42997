"""A manager's desk with one simulated 2.x charger behind it: orders by the routes, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any, Final

import httpx
import pytest

from charging.simulator.charger import Pace
from charging.simulator.charger201 import SimulatedCharger201
from charging.simulator.fleet import make_of, new_car
from facility.ids import EvseId
from tests.charging.conftest import Yard

IDENTITY = "NT-E27"

STATION_OPERATIONS: Final = frozenset(
    {
        "CertificateSigned", "ClearCache", "ClearDisplayMessage", "ClearVariableMonitoring",
        "CustomerInformation", "DataTransfer", "DeleteCertificate", "GetBaseReport", "GetDisplayMessages",
        "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog", "GetMonitoringReport", "GetReport",
        "GetVariables", "InstallCertificate", "PublishFirmware", "Reset", "SendLocalList",
        "SetDisplayMessage", "SetMonitoringBase", "SetMonitoringLevel", "SetNetworkProfile",
        "SetVariableMonitoring", "SetVariables", "UnpublishFirmware", "UpdateFirmware",
    }
)  # fmt: skip
"""Operations that `test_wire201_station` tries; `test_wire201_charging` tries the others."""


def is_whole_file(request: pytest.FixtureRequest) -> bool:
    """Whether every test of the file is in this run."""
    running = {
        item.originalname
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module
    }
    return running >= {name for name in vars(request.module) if name.startswith("test_")}


class Desk:
    """Orders to the charger at E27, and what the routes then say."""

    def __init__(self, yard: Yard, office: httpx.AsyncClient, charger: SimulatedCharger201) -> None:
        self.yard = yard
        self.charger = charger
        self._office = office

    async def order(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Order, and return the charger's own answer."""
        answer = await self._office.post(f"/chargers/{IDENTITY}/operations/{operation}", json=payload)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "answered", answer.json()
        response: dict[str, Any] = answer.json()["response"]
        return response

    async def read(self, path: str) -> Any:
        """A route of the charger."""
        answer = await self._office.get(f"/chargers/{IDENTITY}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, payload: dict[str, Any]) -> httpx.Response:
        """A route of the charger that acts."""
        return await self._office.post(f"/chargers/{IDENTITY}{path}", json=payload)

    async def whole(self, kind: str, request_id: int) -> list[dict[str, Any]]:
        """The items of a report, once it is whole."""
        path = "/customer-information" if kind == "customer" else f"/reports?kind={kind}"

        async def found() -> list[Any]:
            return [
                one
                for one in await self.read(path)
                if one["request_id"] == request_id and one["is_whole"] and not one["missing"]
            ]

        async def is_whole() -> bool:
            return bool(await found())

        await self.yard.eventually(is_whole)
        items: list[dict[str, Any]] = (await found())[0]["items"]
        return items

    async def told(self, subject: str, *statuses: str) -> None:
        """Wait until the charger has told these events of a subject, in this order."""

        async def have_come() -> bool:
            events = [one["status"] for one in await self.read("/events") if one["subject"] == subject]
            return events[::-1][-len(statuses) :] == list(statuses)

        await self.yard.eventually(have_come)

    async def until(self, query: str, **values: Any) -> None:
        """Wait until a query finds a row."""

        async def is_so() -> bool:
            return bool(await self.yard.rows(query, **values))

        await self.yard.eventually(is_so)

    async def charging(self, tag: str = "TAG1") -> str:
        """Let a car charge; returns the station's name of the transaction."""
        make = self.charger.make
        self.charger.plug_in(new_car(Random(1), make), tag, timedelta(minutes=30))
        await self.until("select 1 from charging.transaction where state = 'running'")
        assert self.charger.charge is not None
        return self.charger.charge.name

    async def leave(self) -> None:
        """The car leaves; the transaction ends."""
        self.charger.stop("EVDisconnected", "EVDeparted")
        await self.until("select 1 from charging.transaction where state = 'ended'")


@asynccontextmanager
async def opened_desk(
    yard: Yard, office: httpx.AsyncClient, version: str = "2.0.1", sample_every_s: float = 0.05
) -> AsyncIterator[Desk]:
    """The charger connected and booted, with the tag TAG1 known."""
    await yard.tag("TAG1")
    make = make_of(yard.ctx.site.evses[EvseId("E27")])
    charger = SimulatedCharger201(
        make,
        f"ws://127.0.0.1:{yard.port}/ocpp",
        yard.clock,
        Pace(sample_every_s=sample_every_s, speed=60),
        lambda: new_car(Random(1), make),
        version=version,
    )
    life = asyncio.create_task(charger.run())
    await asyncio.wait_for(charger.line.is_connected.wait(), 10)
    yield Desk(yard, office, charger)
    for task in (charger._session, life):
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
