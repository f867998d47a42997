"""WeChat Pay and Alipay against the shapes of their public documentation, with keys made for the test."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from alipay import AliPay
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import WeChatPay, WeChatPayType

from facility.units import Fen
from gateway.parking.drivers.payment import (
    NotificationForged,
    PayOrder,
    ProviderAway,
    RefundOrder,
    RefundState,
    StatementLine,
    TradeState,
)
from gateway.parking.drivers.payment_alipay import AlipayProvider
from gateway.parking.drivers.payment_alipay import read_statement as read_alipay_statement
from gateway.parking.drivers.payment_wechat import WeChatPayProvider
from gateway.parking.drivers.payment_wechat import read_statement as read_wechat_statement

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ORDER = PayOrder(
    number="0123456789abcdef0123456789abcdef",
    amount_fen=Fen(1205),
    subject="停车费",
    expires_at=NOW + timedelta(minutes=5),
    notify_url="https://garage.example/api/v1/payments/notifications/x",
)
REFUND = RefundOrder(
    number="r1", payment_number=ORDER.number, amount_fen=Fen(205), paid_fen=Fen(1205), reason="申诉"
)
APIV3_KEY = "0123456789abcdef0123456789abcdef"
MERCHANT = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLATFORM = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def signed(key: rsa.RSAPrivateKey, message: str) -> str:
    return base64.b64encode(key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


class Answers:
    """Recorded answers instead of the network; keeps what was sent."""

    def __init__(self, status: int, body: dict[str, Any] | str) -> None:
        self.status, self.body = status, body if isinstance(body, str) else json.dumps(body)
        self.sent: list[tuple[str, str, Any, Mapping[str, str]]] = []

    def __call__(self, method: str) -> Any:
        def call(
            *, url: str, headers: Mapping[str, str], json: Any = None, **_rest: Any
        ) -> requests.Response:
            self.sent.append((method, url, json, headers))
            answer = requests.Response()
            answer.status_code = self.status
            answer._content = self.body.encode()
            answer.headers.update(wechat_headers(self.body) | {"Content-Type": "application/json"})
            return answer

        return call


def wechat_headers(body: str, at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": "nonce",
        "Wechatpay-Serial": "PUB_KEY_ID_1",
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": signed(PLATFORM, f"{stamp}\nnonce\n{body}\n"),
    }


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(status: int = 200, body: dict[str, Any] | str = "") -> tuple[WeChatPayProvider, Answers]:
        answers = Answers(status, body)
        monkeypatch.setattr(requests, "get", answers("GET"))
        monkeypatch.setattr(requests, "post", answers("POST"))
        client: Any = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid="1900000001",
            private_key=private_pem(MERCHANT),
            cert_serial_no="AB12",
            apiv3_key=APIV3_KEY,
            appid="wx1",
            public_key=public_pem(PLATFORM),
            public_key_id="PUB_KEY_ID_1",
        )
        return WeChatPayProvider(client, mchid="1900000001", appid="wx1"), answers

    return make


WECHAT_TRADE: dict[str, Any] = {
    "appid": "wx1",
    "mchid": "1900000001",
    "out_trade_no": ORDER.number,
    "transaction_id": "4200000000000000000000000001",
    "trade_type": "NATIVE",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "bank_type": "CMC",
    "success_time": "2026-03-02T11:00:05+08:00",
    "payer": {"openid": "o"},
    "amount": {"total": 1205, "payer_total": 1205, "currency": "CNY", "payer_currency": "CNY"},
}


def wechat_notice(trade: dict[str, Any]) -> str:
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(b"fdasflkja484", json.dumps(trade).encode(), b"transaction")
    return json.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-03-02T11:00:06+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": "fdasflkja484",
            },
        }
    )


async def test_wechat_is_asked_for_a_code_in_fen(wechat: Any) -> None:
    provider, answers = wechat(200, {"code_url": "weixin://wxpay/bizpayurl?pr=1"})
    assert await provider.ask(ORDER) == "weixin://wxpay/bizpayurl?pr=1"
    _, url, body, headers = answers.sent[0]
    assert url.endswith("/v3/pay/transactions/native")
    assert body["amount"] == {"total": 1205, "currency": "CNY"}
    assert (body["out_trade_no"], body["time_expire"]) == (ORDER.number, "2026-03-02T11:05:00+08:00")
    assert headers["Authorization"].startswith('WECHATPAY2-SHA256-RSA2048 mchid="1900000001"')


async def test_a_wechat_notification_is_opened_and_checked(wechat: Any) -> None:
    provider, _ = wechat()
    body = wechat_notice(WECHAT_TRADE)
    told = provider.read_notification(wechat_headers(body), body.encode(), NOW)
    assert told.notification_id == "EV-2018022511223320873"
    assert (told.trade.state, told.trade.amount_fen) == (TradeState.PAID, 1205)
    assert told.trade.paid_at == datetime(2026, 3, 2, 3, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("change", ["signature", "body", "old", "merchant", "headers", "sealed"])
def test_a_forged_wechat_notification_is_refused(wechat: Any, change: str) -> None:
    provider, _ = wechat()
    trade = WECHAT_TRADE | ({"mchid": "1900000002"} if change == "merchant" else {})
    body = wechat_notice(trade)
    if change == "sealed":
        body = body.replace('"nonce": "fdasflkja484"', '"nonce": "fdasflkja485"')
    headers = wechat_headers(body, NOW - timedelta(minutes=6) if change == "old" else NOW)
    if change == "signature":
        headers["Wechatpay-Signature"] = signed(MERCHANT, "other")
    if change == "headers":
        headers = {}
    sent = body.replace("EV-", "EW-") if change == "body" else body
    with pytest.raises(NotificationForged):
        provider.read_notification(headers, sent.encode(), NOW)


async def test_wechat_states_are_told_in_our_words(wechat: Any) -> None:
    provider, _ = wechat(200, WECHAT_TRADE | {"trade_state": "NOTPAY", "success_time": None})
    assert (await provider.look_up(ORDER.number)).state is TradeState.WAITING
    provider, _ = wechat(200, WECHAT_TRADE | {"trade_state": "PAYERROR"})
    assert (await provider.look_up(ORDER.number)).state is TradeState.REFUSED
    provider, _ = wechat(200, WECHAT_TRADE | {"trade_state": "NEW"})
    with pytest.raises(ProviderAway, match="NEW"):
        await provider.look_up(ORDER.number)


async def test_a_wechat_refund_is_asked_by_its_own_number(wechat: Any) -> None:
    provider, answers = wechat(200, {"refund_id": "50000", "out_refund_no": "r1", "status": "PROCESSING"})
    answer = await provider.refund(REFUND)
    assert (answer.state, answer.provider_refund) == (RefundState.PENDING, "50000")
    assert answers.sent[0][2]["amount"] == {"refund": 205, "total": 1205, "currency": "CNY"}


async def test_a_wechat_error_says_what_it_was(wechat: Any) -> None:
    provider, _ = wechat(400, {"code": "PARAM_ERROR", "message": "参数错误"})
    with pytest.raises(ProviderAway, match="PARAM_ERROR"):
        await provider.ask(ORDER)


async def test_a_day_without_wechat_trades_has_an_empty_statement(wechat: Any) -> None:
    provider, _ = wechat(400, {"code": "NO_STATEMENT_EXIST", "message": "账单不存在"})
    assert await provider.statement(date(2026, 3, 1)) == []


WECHAT_STATEMENT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注\r\n"
    "`2026-03-02 11:00:05,`wx1,`1900000001,`0,`,`4200001,`n1,`o,`NATIVE,`SUCCESS,`CMC,`CNY,`12.05,`0.00,`0,`0,"
    "`0.00,`0.00,`,`,`停车费,`,`0.07000,`0.60%,`12.05,`0.00,`\r\n"
    "`2026-03-02 12:00:00,`wx1,`1900000001,`0,`,`4200001,`n1,`o,`NATIVE,`REFUND,`CMC,`CNY,`0.00,`0.00,`5000,"
    "`r1,`2.05,`0.00,`ORIGINAL,`SUCCESS,`停车费,`,`0.00000,`0.60%,`0.00,`2.05,`\r\n"
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
    "`2,`12.05,`2.05,`0.00,`0.07000,`12.05,`2.05\r\n"
)


def test_a_wechat_statement_gives_payments_and_refunds() -> None:
    assert read_wechat_statement(WECHAT_STATEMENT) == [
        StatementLine(number="n1", amount_fen=Fen(1205), trade="4200001"),
        StatementLine(number="r1", amount_fen=Fen(-205), trade="5000"),
    ]
    with pytest.raises(ProviderAway, match="订单金额"):
        read_wechat_statement(WECHAT_STATEMENT.replace(",订单金额,", ",x,"))


class AlipayAnswers(AliPay):  # type: ignore[misc]
    """The library with a recorded answer instead of the network; signing and checking are its own."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(
            appid="9021",
            app_private_key_string=private_pem(MERCHANT),
            alipay_public_key_string=public_pem(PLATFORM),
            sign_type="RSA2",
        )
        self.answer = answer
        self.sent: list[tuple[str, dict[str, Any], dict[str, Any]]] = []

    def server_api(self, api_name: str, biz_content: dict[str, Any], **top: Any) -> dict[str, Any]:
        self.sent.append((api_name, biz_content, top))
        return self.answer


