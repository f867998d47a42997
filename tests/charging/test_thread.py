"""The whole journey of a charge, told by a raw 1.6 charger."""

from datetime import timedelta

from charging.rules.moments import moment_text
from tests.charging.conftest import Yard


async def test_a_charge_from_boot_to_bill(yard: Yard) -> None:
    await yard.register("CP1")
    await yard.tag("TAG1")
    now = yard.clock.now()
    async with yard.charger("CP1") as charger:
        booted = await charger.boot()
        assert booted["status"] == "Accepted"
        assert (await charger.call("Authorize", {"idTag": "tag1"}))["idTagInfo"]["status"] == "Accepted"
        started = await charger.call(
            "StartTransaction",
            {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": moment_text(now)},
        )
        number = started["transactionId"]
        assert number > 0
        sample = {"measurand": "Energy.Active.Import.Register", "unit": "Wh", "value": "1500"}
        at = moment_text(now + timedelta(minutes=1))
        answer = await charger.call(
            "MeterValues",
            {
                "connectorId": 1,
                "transactionId": number,
                "meterValue": [{"timestamp": at, "sampledValue": [sample]}],
            },
        )
        assert answer == {}
        at = moment_text(now + timedelta(minutes=2))
        await charger.call(
            "StopTransaction",
            {"transactionId": number, "meterStop": 2000, "timestamp": at, "idTag": "TAG1"},
        )
    ((delivered_wh, state),) = await yard.rows("select delivered_wh, state from charging.transaction")
    assert (delivered_wh, state) == (1000, "ended")
    ((total_fen, bill_state),) = await yard.rows("select total_fen, state from charging.bill")
    assert total_fen > 0
    assert bill_state == "open"
    assert await yard.rows("select delivered_wh, transaction_id from charging.meter_sample") == [
        (500, number)
    ]
