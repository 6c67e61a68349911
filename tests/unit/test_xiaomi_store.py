"""The token file: whole or not at all, private, and forgiving."""

import asyncio
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from migpt_shared.xiaomi import StoreUnusable, TokenStore
from migpt_shared.xiaomi.tokens import Failure, FailureKind, ServiceToken, Sid, Tokens, new_device_id

TOKENS = Tokens(
    device_id="ABCDEFGH12345678",
    account="123",
    user_id="123",
    pass_token="V1:secret-pass",
    pass_token_at=10.0,
    mina=ServiceToken("secret-mina", "c2VjMQ==", 11.0),
    miot=ServiceToken("secret-miot", "c2VjMg==", 12.0),
    failure=Failure(
        FailureKind.VERIFICATION, 1.0, 2, "ab12", "confirm", code=81003, url="https://x/?context=secret-url"
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "new" / "xiaomi.json")


async def test_what_is_saved_is_loaded(store: TokenStore) -> None:
    assert store.load() is None
    assert store.stamp() is None
    await store.save(TOKENS)
    assert store.load() == TOKENS
    first = store.stamp()
    await store.save(replace(TOKENS, mina=None, failure=None))
    assert store.load() == replace(TOKENS, mina=None, failure=None)
    assert store.stamp() != first


async def test_only_the_owner_may_read_it(store: TokenStore) -> None:
    old_mask = os.umask(0)
    try:
        async with store.lock():
            await store.save(TOKENS)
    finally:
        os.umask(old_mask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.iterdir()}
    assert modes == {"xiaomi.json": 0o600, "xiaomi.json.lock": 0o600}
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


async def test_a_crash_between_writing_and_renaming_leaves_the_old_file(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.save(TOKENS)

    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        patch.setattr(os, "unlink", lambda *_: None)  # a dead process tidies up nothing
        with pytest.raises(Crash):
            await store.save(replace(TOKENS, pass_token="V1:other"))
    assert store.load() == TOKENS
    left = [path for path in store.path.parent.iterdir() if path != store.path]
    assert len(left) == 1
    assert stat.S_IMODE(left[0].stat().st_mode) == 0o600
    await store.save(TOKENS)
    assert [path.name for path in store.path.parent.iterdir()] == ["xiaomi.json"]


async def test_a_file_of_miservice_can_be_brought_along(store: TokenStore) -> None:
    store.path.parent.mkdir()
    content = {"deviceId": "DEV", "userId": 77, "passToken": "V1:x", "micoapi": ["ss", "tok"]}
    store.path.write_text(json.dumps(content, indent=2))
    loaded = store.load()
    assert loaded == Tokens("DEV", user_id="77", pass_token="V1:x", mina=ServiceToken("tok", "ss", 0.0))
    assert loaded.belong_to("77")
    assert loaded.belong_to("somebody@example.com")
    assert not loaded.belong_to("78")
    await store.save(loaded)
    written = json.loads(store.path.read_text())
    assert {key: written[key] for key in content} == content


@pytest.mark.parametrize(
    "content", ["", "{", "null", "[]", "{}", '{"deviceId":""}', '{"deviceId":1,"passToken":"secret"}']
)
async def test_a_broken_file_is_moved_aside_and_not_quoted(
    store: TokenStore, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.path.parent.mkdir()
    store.path.write_text(content)
    assert store.load() is None
    assert store.path.with_name("xiaomi.json.broken").read_text() == content
    assert "secret" not in "".join(capsys.readouterr())
    await store.save(TOKENS)
    assert store.load() == TOKENS


async def test_a_folder_that_cannot_be_written_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = TokenStore(tmp_path / "file" / "xiaomi.json")
    assert store.load() is None
    with pytest.raises(StoreUnusable, match=r"xiaomi\.json: .*data_dir"):
        await store.save(TOKENS)
    with pytest.raises(StoreUnusable):
        async with store.lock():
            pytest.fail("not locked")


async def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable):
        TokenStore(tmp_path).load()


async def test_one_at_a_time(store: TokenStore) -> None:
    inside, most = 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with TokenStore(store.path).lock():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.wait_for(asyncio.gather(*(enter() for _ in range(5))), 10)
    assert most == 1


def test_nothing_secret_in_reprs(store: TokenStore) -> None:
    assert "secret" not in repr(TOKENS)
    assert "c2Vj" not in repr(TOKENS)
    assert repr(store) == f"TokenStore('{store.path}')"


def test_device_ids_look_like_a_phones() -> None:
    made = {new_device_id() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 16 and one.isalnum() and one.isupper() for one in made if not one.isdigit())


def test_one_service_is_renewed_without_the_other() -> None:
    renewed = TOKENS.with_service(Sid.MINA, ServiceToken("n", "s", 5.0))
    assert renewed.of(Sid.MINA) == ServiceToken("n", "s", 5.0)
    assert renewed.of(Sid.MIOT) == TOKENS.miot
