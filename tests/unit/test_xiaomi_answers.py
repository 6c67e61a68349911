"""What the codes in the cloud's answers are turned into."""

import json
from http.cookies import SimpleCookie

import pytest

from migpt_shared.xiaomi import (
    CloudRefused,
    MalformedAnswer,
    SpeakerBusy,
    SpeakerOffline,
    TokenExpired,
    Unsupported,
    XiaomiError,
)
from migpt_shared.xiaomi.answers import check_action_result, mina_content, miot_content
from migpt_shared.xiaomi.transport import Answer


def answer(body: object, status: int = 200) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer("api2.mina.mi.com", status, content, {}, SimpleCookie())


ROM_SILENT = {"device_data": json.dumps({"msg": "ROM端未响应", "code": 3012}), "reqID": "x"}
NO_COOKIE = {"msg": "MissingRequestCookieException: Required cookie 'userId' for method parameter"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": 101, "message": "ubus server or device returned invalid result", "data": ROM_SILENT}, SpeakerBusy),
        ({"code": 100, "message": "ubus server internal error", "data": {"msg": "Timed out"}}, SpeakerBusy),
        ({"code": 0, "message": "ok", "data": {"code": 3012}}, SpeakerBusy),
        ({"code": 0, "message": "ok", "data": {"code": -1}}, Unsupported),
        ({"code": 601, "message": "illegal argument exception", "data": {"msg": "format illegal!"}}, Unsupported),
        ({"code": 601, "message": "illegal argument exception", "data": NO_COOKIE}, TokenExpired),
        ({"code": 7, "message": "Auth failed"}, TokenExpired),
        ({"code": 7, "message": None}, CloudRefused),
        ({"code": -1, "message": "what"}, CloudRefused),
    ],
)
def test_mina_codes(body: object, error: type[XiaomiError]) -> None:
    with pytest.raises(XiaomiError) as caught:
        mina_content(answer(body))
    assert type(caught.value) is error


@pytest.mark.parametrize("open_answer", [mina_content, miot_content])
@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"<html>login</html>", 401, TokenExpired),
        (b"<html>what</html>", 404, CloudRefused),
        (b"<html>what</html>", 200, MalformedAnswer),
        (b'{"code":0,"mess', 200, MalformedAnswer),
        (b"", 200, MalformedAnswer),
        (b"\xff\xfe", 200, MalformedAnswer),
        (None, 200, MalformedAnswer),
        ([], 200, MalformedAnswer),
        ({}, 200, MalformedAnswer),
        ({"code": None}, 200, MalformedAnswer),
        ({"code": "0"}, 200, MalformedAnswer),
        ({"code": True}, 200, MalformedAnswer),
    ],
)
def test_what_is_no_answer_at_all(open_answer: object, body: object, status: int, error: type[XiaomiError]) -> None:
    with pytest.raises(XiaomiError) as caught:
        open_answer(answer(body, status))  # type: ignore[operator]
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": 2, "message": "x"}, TokenExpired),
        ({"code": 3, "message": None}, TokenExpired),
        ({"code": 9, "message": "auth err"}, TokenExpired),
        ({"code": 9, "message": "Invalid signature"}, TokenExpired),
        ({"code": 9, "message": "SERVICETOKEN_EXPIRED"}, TokenExpired),
        ({"code": -8, "message": "data type not valid"}, Unsupported),
        ({"code": -704042011, "message": ""}, SpeakerOffline),
        ({"code": -704083036, "message": ""}, SpeakerBusy),
        ({"code": -704010000, "message": "unauthorised"}, CloudRefused),
        ({"code": 0, "message": "ok"}, MalformedAnswer),
    ],
)
def test_miot_codes(body: object, error: type[XiaomiError]) -> None:
    with pytest.raises(XiaomiError) as caught:
        miot_content(answer(body))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({"code": -704042011}, SpeakerOffline),
        ({"code": -704053036}, SpeakerBusy),
        ({"code": -704053100}, SpeakerBusy),
        ({"code": -704220025}, Unsupported),
        ({"code": -704040005}, Unsupported),
        ({"code": -1}, CloudRefused),
        ({"code": None}, MalformedAnswer),
        ({}, MalformedAnswer),
        ([], MalformedAnswer),
        (None, MalformedAnswer),
    ],
)
def test_the_inner_code_of_an_action_counts(result: object, error: type[XiaomiError]) -> None:
    with pytest.raises(XiaomiError) as caught:
        check_action_result(result)
    assert type(caught.value) is error


def test_good_answers_are_given_as_they_are() -> None:
    assert mina_content(answer({"code": 0, "data": {"code": 0, "info": "{}"}}))["data"] == {"code": 0, "info": "{}"}
    assert mina_content(answer({"code": 0, "data": "{}"}))["data"] == "{}"
    assert miot_content(answer({"code": 0, "result": {"code": 0}}))["result"] == {"code": 0}
    check_action_result({"code": 0})


def test_an_error_never_quotes_the_body() -> None:
    with pytest.raises(MalformedAnswer) as caught:
        mina_content(answer(b"{ s3cret"))
    assert "s3cret" not in f"{caught.value} {caught.value!r}"
    assert "s3cret" not in repr(answer(b"s3cret"))
