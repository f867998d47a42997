"""WeChat Pay API v3, Native payment: the address in a code that the driver's WeChat opens.

Shapes from the public documentation of WeChat Pay (pay.weixin.qq.com/doc/v3/merchant: Native 下单, 支付通知, 退款,
申请交易账单). The library signs requests, checks the signature of each answer and opens the encrypted notifications.
"""

import asyncio
import csv
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import requests
from wechatpayv3.type import WeChatPayType

from facility.units import Fen, local
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
    "SUCCESS": TradeState.PAID,
    "REFUND": TradeState.PAID,  # it was paid; what went back is told by the refunds
    "NOTPAY": TradeState.WAITING,
    "USERPAYING": TradeState.WAITING,
    "ACCEPT": TradeState.WAITING,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
    "PAYERROR": TradeState.REFUSED,
}
_REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PENDING,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}
_FRESH_FOR = timedelta(minutes=5)
_NO_STATEMENT = "NO_STATEMENT_EXIST"


class WeChatClient(Protocol):
    """What of `wechatpayv3.WeChatPay` is used; calls answer an HTTP status and a body."""

    def pay(self, **order: Any) -> tuple[int, str]: ...
    def query(self, **which: Any) -> tuple[int, str]: ...
    def close(self, out_trade_no: str) -> tuple[int, str]: ...
    def refund(self, **order: Any) -> tuple[int, str]: ...
    def trade_bill(self, **which: Any) -> tuple[int, str]: ...
    def download_bill(self, url: str) -> tuple[int, str | bytes]: ...
    def callback(self, headers: Mapping[str, str], body: bytes | str) -> dict[str, Any] | None: ...


class WeChatPayProvider:
    """WeChat Pay for one merchant number."""

    name = "wechat"

    def __init__(self, client: WeChatClient, *, mchid: str, appid: str) -> None:
        self._client = client
        self._mchid = mchid
        self._appid = appid

    async def ask(self, order: PayOrder) -> str:
        """See `PaymentProvider`; the answer is a `weixin://` address to show as a code."""
        answer = await self._call(
            self._client.pay,
            description=order.subject,
            out_trade_no=order.number,
            amount={"total": int(order.amount_fen), "currency": "CNY"},
            time_expire=local(order.expires_at).isoformat(timespec="seconds"),
            notify_url=order.notify_url,
            pay_type=WeChatPayType.NATIVE,
        )
        return str(_needed(answer, "code_url"))

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notification:
        """See `PaymentProvider`; a notification older than five minutes is a replay."""
        lowered = {key.lower(): value for key, value in headers.items()}
        try:
            sent_at = int(lowered["wechatpay-timestamp"])
            opened = self._client.callback(lowered, body)
        except Exception as fault:  # the library raises bare Exception for each thing it cannot read
            raise NotificationForged(f"a WeChat notification cannot be read: {fault}") from fault
        if opened is None:
            raise NotificationForged("a WeChat notification is not signed by WeChat Pay")
        if abs(now.timestamp() - sent_at) > _FRESH_FOR.total_seconds():
            raise NotificationForged("a WeChat notification is too old to be one")
        resource = opened.get("resource")
        if not isinstance(resource, dict) or resource.get("mchid") != self._mchid:
            raise NotificationForged("a WeChat notification is for another merchant")
        if resource.get("appid") != self._appid:
            raise NotificationForged("a WeChat notification is for another application")
        return Notification(notification_id=str(_needed(opened, "id")), trade=_trade(resource))

    def acknowledge(self) -> tuple[str, bytes]:
        """See `PaymentProvider`."""
        return "application/json", b'{"code":"SUCCESS"}'

    async def look_up(self, number: str) -> Trade:
        """See `PaymentProvider`."""
        return _trade(await self._call(self._client.query, out_trade_no=number))

    async def close(self, number: str) -> None:
        """See `PaymentProvider`."""
        await self._call(self._client.close, out_trade_no=number)

    async def refund(self, order: RefundOrder) -> RefundAnswer:
        """See `PaymentProvider`."""
        answer = await self._call(
            self._client.refund,
            out_refund_no=order.number,
            out_trade_no=order.payment_number,
            reason=order.reason[:80],
            amount={"refund": int(order.amount_fen), "total": int(order.paid_fen), "currency": "CNY"},
        )
        status = str(_needed(answer, "status"))
        if status not in _REFUND_STATES:
            raise ProviderAway(f"WeChat Pay answered the unknown refund status {status}")
        return RefundAnswer(
            state=_REFUND_STATES[status], provider_refund=str(_needed(answer, "refund_id")), detail=status
        )

    async def statement(self, day: date) -> list[StatementLine]:
        """See `PaymentProvider`; a day without a trade has no statement."""
        try:
            answer = await self._call(
                self._client.trade_bill, bill_date=day.isoformat(), bill_type="ALL", tar_type=None
            )
        except ProviderAway as fault:
            if fault.facts.get("provider_code") == _NO_STATEMENT:
                return []
            raise
        status, text = await asyncio.to_thread(
            self._client.download_bill, str(_needed(answer, "download_url"))
        )
        if status != 200:
            raise ProviderAway(f"WeChat Pay's statement answered {status}")
        return read_statement(text.decode("utf-8-sig") if isinstance(text, bytes) else text)

    async def _call(self, function: Any, **arguments: Any) -> dict[str, Any]:
        try:
            status, text = await asyncio.to_thread(function, **arguments)
        except requests.RequestException as fault:
            raise ProviderAway(f"WeChat Pay does not answer: {type(fault).__name__}") from fault
        answer: Any = {}
        if text:
            try:
                answer = json.loads(text)
            except ValueError as fault:
                raise ProviderAway(f"WeChat Pay answered {status} and no JSON") from fault
        if status not in (200, 202, 204) or not isinstance(answer, dict):
            told = answer if isinstance(answer, dict) else {}
            raise ProviderAway(
                f"WeChat Pay answered {status} {told.get('code', '')} {told.get('message', '')}".strip(),
                provider_code=str(told.get("code", "")),
            )
        return answer


