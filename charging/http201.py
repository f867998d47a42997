"""Routes of what only OCPP 2.x chargers have: the device model, reports in parts, and (2.1) our tariff."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field

from charging import bill_store, device_store, orders, reports, transaction_store
from charging.bodies import OrderView
from charging.device_store import DeviceVariable
from charging.http import ANSWER_WITHIN_S, Operator, detail_of, order_answers
from charging.reports import Report
from charging.rpc import Payload
from charging.rules.tariff21 import tariff_message
from charging.rules.transaction import NoSuchTransaction
from charging.tariffs import NoTariff, load_tariff
from facility.db import unit_of_work
from facility.edge import Uow, audit, context, require
from facility.identity import Person, Role

router = APIRouter(prefix="/api/v1", tags=["charging"])

Reader = Annotated[Person, Depends(require())]
Manager = Annotated[Person, Depends(require(Role.MANAGER))]

PUBLIC_KINDS: Final = ("device", "monitoring", "profiles", "display")


@router.get("/chargers/{identity}/device-model")
async def read_device_model(
    identity: str,
    conn: Uow,
    _person: Reader,
    component: Annotated[str | None, Query(max_length=50)] = None,
    variable: Annotated[str | None, Query(max_length=50)] = None,
    evse: Annotated[int | None, Query(ge=0, le=255)] = None,
    attribute: Annotated[str | None, Query(max_length=20)] = None,
) -> list[DeviceVariable]:
    """Components and variables of a 2.x charger as last told; GetBaseReport and GetVariables read them again.

    EVSE 0 is the charger itself. Names are compared without case.
    """
    charger = await orders.find_charger(conn, identity)
    return await device_store.read_variables(
        conn, charger.id, component=component, variable=variable, evse_no=evse, attribute=attribute
    )


@router.get("/chargers/{identity}/reports")
async def read_reports(
    identity: str,
    conn: Uow,
    _person: Reader,
    kind: Literal["device", "monitoring", "profiles", "display"] | None = None,
    request_id: int | None = None,
) -> list[Report]:
    """Reports of a 2.x charger, newest first, put together from their parts; `missing` names parts that never came."""
    charger = await orders.find_charger(conn, identity)
    found = await reports.read_reports(conn, charger.id, kind=kind, request_id=request_id)
    return [report for report in found if report.kind in PUBLIC_KINDS]


@router.get("/chargers/{identity}/customer-information")
async def read_customer_information(
    identity: str, conn: Uow, _person: Manager, request_id: int | None = None
) -> list[Report]:
    """What a charger told it keeps of a customer (CustomerInformation): personal data, for managers only."""
    charger = await orders.find_charger(conn, identity)
    return await reports.read_reports(conn, charger.id, kind="customer", request_id=request_id)


class TariffOrder(BaseModel):
    """For which EVSE (0: all of them) a charger gets our tariff; or for which running transaction."""

    model_config = ConfigDict(extra="forbid")

    evse: int = Field(default=0, ge=0, le=255)
    transaction: int | None = None


@router.post("/chargers/{identity}/energy-tariff")
async def send_tariff(identity: str, body: TariffOrder, request: Request, person: Operator) -> OrderView:
    """Send our price list to a 2.1 charger: SetDefaultTariff with the one in force, or ChangeTransactionTariff.

    A transaction is sent the list it began under, which is the one its bill is made by.
    """
    ctx = context(request)
    async with unit_of_work(ctx.pool) as conn:
        charger = await detail_of(conn, identity)
        action, payload = await _tariff_order(conn, charger.id, body, ctx.clock.now())
        order_id = await orders.request_order(
            conn,
            charger_id=charger.id,
            version=orders.version_of(charger.protocol),
            action=action,
            payload=payload,
            by=person.name,
            clock=ctx.clock,
        )
        await audit(request, conn, person, f"charger.{action}", identity, order=str(order_id))
    return OrderView.of(await order_answers(request).outcome(order_id, ANSWER_WITHIN_S))


async def _tariff_order(
    conn: AsyncConnection[Any], charger_id: int, body: TariffOrder, now: datetime
) -> tuple[str, Payload]:
    if body.transaction is None:
        tariff_id = await bill_store.tariff_in_force(conn, now)
        if tariff_id is None:
            raise NoTariff("no energy tariff is in force")
        message = tariff_message(await load_tariff(conn, tariff_id))
        return "SetDefaultTariff", {"evseId": body.evse, "tariff": message}
    one = await transaction_store.lock_transaction(conn, body.transaction)
    if one is None or one.charger_id != charger_id or one.station_transaction is None:
        raise NoSuchTransaction(f"no transaction {body.transaction} at this charger")
    message = tariff_message(await load_tariff(conn, one.energy_tariff_id))
    return "ChangeTransactionTariff", {"transactionId": one.station_transaction, "tariff": message}
