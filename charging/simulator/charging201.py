"""A simulated 2.x charger's plug: starting, stopping, reserving, limits, availability, reset."""

import asyncio
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from charging.simulator.memory201 import Payload, in_parts
from charging.simulator.voice201 import Reply, said

if TYPE_CHECKING:
    from charging.simulator.charger201 import SimulatedCharger201


def request_start(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """F01, F02; a profile that comes along holds for the transaction."""
    tag = sent["idToken"]["idToken"]
    is_kept = charger.reservation is not None and charger.reservation[1].casefold() != tag.casefold()
    if not charger.is_free or is_kept or sent.get("evseId", 1) != 1:
        return said(status="Rejected")
    if "chargingProfile" in sent:
        charger.memory.profiles[sent["chargingProfile"]["id"]] = (1, sent["chargingProfile"])
    return Reply(
        answer={"status": "Accepted"}, afterwards=[partial(_start, charger, tag, sent["remoteStartId"])]
    )


async def _start(charger: "SimulatedCharger201", tag: str, number: int) -> None:
    if charger.is_free:
        charger.start_remotely(tag, number)


def request_stop(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """F03, F04."""
    if charger.charge is None or charger.charge.name != sent["transactionId"]:
        return said(status="Rejected")
    charger.stop("Remote", "RemoteStop")
    return said(status="Accepted")


def transaction_status(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """E14; nothing waits here while the socket is open."""
    if "transactionId" not in sent:
        return said(messagesInQueue=False)
    is_mine = charger.charge is not None and charger.charge.name == sent["transactionId"]
    return said(ongoingIndicator=is_mine, messagesInQueue=False)


def unlock_connector(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """F05: never under a running transaction."""
    if (sent["evseId"], sent["connectorId"]) != (1, 1):
        return said(status="UnknownConnector")
    return said(status="Unlocked" if charger.charge is None else "OngoingAuthorizedTransaction")


def change_availability(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """G03, G04: after the transaction, where one runs; a reservation is given up."""
    charger.is_operative = sent["operationalStatus"] == "Operative"
    if charger.charge is not None and not charger.is_operative:
        return said(status="Scheduled")
    works: list[Any] = [charger.show_idle]
    if charger.reservation is not None and not charger.is_operative:
        number = charger.reservation[0]
        charger.reservation = None
        works.append(partial(_end_reservation, charger, number, "Removed"))
    return Reply(answer={"status": "Accepted"}, afterwards=works)


async def _end_reservation(charger: "SimulatedCharger201", number: int, why: str) -> None:
    await charger.tell("ReservationStatusUpdate", {"reservationId": number, "reservationUpdateStatus": why})


def reserve_now(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """H01; the same number again replaces its reservation."""
    if not charger.is_operative:
        return said(status="Unavailable")
    is_other = charger.reservation is not None and charger.reservation[0] != sent["id"]
    if not charger.is_free or is_other:
        return said(status="Occupied")
    charger.reservation = (sent["id"], sent["idToken"]["idToken"])
    expires_at = datetime.fromisoformat(sent["expiryDateTime"])
    expires_s = (expires_at - charger.clock.now()).total_seconds()
    return Reply(
        answer={"status": "Accepted"},
        afterwards=[charger.show_idle, partial(_expire, charger, sent["id"], expires_s)],
    )


async def _expire(charger: "SimulatedCharger201", number: int, after_s: float) -> None:
    """H04."""
    await asyncio.sleep(max(0.0, after_s))
    if charger.reservation is not None and charger.reservation[0] == number:
        charger.reservation = None
        await _end_reservation(charger, number, "Expired")
        await charger.show_idle()


def cancel_reservation(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """H02."""
    if charger.reservation is None or charger.reservation[0] != sent["reservationId"]:
        return said(status="Rejected")
    charger.reservation = None
    return Reply(answer={"status": "Accepted"}, afterwards=[charger.show_idle])


def reset(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """B11, B12: at once (what runs is ended), or when nothing runs; of the one EVSE without a restart."""
    is_busy = charger.charge is not None
    if sent["type"] == "OnIdle" and is_busy:
        charger.resets_when_idle = "evseId" not in sent
        return said(status="Scheduled")
    if is_busy:
        charger.stop("ImmediateReset", "ResetCommand")
    if "evseId" in sent:
        return Reply(answer={"status": "Accepted"}, afterwards=[] if is_busy else [charger.show_idle])
    return Reply(answer={"status": "Accepted"}, afterwards=[partial(charger.restart, "RemoteReset")])


def set_profile(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """K01: one of a transaction only while that runs, in a unit that is known; the same level is replaced."""
    profile = sent["chargingProfile"]
    running = None if charger.charge is None else charger.charge.name
    if profile["chargingProfilePurpose"] == "TxProfile" and profile.get("transactionId") != running:
        return said(status="Rejected", statusInfo={"reasonCode": "TxNotFound"})
    units = charger.memory.value("SmartChargingCtrlr", "RateUnit").split(",")
    if profile["chargingSchedule"][0]["chargingRateUnit"] not in units:
        return said(status="Rejected", statusInfo={"reasonCode": "UnsupportedRateUnit"})
    for number, (evse_no, known) in list(charger.memory.profiles.items()):
        if (evse_no, _place(known)) == (sent["evseId"], _place(profile)):
            del charger.memory.profiles[number]
    charger.memory.profiles[profile["id"]] = (sent["evseId"], profile)
    return said(status="Accepted")


def _place(profile: Payload) -> tuple[str, int]:
    return profile["chargingProfilePurpose"], profile["stackLevel"]


def get_profiles(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """K09: reported by EVSE, in parts."""
    asked = sent["chargingProfile"]
    found: dict[int, list[Payload]] = {}
    for number, (evse_no, profile) in sorted(charger.memory.profiles.items()):
        if (
            sent.get("evseId", evse_no) == evse_no
            and asked.get("chargingProfilePurpose", profile["chargingProfilePurpose"])
            == profile["chargingProfilePurpose"]
            and asked.get("stackLevel", profile["stackLevel"]) == profile["stackLevel"]
            and number in asked.get("chargingProfileId", [number])
            and "CSO" in asked.get("chargingLimitSource", ["CSO"])
        ):
            found.setdefault(evse_no, []).append(profile)
    if not found:
        return said(status="NoProfiles")
    return Reply(
        answer={"status": "Accepted"}, afterwards=[partial(_tell_profiles, charger, sent["requestId"], found)]
    )


async def _tell_profiles(
    charger: "SimulatedCharger201", request_id: int, found: dict[int, list[Payload]]
) -> None:
    parts = [(evse_no, part) for evse_no, ones in found.items() for _, _, part in in_parts(ones)]
    for place, (evse_no, part) in enumerate(parts):
        told = {"requestId": request_id, "chargingLimitSource": "CSO", "evseId": evse_no}
        is_more = place + 1 < len(parts)
        await charger.tell("ReportChargingProfiles", {**told, "tbc": is_more, "chargingProfile": part})


def clear_profile(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """K10."""
    criteria, profiles = sent.get("chargingProfileCriteria", {}), charger.memory.profiles
    fitting = [
        number
        for number, (evse_no, profile) in profiles.items()
        if sent.get("chargingProfileId", number) == number
        and criteria.get("evseId", evse_no) == evse_no
        and criteria.get("chargingProfilePurpose", profile["chargingProfilePurpose"])
        == profile["chargingProfilePurpose"]
        and criteria.get("stackLevel", profile["stackLevel"]) == profile["stackLevel"]
    ]
    for number in fitting:
        del profiles[number]
    return said(status="Accepted" if fitting else "Unknown")


def composite_schedule(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """K08: this charger's limits do not change over time, so one period says all."""
    unit = sent.get("chargingRateUnit", "W")
    limit = charger.limit_w if unit == "W" else charger.limit_w / charger.make.voltage_v
    schedule = {
        "evseId": sent["evseId"],
        "duration": sent["duration"],
        "scheduleStart": charger.now_text(),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": round(limit, 1)}],
    }
    return said(status="Accepted", schedule=schedule)
