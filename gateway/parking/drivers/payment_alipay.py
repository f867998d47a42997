"""Alipay, face-to-face payment (当面付, `alipay.trade.precreate`): a code that the driver's Alipay scans.

Shapes from the public documentation of the Alipay open platform (opendocs.alipay.com: alipay.trade.precreate, 异步通知,
alipay.trade.query, close, refund, alipay.data.dataservice.bill.downloadurl.query).
"""

import asyncio
import csv
import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from urllib.parse import parse_qsl

from alipay.exceptions import AliPayException, AliPayValidationError

from facility.units import SHANGHAI, Fen, local, yuan
from gateway.parking.drivers.payment import (
    Notification,
    NotificationForged,
    PayOrder,
    ProviderAway,
    RefundAnswer,
    RefundOrder,
    RefundState,
    StatementLine,
    Trade,
    TradeState,
)

_STATES = {
    "WAIT_BUYER_PAY": TradeState.WAITING,
    "TRADE_SUCCESS": TradeState.PAID,
    "TRADE_FINISHED": TradeState.PAID,
    "TRADE_CLOSED": TradeState.CLOSED,
}
_DONE = "10000"
_NOT_THERE = "ACQ.TRADE_NOT_EXIST"


class AlipayClient(Protocol):
    """What of `alipay.AliPay` is used."""

    def server_api(self, api_name: str, biz_content: dict[str, Any], **top: Any) -> dict[str, Any]: ...
    def verify(self, data: dict[str, str], signature: str) -> bool: ...


class AlipayProvider:
    """Alipay for one application.

    `fetch` gets the statement's file by its address; it is called in a thread.
    """

    name = "alipay"

    def __init__(
        self, client: AlipayClient, *, appid: str, seller_id: str, fetch: Callable[[str], bytes]
    ) -> None:
        self._client = client
        self._appid = appid
        self._seller_id = seller_id
        self._fetch = fetch

    async def ask(self, order: PayOrder) -> str:
        """See `PaymentProvider`; the answer is a `https://qr.alipay.com/` address to show as a code."""
        answer = await self._call(
            "alipay.trade.precreate",
            {
                "out_trade_no": order.number,
                "total_amount": yuan(order.amount_fen),
                "subject": order.subject,
                "time_expire": local(order.expires_at).strftime("%Y-%m-%d %H:%M:%S"),
            },
            notify_url=order.notify_url,
        )
        return str(_needed(answer, "qr_code"))

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notification:
        """See `PaymentProvider`; a form whose `sign` covers every other field but `sign_type`."""
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            signature = form.pop("sign")
            is_signed = self._client.verify(dict(form), signature)
        except (ValueError, KeyError, AliPayException) as fault:
            raise NotificationForged(f"an Alipay notification cannot be read: {fault}") from fault
        if not is_signed:
            raise NotificationForged("an Alipay notification is not signed by Alipay")
        if form.get("app_id") != self._appid or form.get("seller_id") != self._seller_id:
            raise NotificationForged("an Alipay notification is for another seller")
        return Notification(
            notification_id=str(_needed(form, "notify_id")), trade=_trade(form, "gmt_payment")
        )

    def acknowledge(self) -> tuple[str, bytes]:
        """See `PaymentProvider`."""
        return "text/plain", b"success"

    async def look_up(self, number: str) -> Trade:
        """See `PaymentProvider`; before the driver scans the code Alipay does not know the trade."""
        try:
            answer = await self._call("alipay.trade.query", {"out_trade_no": number})
        except ProviderAway as fault:
            if fault.facts.get("provider_code") != _NOT_THERE:
                raise
            return Trade(number=number, state=TradeState.WAITING, trade=None, amount_fen=Fen(0), paid_at=None)
        return _trade(answer, "send_pay_date")

    async def close(self, number: str) -> None:
        """See `PaymentProvider`."""
        try:
            await self._call("alipay.trade.close", {"out_trade_no": number})
        except ProviderAway as fault:
            if fault.facts.get("provider_code") != _NOT_THERE:
                raise

    async def refund(self, order: RefundOrder) -> RefundAnswer:
        """See `PaymentProvider`; `fund_change` N means that the money of this number went back before."""
        answer = await self._call(
            "alipay.trade.refund",
            {
                "out_trade_no": order.payment_number,
                "refund_amount": yuan(order.amount_fen),
                "out_request_no": order.number,
                "refund_reason": order.reason[:80],
            },
        )
        return RefundAnswer(
            state=RefundState.DONE,
            provider_refund=str(_needed(answer, "trade_no")),
            detail=f"fund_change {answer.get('fund_change', '')}".strip(),
        )

    async def statement(self, day: date) -> list[StatementLine]:
        """See `PaymentProvider`."""
        answer = await self._call(
            "alipay.data.dataservice.bill.downloadurl.query",
            {"bill_type": "trade", "bill_date": day.isoformat()},
        )
        try:
            packed = await asyncio.to_thread(self._fetch, str(_needed(answer, "bill_download_url")))
        except OSError as fault:
            raise ProviderAway(f"Alipay's statement cannot be fetched: {type(fault).__name__}") from fault
        return read_statement(packed)

    async def _call(self, api: str, content: dict[str, Any], **top: Any) -> dict[str, Any]:
        try:
            answer = await asyncio.to_thread(self._client.server_api, api, content, **top)
        except AliPayValidationError as fault:
            raise ProviderAway(f"Alipay's answer to {api} is not signed by Alipay") from fault
        except (OSError, AliPayException, ValueError) as fault:
            raise ProviderAway(f"Alipay does not answer {api}: {type(fault).__name__}") from fault
        if answer.get("code") != _DONE:
            told = (
                f"{answer.get('code', '')} {answer.get('sub_code', '')} {answer.get('sub_msg', '')}".strip()
            )
            raise ProviderAway(
                f"Alipay answered {api} with {told}", provider_code=str(answer.get("sub_code", ""))
            )
        return answer


