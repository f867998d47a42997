"""Frames and schemas: whatever octets come, a frame comes out; what goes out is as the standard orders it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging import rpc, schemas
from charging.orders import BadPayload, NoSuchOperation, checked_payload
from charging.rpc import BadFrame, Call, CallRefused, Fault
from charging.secrecy import HIDDEN, redacted

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=300)
@given(st.text(max_size=200) | st.binary(max_size=200) | _json.map(json.dumps))
def test_any_text_is_read_into_a_frame_and_its_answer_is_a_call_error(raw: str | bytes) -> None:
    frame = rpc.read_frame(raw)
    if isinstance(frame, BadFrame):
        for version in rpc.ERROR_CODES:
            answer = rpc.bad_frame_answer(frame, version)
            assert answer is None or json.loads(answer)[0] == 4


@settings(max_examples=300)
@given(st.integers(0, 9), _json, _json, _json)
def test_any_array_is_read_into_a_frame(
    kind: int, message_id: object, action: object, payload: object
) -> None:
    frame = rpc.read_frame(json.dumps([kind, message_id, action, payload]))
    if isinstance(frame, Call):
        assert len(frame.message_id) <= 36
        with pytest.raises(CallRefused):
            schemas.check_incoming("1.6", "StartTransaction", frame.payload)


def test_every_fault_has_a_name_in_every_version_and_the_right_one() -> None:
    for names in rpc.ERROR_CODES.values():
        assert set(names) == set(Fault)
        assert names[Fault.UNKNOWN_ACTION] == "NotImplemented"
        assert names[Fault.UNSERVED_ACTION] == "NotSupported"
    assert rpc.ERROR_CODES["1.6"][Fault.OCCURRENCE] == "OccurenceConstraintViolation"
    assert rpc.ERROR_CODES["2.0.1"][Fault.OCCURRENCE] == "OccurrenceConstraintViolation"
    assert rpc.ERROR_CODES["1.6"][Fault.FORMAT] == "FormationViolation"
    assert rpc.ERROR_CODES["2.1"][Fault.MESSAGE_TYPE] == "MessageTypeNotSupported"


def test_ocpp_2_answers_an_unreadable_id_under_minus_one_and_1_6_does_not() -> None:
    bad = rpc.read_frame("{")
    assert isinstance(bad, BadFrame)
    assert rpc.bad_frame_answer(bad, "1.6") is None
    assert json.loads(rpc.bad_frame_answer(bad, "2.0.1") or "")[:3] == [4, "-1", "RpcFrameworkError"]


def test_message_types_5_and_6_are_read() -> None:
    assert rpc.read_frame('[6,"a","NotifyPeriodicEventStream",{}]') == Call(
        message_id="a", action="NotifyPeriodicEventStream", payload={}, is_send=True
    )
    error = rpc.read_frame('[5,"a","FormatViolation","no",{}]')
    assert isinstance(error, rpc.CallError) and error.is_result_error


def test_a_local_list_goes_out_in_the_standards_member_order_with_update_type_last() -> None:
    sent = {"updateType": "Full", "localAuthorizationList": [], "listVersion": 1}
    assert list(checked_payload("1.6", "SendLocalList", sent)) == [
        "listVersion", "localAuthorizationList", "updateType"
    ]  # fmt: skip


def test_an_operation_is_checked_before_it_becomes_an_order() -> None:
    with pytest.raises(NoSuchOperation):
        checked_payload("1.6", "StartTransaction", {})
    with pytest.raises(NoSuchOperation):
        checked_payload("1.6", "../secrets", {})
    with pytest.raises(BadPayload, match="idTag"):
        checked_payload("1.6", "RemoteStartTransaction", {})
    with pytest.raises(BadPayload):
        checked_payload("1.6", "Reset", {"type": "Medium"})
    with pytest.raises(BadPayload):
        checked_payload("1.6", "ClearCache", {"extra": 1})


def test_a_limit_with_a_decimal_passes_where_binary_floating_point_would_refuse_it() -> None:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 21.4}]}
    profile = {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute", "chargingSchedule": schedule,
    }  # fmt: skip
    checked_payload("1.6", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})


def test_passwords_are_hidden_in_what_is_kept() -> None:
    sent = {"key": "AuthorizationKey", "value": "0011"}
    assert redacted("ChangeConfiguration", sent) == {"key": "AuthorizationKey", "value": HIDDEN}
    assert redacted("ChangeConfiguration", {"key": "A", "value": "b"}) == {"key": "A", "value": "b"}
    variable = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "attributeValue": "x",
    }
    kept = redacted("SetVariables", {"setVariableData": [variable]})
    assert kept["setVariableData"][0]["attributeValue"] == HIDDEN
