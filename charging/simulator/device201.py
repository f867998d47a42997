"""A simulated 2.x charger's device model, local list, network profiles and monitors."""

from functools import partial
from typing import TYPE_CHECKING, Final

from charging.simulator.memory201 import Payload, Variable, in_parts, key_of
from charging.simulator.voice201 import Reply, said

if TYPE_CHECKING:
    from charging.simulator.charger201 import SimulatedCharger201

NETWORK_SLOTS: Final = (1, 2)
_WRITABLE: Final = ("ReadWrite", "WriteOnly")


def get_variables(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """B06: each asked one on its own."""
    return said(getVariableResult=[_read(charger, one) for one in sent["getVariableData"]])


def _read(charger: "SimulatedCharger201", asked: Payload) -> Payload:
    result = {"component": asked["component"], "variable": asked["variable"]}
    found = charger.memory.variables.get(key_of(asked))
    if found is None:
        return {**result, "attributeStatus": _unknown(charger, asked)}
    if asked.get("attributeType", "Actual") != "Actual":
        return {
            **result,
            "attributeType": asked["attributeType"],
            "attributeStatus": "NotSupportedAttributeType",
        }
    if found.mutability == "WriteOnly":
        return {**result, "attributeStatus": "Rejected"}
    return {**result, "attributeStatus": "Accepted", "attributeValue": found.value}


def _unknown(charger: "SimulatedCharger201", asked: Payload) -> str:
    return "UnknownVariable" if charger.memory.knows_component(asked) else "UnknownComponent"


def set_variables(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """B05; a threshold that a new value crosses is told by NotifyEvent."""
    results, works = [], []
    for one in sent["setVariableData"]:
        results.append(_write(charger, one))
        if results[-1]["attributeStatus"] == "Accepted":
            works += [
                partial(_tell_crossing, charger, number, monitor)
                for number, monitor in charger.memory.monitors.items()
                if key_of(monitor) == key_of(one) and _is_crossed(charger, monitor)
            ]
    return Reply(answer={"setVariableResult": results}, afterwards=works)


def _write(charger: "SimulatedCharger201", one: Payload) -> Payload:
    result = {"component": one["component"], "variable": one["variable"]}
    found = charger.memory.variables.get(key_of(one))
    if found is None:
        status = _unknown(charger, one)
    elif found.mutability not in _WRITABLE:
        status = "Rejected"
    else:
        found.value = one["attributeValue"]
        status = "RebootRequired" if found.needs_reboot else "Accepted"
    return {**result, "attributeStatus": status}


def base_report(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """B07: the inventory in parts."""
    is_settings = sent["reportBase"] == "ConfigurationInventory"
    found = [
        one for one in charger.memory.variables.values() if not is_settings or one.mutability in _WRITABLE
    ]
    return Reply(
        answer={"status": "Accepted"},
        afterwards=[partial(_tell_report, charger, sent["requestId"], found)],
    )


def report(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """B08: some components, some variables of them."""
    asked = sent.get("componentVariable", [])
    found = [
        one
        for one in charger.memory.variables.values()
        if not asked or any(_fits(one, wanted) for wanted in asked)
    ]
    if not found:
        return said(status="EmptyResultSet")
    return Reply(
        answer={"status": "Accepted"},
        afterwards=[partial(_tell_report, charger, sent["requestId"], found)],
    )


def _fits(one: Variable, wanted: Payload) -> bool:
    component, evse_no, name, _ = key_of(wanted)
    return (
        one.component.casefold() == component
        and evse_no in (0, one.evse_no)
        and name in ("", one.name.casefold())
    )


async def _tell_report(charger: "SimulatedCharger201", request_id: int, found: list[Variable]) -> None:
    items = [
        {
            **one.named(),
            "variableAttribute": [
                {"mutability": one.mutability}
                | ({} if one.mutability == "WriteOnly" else {"value": one.value})
            ],
            "variableCharacteristics": {"dataType": one.data_type, "supportsMonitoring": True}
            | ({"unit": one.unit} if one.unit else {}),
        }
        for one in found
    ]
    for number, is_more, part in in_parts(items):
        told = {"requestId": request_id, "seqNo": number, "generatedAt": charger.now_text()}
        await charger.tell("NotifyReport", {**told, "tbc": is_more, "reportData": part})


def network_profile(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """B09: kept in its slot; one that the priority list does not allow for is rejected."""
    if sent["configurationSlot"] not in NETWORK_SLOTS:
        return said(status="Rejected", statusInfo={"reasonCode": "InvalidSlot"})
    charger.memory.network[sent["configurationSlot"]] = sent["connectionData"]
    return said(status="Accepted")


def clear_cache(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """C11."""
    charger.memory.cache.clear()
    return said(status="Accepted")


def send_local_list(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """D01: a difference only fits onto an older list; an entry without idTokenInfo takes one away."""
    memory, number = charger.memory, sent["versionNumber"]
    if number <= 0:
        return said(status="Failed")
    if sent["updateType"] == "Full":
        memory.local_list = {}
    elif number <= memory.list_version:
        return said(status="VersionMismatch")
    for one in sent.get("localAuthorizationList", []):
        key = one["idToken"]["idToken"].casefold()
        if "idTokenInfo" in one:
            memory.local_list[key] = one
        else:
            memory.local_list.pop(key, None)
    memory.list_version = number if memory.local_list or sent["updateType"] == "Differential" else 0
    return said(status="Accepted")


def list_version(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """D02."""
    return said(versionNumber=charger.memory.list_version)


def monitoring_base(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N05: the works' monitors are none here."""
    if sent["monitoringBase"] != "All":
        charger.memory.monitors.clear()
    return said(status="Accepted")


def monitoring_level(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N06."""
    if not 0 <= sent["severity"] <= 9:
        return said(status="Rejected")
    charger.memory.monitoring_level = sent["severity"]
    return said(status="Accepted")


def set_monitors(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N04."""
    results = []
    for one in sent["setMonitoringData"]:
        result = {name: one[name] for name in ("type", "severity", "component", "variable")}
        if key_of(one) not in charger.memory.variables:
            results.append({**result, "status": _unknown(charger, one)})
            continue
        number = one.get("id", max(charger.memory.monitors, default=0) + 1)
        charger.memory.monitors[number] = one
        results.append({**result, "id": number, "status": "Accepted"})
    return said(setMonitoringResult=results)


def clear_monitors(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N08."""
    gone = charger.memory.monitors
    return said(
        clearMonitoringResult=[
            {"id": number, "status": "NotFound" if gone.pop(number, None) is None else "Accepted"}
            for number in sent["id"]
        ]
    )


def monitoring_report(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N02."""
    if not charger.memory.monitors:
        return said(status="EmptyResultSet")
    return Reply(
        answer={"status": "Accepted"}, afterwards=[partial(_tell_monitors, charger, sent["requestId"])]
    )


async def _tell_monitors(charger: "SimulatedCharger201", request_id: int) -> None:
    items = [
        {
            "component": one["component"],
            "variable": one["variable"],
            "variableMonitoring": [
                {
                    "id": number,
                    "transaction": one.get("transaction", False),
                    "value": one["value"],
                    "type": one["type"],
                    "severity": one["severity"],
                }
                | ({"eventNotificationType": "CustomMonitor"} if charger.version == "2.1" else {})
            ],
        }
        for number, one in sorted(charger.memory.monitors.items())
    ]
    for number, is_more, part in in_parts(items):
        told = {"requestId": request_id, "seqNo": number, "generatedAt": charger.now_text()}
        await charger.tell("NotifyMonitoringReport", {**told, "tbc": is_more, "monitor": part})


def _is_crossed(charger: "SimulatedCharger201", monitor: Payload) -> bool:
    value = float(charger.memory.variables[key_of(monitor)].value)
    if monitor["type"] == "UpperThreshold":
        return value > float(monitor["value"])
    return monitor["type"] == "LowerThreshold" and value < float(monitor["value"])


async def _tell_crossing(charger: "SimulatedCharger201", number: int, monitor: Payload) -> None:
    event = {
        "eventId": number,
        "timestamp": charger.now_text(),
        "trigger": "Alerting",
        "actualValue": charger.memory.variables[key_of(monitor)].value,
        "eventNotificationType": "CustomMonitor",
        "variableMonitoringId": number,
        "component": monitor["component"],
        "variable": monitor["variable"],
    }
    if charger.version == "2.1":
        event["severity"] = monitor["severity"]
    await charger.tell(
        "NotifyEvent", {"generatedAt": charger.now_text(), "seqNo": 0, "tbc": False, "eventData": [event]}
    )


def get_streams(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """2.1: no stream is open."""
    return said()