def _needed(answer: Mapping[str, Any], key: str) -> Any:
    if answer.get(key) in (None, ""):
        raise ProviderAway(f"Alipay's answer lacks {key}")
    return answer[key]


def _fen(text: object) -> Fen:
    try:
        return Fen(int(Decimal(str(text)) * 100))
    except InvalidOperation as fault:
        raise ProviderAway(f"Alipay told the amount {text!r}") from fault


def _trade(told: Mapping[str, Any], paid_key: str) -> Trade:
    state = str(_needed(told, "trade_status"))
    if state not in _STATES:
        raise ProviderAway(f"Alipay told the unknown trade status {state}")
    paid_at = told.get(paid_key)
    return Trade(
        number=str(_needed(told, "out_trade_no")),
        state=_STATES[state],
        trade=told.get("trade_no"),
        amount_fen=_fen(told.get("total_amount", "0")),
        paid_at=datetime.fromisoformat(paid_at).replace(tzinfo=SHANGHAI) if paid_at else None,
    )


def read_statement(packed: bytes) -> list[StatementLine]:
    """Read a trade statement: a ZIP of CSV files in GB18030; the one of single trades (业务明细) is read.

    Raises:
        ProviderAway: there is no such file, a column is missing or an amount is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as files:
            name = next(one for one in files.infolist() if not _told_name(one).endswith("汇总).csv"))
            text = files.read(name).decode("gb18030")
    except (zipfile.BadZipFile, StopIteration, UnicodeDecodeError) as fault:
        raise ProviderAway("Alipay's statement cannot be read") from fault
    body = [line for line in text.splitlines() if not line.startswith("#")]
    lines: list[StatementLine] = []
    for raw in csv.DictReader(body):
        row = {key.strip(): (value or "").strip() for key, value in raw.items() if key}
        try:
            kind, amount_fen = row["业务类型"], _fen(row["订单金额（元）"])
            refund_number = row["退款批次号/请求号"]
            number = refund_number if kind == "退款" else row["商户订单号"]
            lines.append(StatementLine(number=number, amount_fen=amount_fen, trade=row["支付宝交易号"]))
        except KeyError as missing:
            raise ProviderAway(f"Alipay's statement lacks the column {missing}") from missing
    return lines


def _told_name(info: zipfile.ZipInfo) -> str:
    """The file's name; Alipay writes it in GB18030 without saying so, and it is read as code page 437."""
    is_utf8 = bool(info.flag_bits & 0x800)
    return info.filename if is_utf8 else info.filename.encode("cp437").decode("gb18030", "replace")