def _needed(answer: Mapping[str, Any], key: str) -> Any:
    if answer.get(key) in (None, ""):
        raise ProviderAway(f"WeChat Pay's answer lacks {key}")
    return answer[key]


def _trade(resource: Mapping[str, Any]) -> Trade:
    state = str(_needed(resource, "trade_state"))
    if state not in _STATES:
        raise ProviderAway(f"WeChat Pay told the unknown trade state {state}")
    amount = resource.get("amount") or {}
    paid_at = resource.get("success_time")
    return Trade(
        number=str(_needed(resource, "out_trade_no")),
        state=_STATES[state],
        trade=resource.get("transaction_id"),
        amount_fen=Fen(int(amount.get("total", 0))),
        paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
    )


def read_statement(text: str) -> list[StatementLine]:
    """Read a trade statement (交易账单, bill type ALL): a header, lines whose cells begin with a backquote, a summary.

    Raises:
        ProviderAway: a column is missing or an amount is none.
    """
    rows = csv.DictReader(text.splitlines())
    lines: list[StatementLine] = []
    for raw in rows:
        row = {key.strip(): (value or "").lstrip("`") for key, value in raw.items() if key}
        if row.get("交易时间", "").startswith("总交易单数"):
            break
        try:
            state = row["交易状态"]
            if state == "SUCCESS":
                lines.append(_statement_line(row["商户订单号"], row["订单金额"], row["微信订单号"], 1))
            elif state == "REFUND":
                lines.append(
                    _statement_line(row["商户退款单号"], row["申请退款金额"], row["微信退款单号"], -1)
                )
        except KeyError as missing:
            raise ProviderAway(f"WeChat Pay's statement lacks the column {missing}") from missing
    return lines


def _statement_line(number: str, yuan_text: str, trade: str, sign: int) -> StatementLine:
    try:
        fen = Decimal(yuan_text) * 100
    except InvalidOperation as fault:
        raise ProviderAway(f"WeChat Pay's statement has the amount {yuan_text!r}") from fault
    return StatementLine(number=number, amount_fen=Fen(sign * int(fen)), trade=trade)
