"""What the charging routes take and give."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from charging.bill_store import Bill
from charging.charger_store import ChargerDetail, ConnectorRow
from charging.order_store import Order
from charging.tag_store import IdTag, Reservation
from charging.tariffs import TariffBody
from charging.transaction_store import Transaction
from facility.errors import Invalid


class Body(BaseModel):
    """Nothing unknown passes."""

    model_config = ConfigDict(extra="forbid")


class ChargerBody(Body):
    """A charger to register."""

    identity: str = Field(min_length=1, max_length=48)
    password: str | None = Field(default=None, min_length=1, max_length=64)
    security_profile: Literal[0, 1, 2, 3] = 0
    max_w: int = Field(default=250_000, ge=1, le=2_000_000)
    evse_id: str | None = Field(default=None, description="which EVSE of the site its connector 1 is")


class ChargerChange(Body):
    """What may be changed of a charger."""

    registration: Literal["accepted", "pending", "rejected"] | None = None
    password: str | None = Field(default=None, min_length=1, max_length=64)
    evse_id: str | None = None
    connector: int = Field(default=1, ge=1, le=255)


class ChargerView(BaseModel):
    """A charger as stored."""

    identity: str
    registration: str
    is_simulated: bool
    has_password: bool
    security_profile: int
    max_w: int
    protocol: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware: str | None
    boot: dict[str, Any] | None
    booted_at: datetime | None
    is_connected: bool
    connected_at: datetime | None
    disconnected_at: datetime | None
    last_seen_at: datetime | None
    registered_at: datetime
    connectors: list[ConnectorRow]
    open_transactions: list[int] = []
    open_orders: list[str] = []

    @classmethod
    def of(cls, detail: ChargerDetail, connectors: list[ConnectorRow]) -> Self:
        """From rows."""
        values = {name: getattr(detail, name) for name in ChargerDetail.__slots__ if name != "id"}
        return cls(connectors=connectors, **values)


class OrderView(BaseModel):
    """An order and what became of it; `response` is the charger's answer."""

    id: str
    operation: str
    payload: dict[str, Any]
    status: str
    response: dict[str, Any] | None
    error_code: str | None
    error_description: str | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None

    @classmethod
    def of(cls, order: Order) -> Self:
        """From a row."""
        return cls(
            id=str(order.id),
            operation=order.action,
            payload=order.payload,
            status=order.state,
            response=order.response,
            error_code=order.error_code,
            error_description=order.error_description,
            requested_by=order.requested_by,
            requested_at=order.requested_at,
            expires_at=order.expires_at,
            sent_at=order.sent_at,
            answered_at=order.answered_at,
        )


class CloseBody(Body):
    """Why a transaction is closed by hand."""

    reason: str = Field(min_length=3, max_length=200)


class SettleBody(Body):
    """How a bill is settled."""

    reference: str | None = Field(default=None, max_length=100)
    waive: bool = False


class BillView(BaseModel):
    """What a finished charge costs, in fen."""

    transaction_id: int
    state: str
    total_fen: int
    energy_fen: int
    service_fen: int
    idle_fen: int
    delivered_wh: int
    lines: list[dict[str, Any]]
    energy_tariff: str
    made_at: datetime
    settled_at: datetime | None
    payment_reference: str | None

    @classmethod
    def of(cls, bill: Bill) -> Self:
        """From a row."""
        return cls(**{name: getattr(bill, name) for name in cls.model_fields})


class TransactionView(BaseModel):
    """A charging transaction as stored; `cost_fen` and `bill` only in the single view."""

    id: int
    charger: str
    evse_no: int
    connector_no: int
    station_transaction: str | None
    id_tag: str
    plate: str | None
    state: str
    is_told_late: bool
    flags: list[str]
    started_at: datetime
    started_raw: str
    start_received_at: datetime
    meter_start_wh: int
    stopped_at: datetime | None
    stopped_raw: str | None
    meter_stop_wh: int | None
    stop_reason: str | None
    closed_by: str | None
    closing_reason: str | None
    charging_ended_at: datetime | None
    unplugged_at: datetime | None
    delivered_wh: int | None
    cost_fen: int | None = None
    bill: BillView | None = None

    @classmethod
    def of(cls, one: Transaction, charger: str) -> Self:
        """From a row."""
        own = ("charger", "cost_fen", "bill")
        return cls(
            charger=charger, **{name: getattr(one, name) for name in cls.model_fields if name not in own}
        )


class TagBody(Body):
    """A tag to write; `id_tag` where the path does not name it."""

    id_tag: str | None = Field(default=None, min_length=1, max_length=36)
    status: Literal[
        "Accepted", "Blocked", "Expired", "Invalid", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation",
        "NotAtThisTime", "Unknown",
    ] = "Accepted"  # fmt: skip
    expires_at: AwareDatetime | None = None
    parent_tag: str | None = Field(default=None, max_length=36)
    kind: str = Field(default="ISO14443", max_length=20)
    is_master_pass: bool = False
    plate: str | None = Field(default=None, max_length=10)
    note: str | None = Field(default=None, max_length=200)

    def row(self, tag: str | None) -> IdTag:
        """As a row.

        Raises:
            Invalid: neither path nor body names the tag, or both do and differ.
        """
        name = tag or self.id_tag
        if name is None or (tag and self.id_tag and tag.casefold() != self.id_tag.casefold()):
            raise Invalid("id_tag: name the tag once")
        if len(name) > 36 or not name.isprintable():
            raise Invalid("id_tag: at most 36 printable characters")
        values = self.model_dump(exclude={"id_tag"})
        return IdTag(tag=name, **values)


class TagView(BaseModel):
    """A tag as stored."""

    id_tag: str
    status: str
    expires_at: datetime | None
    parent_tag: str | None
    kind: str
    is_master_pass: bool
    plate: str | None
    note: str | None

    @classmethod
    def of(cls, tag: IdTag) -> Self:
        """From a row."""
        own = {name: getattr(tag, name) for name in cls.model_fields if name != "id_tag"}
        return cls(id_tag=tag.tag, **own)


class ReservationView(BaseModel):
    """A reservation as stored."""

    id: int
    charger: str
    evse_no: int
    id_tag: str
    state: str
    reserved_at: datetime
    expires_at: datetime
    transaction_id: int | None

    @classmethod
    def of(cls, one: Reservation, charger: str) -> Self:
        """From a row."""
        return cls(
            charger=charger, **{name: getattr(one, name) for name in cls.model_fields if name != "charger"}
        )


class TariffBodyNamed(Body):
    """A price list to add; `source` says where its prices come from."""

    name: str = Field(min_length=1, max_length=60)
    valid_from: AwareDatetime
    source: str = Field(min_length=3, max_length=300)
    tariff: TariffBody
