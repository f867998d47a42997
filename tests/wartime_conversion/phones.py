"""A phone on the test's side: it keeps a queue, signs as the page does, and sends through the real routes."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from wartime_conversion.rules.words import canonical, pin_key, proof

VALUES_OF_KIND: dict[str, Any] = {"confirm": True, "text": "写明", "time": "2026-03-02T01:00:00Z"}


@dataclass(slots=True, kw_only=True)
class Hand:
    """A person who signs: id, key of the PIN, and a client signed in as that person."""

    id: UUID
    name: str
    key: bytes
    client: httpx.AsyncClient


@dataclass(slots=True, kw_only=True)
class Phone:
    """One device in one run."""

    run: str
    device: UUID = field(default_factory=uuid4)
    sequence: int = 0
    queue: list[dict[str, Any]] = field(default_factory=list)

    def say(
        self, hand: Hand, act: str, task: str | None, at: datetime, *, pin: bytes | None = None, **more: Any
    ) -> dict[str, Any]:
        """Sign one statement and put it into the queue."""
        self.sequence += 1
        paper = {"paper": more["paper"]} if "paper" in more else {}
        words = canonical(
            {
                **paper,
                "id": str(uuid4()),
                "run": self.run,
                "task": task,
                "act": act,
                "signer": str(hand.id),
                "device": str(self.device),
                "sequence": self.sequence,
                "device_at": at.isoformat(),
                "values": more.get("values", {}),
                "photos": more.get("photos", []),
                "answers": more.get("answers", []),
                "note": more.get("note", ""),
                "via": more.get("via", "screen"),
            }
        )
        entry = {"words": words, "proof": proof(pin or hand.key, words)}
        self.queue.append(entry)
        return entry

    async def send(self, hand: Hand, now: datetime) -> list[dict[str, Any]]:
        """Send the queue; what was kept leaves it."""
        body = {"device_now": now.isoformat(), "entries": self.queue}
        reply = await hand.client.post(f"/api/v1/conversion/runs/{self.run}/entries", json=body)
        assert reply.status_code == 200, reply.text
        fates: list[dict[str, Any]] = reply.json()
        kept = {fate["id"] for fate in fates if fate["status"] in (200, 201)}
        self.queue = [e for e in self.queue if json.loads(e["words"])["id"] not in kept]
        return fates


def values_for(task: dict[str, Any]) -> dict[str, Any]:
    """Values that meet a task's acceptance."""
    given: dict[str, Any] = {}
    for want in task["wanted"]:
        if want["kind"] in VALUES_OF_KIND:
            given[want["id"]] = VALUES_OF_KIND[want["kind"]]
        else:
            given[want["id"]] = want["least"] if want["least"] is not None else (want["most"] or 0)
    return given


async def join(client: httpx.AsyncClient, pin: str, crew: str | None = None) -> bytes:
    """Join the roster and work out the PIN's key as the phone does."""
    reply = await client.put("/api/v1/conversion/members/me", json={"pin": pin, "crew": crew})
    assert reply.status_code == 200, reply.text
    told = reply.json()
    return pin_key(pin, bytes.fromhex(told["salt"]), told["rounds"])