def alipay(answer: dict[str, Any], packed: bytes = b"") -> tuple[AlipayProvider, AlipayAnswers]:
    client = AlipayAnswers(answer)
    return AlipayProvider(client, appid="9021", seller_id="2088", fetch=lambda _url: packed), client


ALIPAY_NOTICE = {
    "app_id": "9021",
    "auth_app_id": "9021",
    "buyer_pay_amount": "12.05",
    "charset": "utf-8",
    "fund_bill_list": '[{"amount":"12.05","fundChannel":"ALIPAYACCOUNT"}]',
    "gmt_create": "2026-03-02 11:00:01",
    "gmt_payment": "2026-03-02 11:00:05",
    "notify_id": "2024091101222171314071950503863083",
    "notify_time": "2026-03-02 11:00:06",
    "notify_type": "trade_status_sync",
    "out_trade_no": ORDER.number,
    "seller_id": "2088",
    "subject": "停车费",
    "total_amount": "12.05",
    "trade_no": "2026030222001",
    "trade_status": "TRADE_SUCCESS",
    "version": "1.0",
}


def alipay_form(fields: dict[str, str]) -> bytes:
    message = "&".join(f"{key}={fields[key]}" for key in sorted(fields))
    return urlencode(fields | {"sign": signed(PLATFORM, message), "sign_type": "RSA2"}).encode()


