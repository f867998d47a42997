"""What a simulated 2.x charger shows and keeps of its customers: messages, costs, tariffs, customer information."""

from functools import partial
from typing import TYPE_CHECKING

from charging.simulator.charger import VENDOR
from charging.simulator.memory201 import Payload, in_parts
from charging.simulator.voice201 import Reply, said

if TYPE_CHECKING:
    from charging.simulator.charger201 import SimulatedCharger201


def cost_updated(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """I02."""
    charger.memory.shown_cost = sent["totalCost"]
    return said()


def set_message(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """O01, O06; the screen shows plain text only."""
    message = sent["message"]
    if message["message"]["format"] not in ("ASCII", "UTF8"):
        return said(status="NotSupportedMessageFormat")
    running = None if charger.charge is None else charger.charge.name
    if message.get("transactionId", running) != running:
        return said(status="UnknownTransaction")
    charger.memory.messages[message["id"]] = message
    return said(status="Accepted")


def get_messages(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """O03, O04."""
    found = [
        message
        for number, message in sorted(charger.memory.messages.items())
        if number in sent.get("id", [number])
        and sent.get("priority", message["priority"]) == message["priority"]
    ]
    if not found:
        return said(status="Unknown")
    return Reply(
        answer={"status": "Accepted"}, afterwards=[partial(_tell_messages, charger, sent["requestId"], found)]
    )


async def _tell_messages(charger: "SimulatedCharger201", request_id: int, found: list[Payload]) -> None:
    for _, is_more, part in in_parts(found):
        await charger.tell(
            "NotifyDisplayMessages", {"requestId": request_id, "tbc": is_more, "messageInfo": part}
        )


def clear_message(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """O05."""
    gone = charger.memory.messages.pop(sent["id"], None)
    return said(status="Unknown" if gone is None else "Accepted")


def customer_information(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N09, N10: what the cache holds of a token; in two parts, however short."""
    tag = sent.get("idToken", {}).get("idToken", "").casefold()
    text = charger.memory.cache.get(tag, "")
    if sent["clear"]:
        charger.memory.cache.pop(tag, None)
    works = [partial(_tell_customer, charger, sent["requestId"], text)] if sent["report"] else []
    return Reply(answer={"status": "Accepted"}, afterwards=works)


async def _tell_customer(charger: "SimulatedCharger201", request_id: int, text: str) -> None:
    middle = len(text) // 2
    for number, part in enumerate((text[:middle], text[middle:])):
        told = {"requestId": request_id, "seqNo": number, "generatedAt": charger.now_text()}
        await charger.tell("NotifyCustomerInformation", {**told, "tbc": number == 0, "data": part})


def data_transfer(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """P01: echoes what is addressed to its own maker."""
    if sent["vendorId"] != VENDOR:
        return said(status="UnknownVendorId")
    return said(status="Accepted", data=sent.get("data", ""))


def default_tariff(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """I08 (2.1): for one EVSE, or with 0 for all."""
    charger.memory.tariffs[sent["evseId"]] = sent["tariff"]
    return said(status="Accepted")


def get_tariffs(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """I09 (2.1)."""
    found = [
        {"tariffId": tariff["tariffId"], "tariffKind": "DefaultTariff", "evseIds": [evse_no]}
        for evse_no, tariff in sorted(charger.memory.tariffs.items())
        if sent["evseId"] in (0, evse_no) or evse_no == 0
    ]
    return said(status="Accepted", tariffAssignments=found) if found else said(status="NoTariff")


def clear_tariffs(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """I10 (2.1): those named, or all."""
    tariffs = charger.memory.tariffs
    wanted = sent.get("tariffIds") or [one["tariffId"] for one in tariffs.values()]
    results = []
    for name in wanted:
        held = [evse_no for evse_no, one in tariffs.items() if one["tariffId"] == name]
        for evse_no in held:
            del tariffs[evse_no]
        results.append({"tariffId": name, "status": "Accepted" if held else "NoTariff"})
    return said(clearTariffsResult=results or [{"status": "NoTariff"}])


def change_tariff(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """I11 (2.1): of the running transaction, in the same currency."""
    if charger.charge is None or charger.charge.name != sent["transactionId"]:
        return said(status="TxNotFound")
    return said(status="Accepted" if sent["tariff"]["currency"] == "CNY" else "NoCurrencyChange")
