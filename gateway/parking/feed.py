"""The open feed: what is free now and what is expected, in the words of APDS / DATEX II and of NGSI-LD.

Shapes: ISO 5206-1 (APDS) and DATEX II parking publications for the status records; the Smart Data Models'
`OffStreetParking` for NGSI-LD. Counts of places only: nothing in it is about a car.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from facility.layout import Zone
from facility.mode import Mode
from facility.site import Site
from gateway.parking.forecast_store import ForecastRow
from gateway.parking.occupancy_store import ZoneCount

NGSI_CONTEXT = (
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld",
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Parking/master/context.jsonld",
)


def etag_of(document: object) -> str:
    """A strong validator of a document: the same content gives the same tag."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def status_publication(
    site: Site, counts: Mapping[str, ZoneCount], forecasts: Sequence[ForecastRow], mode: Mode
) -> dict[str, Any]:
    """The parking status of the site and each zone, with what is expected (APDS / DATEX II style).

    `publicationTime` is that of the latest change, so an unchanged garage is an unchanged document.
    """
    known = [counts[zone] for zone in site.zones if zone in counts]
    latest = max((count.changed_at for count in known), default=None)
    return {
        "publicationTime": None if latest is None else _time(latest),
        "parkingRecord": {
            "id": site.id,
            "name": {"zh": site.name.zh, "en": site.name.en},
            "numberOfSpaces": site.capacity,
        },
        "parkingStatus": {
            "parkingSiteOpeningStatus": "open" if mode is Mode.PEACETIME else "restricted",
            "occupiedSpaces": sum(count.occupied for count in known),
            "vacantSpaces": sum(count.free for count in known),
        },
        "parkingPlaces": [
            _place(site, zone, counts.get(zone.id), [row for row in forecasts if row.zone_id == zone.id])
            for zone in site.zones.values()
        ],
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _place(
    site: Site, zone: Zone, count: ZoneCount | None, forecasts: Sequence[ForecastRow]
) -> dict[str, Any]:
    level = site.levels[zone.level]
    place: dict[str, Any] = {
        "id": zone.id,
        "name": {"zh": zone.name.zh, "en": zone.name.en},
        "level": {"id": level.id, "zh": level.name.zh, "en": level.name.en},
        "numberOfSpaces": zone.capacity,
        "forecast": [_expected(row) for row in forecasts],
    }
    if count is not None:
        place |= {
            "occupiedSpaces": count.occupied,
            "vacantSpaces": count.free,
            "occupancy": round(100 * count.occupied / count.capacity, 1) if count.capacity else None,
            "status": "full" if count.free == 0 else "spacesAvailable",
            "statusTime": _time(count.changed_at),
        }
    return place


def _expected(row: ForecastRow) -> dict[str, Any]:
    return {
        "horizon": row.horizon,
        "forecastTime": _time(row.target_at),
        "vacantSpaces": max(0, round(row.capacity - row.expected)),
        "vacantSpacesLow": max(0, round(row.capacity - row.high)),
        "vacantSpacesHigh": max(0, round(row.capacity - row.low)),
        "method": row.method,
    }


def ngsi_entities(
    site: Site, counts: Mapping[str, ZoneCount], forecasts: Sequence[ForecastRow], mode: Mode
) -> list[dict[str, Any]]:
    """One `OffStreetParking` entity a zone (NGSI-LD, normalised form)."""
    return [
        _entity(site, zone, counts[zone.id], [row for row in forecasts if row.zone_id == zone.id], mode)
        for zone in site.zones.values()
        if zone.id in counts
    ]


def entity_id(site: Site, zone_id: str) -> str:
    """The NGSI-LD name of a zone."""
    return f"urn:ngsi-ld:OffStreetParking:{site.id}:{zone_id}"


def _entity(
    site: Site, zone: Zone, count: ZoneCount, forecasts: Sequence[ForecastRow], mode: Mode
) -> dict[str, Any]:
    seen = _time(count.changed_at)
    entity: dict[str, Any] = {
        "@context": list(NGSI_CONTEXT),
        "id": entity_id(site, zone.id),
        "type": "OffStreetParking",
        "name": {
            "type": "LanguageProperty",
            "languageMap": {"zh": f"{site.name.zh} {zone.name.zh}", "en": f"{site.name.en} {zone.name.en}"},
        },
        "category": _property(["underground" if zone.area == "basement" else "barrierAccess", "public"]),
        "totalSpotNumber": _property(zone.capacity),
        "availableSpotNumber": _property(count.free, observedAt=seen),
        "occupiedSpotNumber": _property(count.occupied, observedAt=seen),
        "status": _property(_status(count, mode)),
    }
    if forecasts:
        entity["availableSpotForecast"] = _property([_expected(row) for row in forecasts])
    return entity


def _status(count: ZoneCount, mode: Mode) -> list[str]:
    opened = "open" if mode is Mode.PEACETIME else "closed"
    return [opened, "full"] if count.free == 0 else [opened]


def _property(value: object, **more: object) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}