async def test_alipay_is_asked_for_a_code_in_yuan() -> None:
    provider, client = alipay({"code": "10000", "msg": "Success", "qr_code": "https://qr.alipay.com/bax1"})
    assert await provider.ask(ORDER) == "https://qr.alipay.com/bax1"
    api, content, top = client.sent[0]
    assert (api, content["total_amount"]) == ("alipay.trade.precreate", "12.05")
    assert top["notify_url"] == ORDER.notify_url


def test_an_alipay_notification_is_checked() -> None:
    provider, _ = alipay({})
    told = provider.read_notification({}, alipay_form(ALIPAY_NOTICE), NOW)
    assert (told.trade.state, told.trade.amount_fen) == (TradeState.PAID, 1205)
    assert told.trade.paid_at == datetime(2026, 3, 2, 3, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("change", ["amount", "seller", "unsigned", "garbage"])
def test_a_forged_alipay_notification_is_refused(change: str) -> None:
    provider, _ = alipay({})
    body = alipay_form(ALIPAY_NOTICE | ({"seller_id": "2089"} if change == "seller" else {}))
    if change == "amount":
        body = body.replace(b"total_amount=12.05", b"total_amount=0.01")
    if change == "unsigned":
        body = urlencode(ALIPAY_NOTICE).encode()
    if change == "garbage":
        body = b"\xff\xfe"
    with pytest.raises(NotificationForged):
        provider.read_notification({}, body, NOW)


async def test_before_the_code_is_scanned_alipay_knows_no_trade() -> None:
    provider, _ = alipay({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST", "sub_msg": "交易不存在"})
    assert (await provider.look_up(ORDER.number)).state is TradeState.WAITING
    provider, _ = alipay({"code": "20000", "sub_code": "isp.unknow-error"})
    with pytest.raises(ProviderAway, match=r"isp\.unknow-error"):
        await provider.look_up(ORDER.number)


async def test_an_alipay_refund_is_asked_by_its_own_number() -> None:
    provider, client = alipay(
        {"code": "10000", "trade_no": "2026030222001", "fund_change": "Y", "refund_fee": "2.05"}
    )
    assert (await provider.refund(REFUND)).state is RefundState.DONE
    assert client.sent[0][1]["out_request_no"] == "r1"
    assert client.sent[0][1]["refund_amount"] == "2.05"


def packed_statement(header: str = "订单金额（元）") -> bytes:
    text = (
        "#支付宝业务明细查询\r\n#账号：[2088]\r\n"
        f"支付宝交易号,商户订单号,业务类型,商品名称,{header},商家实收（元）,退款批次号/请求号\r\n"
        "2026030222001\t,n1\t,交易,停车费,12.05,12.05,\r\n"
        "2026030222001\t,n1\t,退款,停车费,-2.05,-2.05,r1\r\n"
        "#-----业务明细列表结束-----\r\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("2088_20260302_业务明细(汇总).csv", "#".encode("gb18030"))
        files.writestr("2088_20260302_业务明细.csv", text.encode("gb18030"))
    return packed.getvalue()


def test_an_alipay_statement_gives_payments_and_refunds() -> None:
    assert read_alipay_statement(packed_statement()) == [
        StatementLine(number="n1", amount_fen=Fen(1205), trade="2026030222001"),
        StatementLine(number="r1", amount_fen=Fen(-205), trade="2026030222001"),
    ]
    with pytest.raises(ProviderAway, match="订单金额"):
        read_alipay_statement(packed_statement("x"))
    with pytest.raises(ProviderAway):
        read_alipay_statement(b"no archive")
