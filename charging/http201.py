"""Routes of what only OCPP 2.x chargers have: the device model, and reports that came in parts."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query

from charging import device_store, orders, reports
from charging.device_store import DeviceVariable
from charging.reports import Report
from facility.edge import Uow, require
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
