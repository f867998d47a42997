"""Identifiers: what they are made of and where they come from."""

import secrets
from typing import NewType
from uuid import UUID, uuid4

LevelId = NewType("LevelId", str)
ZoneId = NewType("ZoneId", str)
BayId = NewType("BayId", str)
LaneId = NewType("LaneId", str)
CameraId = NewType("CameraId", str)
EvseId = NewType("EvseId", str)
OpeningId = NewType("OpeningId", str)
PersonId = NewType("PersonId", UUID)


def new_uuid() -> UUID:
    """A random identifier (RFC 9562 version 4)."""
    return uuid4()


def new_secret(octets: int = 24) -> str:
    """An unguessable URL-safe text of `octets` random octets."""
    return secrets.token_urlsafe(octets)
