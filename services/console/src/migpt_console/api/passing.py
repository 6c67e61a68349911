"""A preset passed through: the request goes to the provider as it came, and its answer comes back as it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response, StreamingResponse

from migpt_console.api.errors import ApiError
from migpt_console.api.models import APreset
from migpt_console.api.schema import ChatRequest
from migpt_console.provider import ProviderError, provider_client, send
from migpt_shared.providers import ResolvedPreset

if TYPE_CHECKING:
    import httpx2

#: What of a provider's error still means the same to our client; anything else is the provider's own trouble.
_TELLING = frozenset({400, 404, 413, 422, 429})


async def pass_on(request: ChatRequest, model: APreset) -> Response:
    """Ask the provider. Raises ApiError when it cannot be reached or refuses."""
    preset = model.preset
    body = {**preset.extra_body, **request.model_dump(exclude_unset=True), "model": preset.model}
    client = provider_client(preset)
    try:
        response = await send(client, preset, body)
    except ProviderError as error:
        await client.aclose()
        status = error.status if error.status in _TELLING else 502
        raise ApiError(status, str(error), code="provider_refused" if error.status else "unreachable") from None
    except ValueError as error:  # what JSON cannot carry
        await client.aclose()
        raise ApiError(400, f"the request cannot be passed on: {error}", code="invalid_value") from None
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
