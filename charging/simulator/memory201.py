"""What a simulated OCPP 2.x charger remembers: device model, lists, profiles, certificates, messages on its screen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Payload = dict[str, Any]

PART: Final = 4
"""Items in one part of a report."""


@dataclass(slots=True, kw_only=True)
class Variable:
    """One variable of the device model; an EVSE number of 0 is the charger itself."""

    component: str
    name: str
    value: str
    evse_no: int = 0
    instance: str | None = None
    mutability: str = "ReadWrite"
    data_type: str = "string"
    unit: str | None = None
    needs_reboot: bool = False

    @property
    def key(self) -> tuple[str, int, str, str | None]:
        """Names are compared without case (CiString)."""
        return self.component.casefold(), self.evse_no, self.name.casefold(), self.instance

    def named(self) -> Payload:
        """Component and variable as every message names them."""
        component: Payload = {"name": self.component}
        if self.evse_no:
            component["evse"] = {"id": self.evse_no}
        variable: Payload = {"name": self.name}
        if self.instance is not None:
            variable["instance"] = self.instance
        return {"component": component, "variable": variable}


def key_of(item: Payload) -> tuple[str, int, str, str | None]:
    """The key of what a message names."""
    component, variable = item["component"], item.get("variable") or {}
    evse = component.get("evse") or {}
    return (
        component["name"].casefold(),
        evse.get("id", 0),
        variable.get("name", "").casefold(),
        variable.get("instance"),
    )


@dataclass(slots=True, kw_only=True)
class Memory:
    """Everything that outlives a socket."""

    variables: dict[tuple[str, int, str, str | None], Variable]
    list_version: int = 0
    local_list: dict[str, Payload] = field(default_factory=dict)
    profiles: dict[int, tuple[int, Payload]] = field(default_factory=dict)
    monitors: dict[int, Payload] = field(default_factory=dict)
    monitoring_level: int = 9
    messages: dict[int, Payload] = field(default_factory=dict)
    certificates: list[tuple[str, Payload]] = field(default_factory=list)
    network: dict[int, Payload] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    cache: dict[str, str] = field(default_factory=dict)
    tariffs: dict[int, Payload] = field(default_factory=dict)
    shown_cost: float | None = None
    firmware: str = "sim-1"
    log_request: int | None = None

    def value(self, component: str, name: str) -> str:
        """The value of a variable of the charger itself."""
        return self.variables[component.casefold(), 0, name.casefold(), None].value

    def knows_component(self, item: Payload) -> bool:
        """Whether there is such a component at all."""
        component, evse_no, _, _ = key_of(item)
        return any(key[:2] == (component, evse_no) for key in self.variables)


def fresh_memory(sample_every_s: int, model: str) -> Memory:
    """A charger as it leaves the works."""
    told = (
        Variable(component="ChargingStation", name="Model", value=model, mutability="ReadOnly"),
        Variable(component="ChargingStation", name="VendorName", value="Pingzhan", mutability="ReadOnly"),
        Variable(
            component="OCPPCommCtrlr", name="HeartbeatInterval", value="300", data_type="integer", unit="s"
        ),
        Variable(component="OCPPCommCtrlr", name="NetworkConfigurationPriority", value="1"),
        Variable(
            component="OCPPCommCtrlr", name="RetryBackOffWaitMinimum", value="3", data_type="integer", unit="s"
        ),
        Variable(component="SecurityCtrlr", name="BasicAuthPassword", value="", mutability="WriteOnly"),
        Variable(component="AuthCtrlr", name="AuthorizeRemoteStart", value="false", data_type="boolean"),
        Variable(component="TxCtrlr", name="EVConnectionTimeOut", value="60", data_type="integer", unit="s"),
        Variable(component="TxCtrlr", name="TxStartPoint", value="PowerPathClosed", needs_reboot=True),
        Variable(
            component="SampledDataCtrlr",
            name="TxUpdatedInterval",
            value=str(sample_every_s),
            data_type="integer",
            unit="s",
        ),
        Variable(component="SmartChargingCtrlr", name="RateUnit", value="A,W", mutability="ReadOnly"),
        Variable(component="SmartChargingCtrlr", name="Enabled", value="true", data_type="boolean"),
        Variable(component="EVSE", name="AvailabilityState", value="Available", evse_no=1, mutability="ReadOnly"),
        Variable(
            component="EVSE", name="Power", value="0", evse_no=1, mutability="ReadOnly", data_type="decimal", unit="W"
        ),
        Variable(component="Connector", name="ConnectorType", value="cType2", evse_no=1, mutability="ReadOnly"),
    )  # fmt: skip
    return Memory(variables={one.key: one for one in told})


def in_parts(items: Sequence[Any]) -> Iterable[tuple[int, bool, list[Any]]]:
    """Number, whether another follows, and items of each part."""
    for number, start in enumerate(range(0, len(items), PART)):
        yield number, start + PART < len(items), list(items[start : start + PART])
