"""Which address stands behind each of Xiaomi's hosts."""

import pytest

from migpt_shared.xiaomi import Endpoints, MalformedAnswer

STAND_IN = Endpoints("http://a.test:1", "http://m.test:2/base/", "http://c.test:3", "http://i.test:4")


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("https://account.xiaomi.com/pass/serviceLogin?sid=x", "http://a.test:1/pass/serviceLogin?sid=x"),
        ("https://api2.mina.mi.com/remote/ubus", "http://m.test:2/base/remote/ubus"),
        ("https://api2.mina.mi.com/sts?d=1&clientSign=a/b%3D", "http://m.test:2/base/sts?d=1&clientSign=a/b%3D"),
        ("https://userprofile.mina.mi.com/device_profile/v2/conversation", "http://c.test:3/device_profile/v2/conversation"),
        ("https://api.io.mi.com/app/miotspec/action", "http://i.test:4/app/miotspec/action"),
        ("https://de.api.io.mi.com/app/home", "http://i.test:4/app/home"),
        ("https://sts.api.io.mi.com/sts?x=1", "http://i.test:4/sts?x=1"),
        ("http://m.test:2/sts?x=1", "http://m.test:2/sts?x=1"),
    ],
)  # fmt: skip
def test_hosts_are_replaced_and_paths_stay(url: str, resolved: str) -> None:
    assert STAND_IN.resolve(url) == resolved


def test_without_replacements_everything_stays() -> None:
    for url in ("https://account.xiaomi.com/pass", "https://sts.api.io.mi.com/sts?a=b", "https://c.id.mi.com/x"):
        assert Endpoints().resolve(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/sts", "http://api2.mina.mi.com/sts", "https://api2.mina.mi.com.evil.example/sts",
        "https://evilmi.com/", "ftp://account.xiaomi.com/", "/sts", "", "http://127.0.0.1:9/sts",
    ],
)  # fmt: skip
def test_a_login_answer_cannot_send_us_elsewhere(url: str) -> None:
    with pytest.raises(MalformedAnswer):
        Endpoints().resolve(url)
