"""A charger that speaks OCPP 2.x raw frames, and checks every answer by the standard's schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from charging.rules.moments import moment_text
from charging.schemas import check_incoming
from tests.charging.conftest import RawCharger, Yard


class Charger201:
    """One charger with one transaction at a time in its own words."""

    def __init__(self, raw: RawCharger, version: str) -> None:
        self.raw = raw
        self.version = version
        self.seq_no = -1

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self.raw.call(action, payload)
        check_incoming(self.version, action, answer, is_response=True)
        return answer

    async def boot(self) -> dict[str, Any]:
        station = {"model": "Two", "vendorName": "Maker", "firmwareVersion": "2.0"}
        return await self.call("BootNotification", {"reason": "PowerUp", "chargingStation": station})

    async def event(
        self,
        kind: str,
        at: datetime,
        *,
        name: str = "TX-1",
        trigger: str = "MeterValuePeriodic",
        wh: int | None = None,
        context: str = "Sample.Periodic",
        info: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Tell an event, numbered one after the other unless `seqNo` is given."""
        self.seq_no = more.pop("seqNo", self.seq_no + 1)
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": moment_text(at),
            "triggerReason": trigger,
            "seqNo": self.seq_no,
            "transactionInfo": {"transactionId": name, **(info or {})},
            **more,
        }
        if wh is not None:
            payload["meterValue"] = [meter_value(at, wh, context)]
        return await self.call("TransactionEvent", payload)

    async def start(self, at: datetime, wh: int | None = 1000, **more: Any) -> dict[str, Any]:
        more.setdefault("evse", {"id": 1, "connectorId": 1})
        more.setdefault("idToken", {"idToken": "TAG1", "type": "ISO14443"})
        return await self.event(
            "Started", at, trigger="Authorized", wh=wh, context="Transaction.Begin", **more
        )

    async def end(self, at: datetime, wh: int | None, **more: Any) -> dict[str, Any]:
        more.setdefault("info", {"stoppedReason": "EVDisconnected"})
        return await self.event("Ended", at, trigger="EVDeparted", wh=wh, context="Transaction.End", **more)


def meter_value(at: datetime, wh: int, context: str = "Sample.Periodic") -> dict[str, Any]:
    energy = {"value": wh / 1000, "context": context, "unitOfMeasure": {"unit": "kWh"}}
    power = {"value": 7, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 3}}
    return {"timestamp": moment_text(at), "sampledValue": [energy, {**power, "context": context}]}


@asynccontextmanager
async def charger201(
    yard: Yard, identity: str = "CP1", version: str = "2.0.1", *, is_new: bool = True
) -> AsyncIterator[Charger201]:
    """A registered, booted charger with the tag TAG1 known."""
    if is_new:
        await yard.register(identity)
        await yard.tag("TAG1")
    async with yard.charger(identity, subprotocols=[f"ocpp{version}"]) as raw:
        charger = Charger201(raw, version)
        if is_new:
            assert (await charger.boot())["status"] == "Accepted"
            message_id, action, asked = await raw.order()
            assert (action, asked["reportBase"]) == ("GetBaseReport", "FullInventory")
            await raw.reply(message_id, {"status": "NotSupported"})
        yield charger
