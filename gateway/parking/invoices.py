"""E-invoice (电子发票) requests: kept for the tax system, exported once."""

import csv
import io
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from facility.errors import Conflict
from facility.ids import new_uuid
from facility.units import Fen, local, yuan
from gateway.parking import invoice_store, payment_store

Conn = AsyncConnection[Any]

HEADER = ("申请编号", "支付单号", "支付方式", "支付时间", "抬头", "税号", "交付", "停车费", "充电费", "合计")


class InvoiceAsked(Conflict):
    """An e-invoice of this payment was asked for before."""

    code = "invoice.asked"


class NothingToInvoice(Conflict):
    """The payment was not made, or was given back whole."""

    code = "invoice.nothing"


async def ask_invoice(
    conn: Conn, number: str, *, title: str, tax_number: str, deliver_to: str, now: datetime
) -> None:
    """Keep a request for a payment that was made.

    Raises:
        PaymentMissing: there is no such payment. NothingToInvoice: no money stayed. InvoiceAsked: asked before.
    """
    payment = await payment_store.read_payment(conn, number)
    refunds = await payment_store.read_refunds(conn, payment.id)
    amount_fen = payment.amount_fen - sum(one.amount_fen for one in refunds if one.state != "failed")
    if payment.state != "paid" or payment.is_stray or amount_fen <= 0:
        raise NothingToInvoice("no money of this payment stayed here")
    kept = await invoice_store.insert_request(
        conn,
        request_id=new_uuid(),
        payment_id=payment.id,
        title=title,
        tax_number=tax_number,
        deliver_to=deliver_to,
        amount_fen=amount_fen,
        asked_at=now,
    )
    if not kept:
        raise InvoiceAsked("an e-invoice of this payment was asked for before")


async def export_invoices(conn: Conn, *, by: str, now: datetime) -> tuple[int, str]:
    """The requests not exported yet, marked exported, as CSV with a byte-order mark for the tax system's import."""
    rows = await invoice_store.take_requests(conn, by=by, now=now)
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for row in rows:
        total_fen = row.parking_fen + row.charging_fen
        writer.writerow(
            [
                row.id,
                row.number,
                row.provider,
                local(row.paid_at).isoformat(timespec="seconds"),
                _plain(row.title),
                row.tax_number,
                _plain(row.deliver_to),
                yuan(Fen(row.parking_fen)),
                yuan(Fen(row.charging_fen)),
                yuan(Fen(total_fen)),
            ]
        )
    return len(rows), text.getvalue()


def _plain(text: str) -> str:
    """A payer's words that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
