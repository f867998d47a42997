"""The common orders of the operators' page: what each form asks, and what it becomes in the charger's OCPP version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from charging import remote
from charging.rpc import Payload
from charging.rules.moments import moment_text
from facility.errors import Invalid

Fields = Mapping[str, str]


class BadField(Invalid):
    """A field of an order's form cannot be read; `field` names it."""

    code = "order_form.field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `kind` is connector, select, text, url, number or tag; `options` of a select, by version."""

    name: str
    kind: str
    options: Mapping[str, tuple[str, ...]] | None = None
    is_optional: bool = False
    default: str = ""

    def choices(self, version: str) -> tuple[str, ...]:
        """What a select offers to a charger of this version."""
        return () if self.options is None else self.options["1.6" if version == "1.6" else "2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form's builder is given; `number` is new for every request (2.x wants one)."""

    version: str
    fields: Fields
    number: int
    now: datetime

    @property
    def is_16(self) -> bool:
        """Whether the charger speaks 1.6."""
        return self.version == "1.6"

    def text(self, name: str, most: int = 500) -> str:
        """A field that must be there.

        Raises:
            BadField: it is empty or too long.
        """
        value = self.fields.get(name, "").strip()
        if not value or len(value) > most:
            raise BadField(f"{name}: 1 to {most} characters", field=name)
        return value

    def whole(self, name: str) -> int:
        """A field that is a whole number of 0 to 10,000.

        Raises:
            BadField: it is not.
        """
        value = self.text(name, 5)
        if not value.isascii() or not value.isdigit() or int(value) > 10_000:
            raise BadField(f"{name}: a whole number", field=name)
        return int(value)

    def one_of(self, name: str, field: Field) -> str:
        """A select's field.

        Raises:
            BadField: it is none of the choices.
        """
        value = self.fields.get(name, "")
        if value not in field.choices(self.version):
            raise BadField(f"{name}: not one of its choices", field=name)
        return value


def _both(*words: str) -> Mapping[str, tuple[str, ...]]:
    return {"1.6": words, "2": words}


CONNECTOR: Final = Field(name="connector", kind="connector", default="1")
WHOLE_OR_CONNECTOR: Final = Field(name="connector", kind="connector", default="0", is_optional=True)
RESET_TYPE: Final = Field(
    name="type", kind="select", options={"1.6": ("Soft", "Hard"), "2": ("OnIdle", "Immediate")}
)
AVAILABILITY: Final = Field(name="available", kind="select", options=_both("Operative", "Inoperative"))
TAG: Final = Field(name="tag", kind="tag")
LOCATION: Final = Field(name="location", kind="url")
MESSAGE: Final = Field(
    name="message",
    kind="select",
    options={
        "1.6": (
            "StatusNotification", "MeterValues", "Heartbeat", "BootNotification", "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
        ),
        "2": (
            "StatusNotification", "MeterValues", "Heartbeat", "BootNotification", "LogStatusNotification",
            "FirmwareStatusNotification", "TransactionEvent",
        ),
    },
)  # fmt: skip
LOG_TYPE: Final = Field(name="log", kind="select", options=_both("DiagnosticsLog", "SecurityLog"))


def _reset(asked: Asked) -> tuple[str, Payload]:
    return "Reset", {"type": asked.one_of("type", RESET_TYPE)}


def _unlock(asked: Asked) -> tuple[str, Payload]:
    number = asked.whole("connector")
    if asked.is_16:
        return "UnlockConnector", {"connectorId": number}
    return "UnlockConnector", {"evseId": number, "connectorId": 1}


def _availability(asked: Asked) -> tuple[str, Payload]:
    is_operative = asked.one_of("available", AVAILABILITY) == "Operative"
    action, payload = remote.availability_order(
        asked.version, asked.whole("connector"), is_operative=is_operative
    )
    if not asked.is_16 and payload["evse"]["id"] == 0:
        del payload["evse"]  # 2.x: no EVSE named means all of the charger
    return action, payload


def _start(asked: Asked) -> tuple[str, Payload]:
    return remote.start_order(
        asked.version, asked.whole("connector"), asked.text("tag", 20 if asked.is_16 else 36), asked.number
    )


def _get_configuration(asked: Asked) -> tuple[str, Payload]:
    names = [name.strip() for name in asked.fields.get("keys", "").split(",") if name.strip()]
    if asked.is_16:
        return "GetConfiguration", ({"key": names} if names else {})
    if not names:
        raise BadField("keys: name at least one Component.Variable", field="keys")
    return "GetVariables", {"getVariableData": [_variable(name) for name in names]}


def _variable(name: str) -> Payload:
    component, dot, variable = name.partition(".")
    if not dot or not component or not variable:
        raise BadField("keys: write Component.Variable", field="keys")
    return {"component": {"name": component}, "variable": {"name": variable}}


def _set_configuration(asked: Asked) -> tuple[str, Payload]:
    key, value = asked.text("key", 100), asked.text("value", 2500)
    if asked.is_16:
        return "ChangeConfiguration", {"key": key, "value": value}
    return "SetVariables", {"setVariableData": [{"attributeValue": value, **_variable(key)}]}


def _trigger(asked: Asked) -> tuple[str, Payload]:
    payload: Payload = {"requestedMessage": asked.one_of("message", MESSAGE)}
    if (number := asked.whole("connector")) > 0:
        payload |= {"connectorId": number} if asked.is_16 else {"evse": {"id": number}}
    return "TriggerMessage", payload


def _diagnostics(asked: Asked) -> tuple[str, Payload]:
    if asked.is_16:
        return "GetDiagnostics", {"location": asked.text("location")}
    return _log(asked)


def _log(asked: Asked) -> tuple[str, Payload]:
    log = {"remoteLocation": asked.text("location")}
    kind = asked.one_of("log", LOG_TYPE) if "log" in asked.fields else "DiagnosticsLog"
    return "GetLog", {"log": log, "logType": kind, "requestId": asked.number}


def _firmware(asked: Asked) -> tuple[str, Payload]:
    at = moment_text(asked.now)
    location = asked.text("location")
    if asked.is_16:
        return "UpdateFirmware", {"location": location, "retrieveDate": at}
    firmware = {"location": location, "retrieveDateTime": at}
    return "UpdateFirmware", {"requestId": asked.number, "firmware": firmware}


def _clear_cache(_asked: Asked) -> tuple[str, Payload]:
    return "ClearCache", {}


def _base_report(asked: Asked) -> tuple[str, Payload]:
    return "GetBaseReport", {"requestId": asked.number, "reportBase": "FullInventory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One common order; `versions` is `all`, `1.6` or `2`."""

    kind: str
    fields: tuple[Field, ...]
    build: Callable[[Asked], tuple[str, Payload]]
    versions: str = "all"
    is_grave: bool = False

    def is_for(self, version: str) -> bool:
        """Whether a charger of this version knows it."""
        return self.versions == "all" or (self.versions == "1.6") == (version == "1.6")


FORMS: Final[tuple[Form, ...]] = (
    Form(kind="start", fields=(CONNECTOR, TAG), build=_start),
    Form(kind="unlock", fields=(CONNECTOR,), build=_unlock),
    Form(kind="reset", fields=(RESET_TYPE,), build=_reset, is_grave=True),
    Form(kind="availability", fields=(WHOLE_OR_CONNECTOR, AVAILABILITY), build=_availability, is_grave=True),
    Form(kind="trigger", fields=(MESSAGE, WHOLE_OR_CONNECTOR), build=_trigger),
    Form(
        kind="get_configuration",
        fields=(Field(name="keys", kind="text", is_optional=True),),
        build=_get_configuration,
    ),
    Form(
        kind="set_configuration",
        fields=(Field(name="key", kind="text"), Field(name="value", kind="text")),
        build=_set_configuration,
        is_grave=True,
    ),
    Form(kind="base_report", fields=(), build=_base_report, versions="2"),
    Form(kind="diagnostics", fields=(LOCATION,), build=_diagnostics),
    Form(kind="log", fields=(LOG_TYPE, LOCATION), build=_log),
    Form(kind="firmware", fields=(LOCATION,), build=_firmware, is_grave=True),
    Form(kind="clear_cache", fields=(), build=_clear_cache),
)
"""Stopping, reserving and the free operation have forms of their own: they need rows."""


def forms_for(version: str) -> list[Form]:
    """The forms a charger of this version gets."""
    return [form for form in FORMS if form.is_for(version)]


def built_order(kind: str, asked: Asked) -> tuple[str, Payload]:
    """Action and payload of a filled-in form.

    Raises:
        BadField: a field cannot be read, or there is no such form for this version.
    """
    form = next((one for one in forms_for(asked.version) if one.kind == kind), None)
    if form is None:
        raise BadField(f"no form {kind[:30]}", field="kind")
    return form.build(asked)
