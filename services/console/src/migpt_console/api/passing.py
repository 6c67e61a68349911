"""A preset passed through: the request goes to the provider as it came, and its answer comes back as it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from migpt_console.api.errors import ApiError
from migpt_console.api.models import APreset
from migpt_console.api.schema import ChatRequest
from migpt_shared.providers import ResolvedPreset, proxy_for

if TYPE_CHECKING:
    import httpx2

_CONNECT_S = 10.0
#: Longest silence of a provider, seconds: a whole answer of a thinking model takes minutes.
_SILENCE_S = 300.0
_MASK = "••••"
#: What of a provider's error still means the same to our client; anything else is the provider's own trouble.
_TELLING = frozenset({400, 404, 413, 422, 429})


async def pass_on(request: ChatRequest, model: APreset) -> Response:
    """Ask the provider. Raises ApiError when it cannot be reached or refuses."""
    preset = model.preset
    body = {**preset.extra_body, **request.model_dump(exclude_unset=True), "model": preset.model}
    client = provider_client(preset)
    try:
        response = await _send(client, preset, body)
    except BaseException:
        await client.aclose()
        raise
    if request.stream:
        return StreamingResponse(_relayed(client, response, preset), media_type="text/event-stream")
    try:
        content = json.loads(await response.aread())
    except ValueError:
        raise ApiError(502, "the provider answered with something that is not JSON", code="provider_failed") from None
    finally:
        await response.aclose()
        await client.aclose()
    return JSONResponse(content)


def provider_client(preset: ResolvedPreset) -> httpx2.AsyncClient:
    """A client for the provider, with its key and by the proxy that the settings say. Close it."""
    import httpx2

    return httpx2.AsyncClient(
        base_url=preset.base_url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {preset.api_key.get_secret_value()}"},
        timeout=httpx2.Timeout(_SILENCE_S, connect=_CONNECT_S),
        proxy=proxy_for(preset.base_url, preset.proxy),
        trust_env=False,
    )


async def _send(client: httpx2.AsyncClient, preset: ResolvedPreset, body: dict[str, Any]) -> httpx2.Response:
    import httpx2

    try:
        request = client.build_request("POST", "chat/completions", json=body)
        response = await client.send(request, stream=True)
        if response.status_code == 200:
            return response
        words = (await response.aread()).decode("utf-8", errors="replace")
        await response.aclose()
    except httpx2.HTTPError as error:
        raise ApiError(502, f"{preset.name} cannot be reached: {type(error).__name__}", code="unreachable") from None
    except ValueError as error:  # what JSON cannot carry
        raise ApiError(400, f"the request cannot be passed on: {error}", code="invalid_value") from None
    status = response.status_code if response.status_code in _TELLING else 502
    raise ApiError(status, f"{preset.name}: {response.status_code}: {_told(words, preset)}", code="provider_refused")


def _told(words: str, preset: ResolvedPreset) -> str:
    """The provider's message, without the key that some repeat in it."""
    try:
        error = json.loads(words).get("error")
        words = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        pass
    return words[:500].replace(preset.api_key.get_secret_value(), _MASK)


async def _relayed(
    client: httpx2.AsyncClient, response: httpx2.Response, preset: ResolvedPreset
) -> AsyncIterator[bytes]:
    import httpx2

    try:
        async for piece in response.aiter_bytes():
            yield piece
    except httpx2.HTTPError as error:
        broken = ApiError(502, f"{preset.name} broke off: {type(error).__name__}", code="broken_off")
        yield f"data: {broken.body.model_dump_json()}\n\n".encode()
    finally:
        await response.aclose()
        await client.aclose()
