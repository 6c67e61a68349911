"""A provider as the console sees it: which models it has, and how soon it says its first word."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migpt_shared.providers import ResolvedPreset, proxy_for

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 10.0
#: Longest silence of a provider, seconds: a whole answer of a thinking model takes minutes.
SILENCE_S = 300.0
_TRIAL_SILENCE_S = 30.0
_MASK = "••••"


class ProviderError(Exception):
    """The provider cannot be reached or refuses. The text never holds the key. `status`: HTTP's, if it answered."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of a trial answer, `at_s` seconds after the question was sent."""

    text: str
    at_s: float


def provider_client(preset: ResolvedPreset, silence_s: float = SILENCE_S) -> httpx2.AsyncClient:
    """A client for the provider, with its key and by the proxy that the settings say. Close it."""
    import httpx2

    return httpx2.AsyncClient(
        base_url=preset.base_url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {preset.api_key.get_secret_value()}"},
        timeout=httpx2.Timeout(silence_s, connect=CONNECT_S),
        proxy=proxy_for(preset.base_url, preset.proxy),
        trust_env=False,
    )


async def send(client: httpx2.AsyncClient, preset: ResolvedPreset, body: dict[str, Any]) -> httpx2.Response:
    """The provider's answer to a chat request, its body still to be read. Raises ProviderError, ValueError."""
    import httpx2

    try:
        response = await client.send(client.build_request("POST", "chat/completions", json=body), stream=True)
        if response.status_code == 200:
            return response
        words = (await response.aread()).decode("utf-8", errors="replace")
        await response.aclose()
    except httpx2.HTTPError as error:
        raise ProviderError(f"{preset.name}: {type(error).__name__}") from None
    raise ProviderError(f"{preset.name}: {response.status_code}: {_told(words, preset)}", response.status_code)


async def list_models(preset: ResolvedPreset) -> list[str]:
    """The names of the provider's models. Raises ProviderError."""
    import httpx2

    try:
        async with provider_client(preset, _TRIAL_SILENCE_S) as client:
            response = await client.get("models")
            content = response.json() if response.status_code == 200 else None
    except httpx2.HTTPError as error:
        raise ProviderError(f"{preset.name}: {type(error).__name__}") from None
    except ValueError:
        raise ProviderError(f"{preset.name}: its list of models is not JSON") from None
    if content is None:
        raise ProviderError(f"{preset.name}: {response.status_code}: {_told(response.text, preset)}")
    models = content.get("data") if isinstance(content, dict) else content
    if not isinstance(models, list):
        raise ProviderError(f"{preset.name}: its list of models has an unknown form")
    return sorted(str(model["id"]) for model in models if isinstance(model, dict) and model.get("id"))


async def trial(preset: ResolvedPreset, question: str) -> AsyncGenerator[Piece, None]:
    """The pieces of a short answer as they come. Raises ProviderError."""
    import httpx2

    body: dict[str, Any] = {
        "model": preset.model,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        preset.traits.max_tokens: 200,
        **preset.extra_body,
    }
    body = {name: value for name, value in body.items() if name not in preset.traits.rejects}
    async with provider_client(preset, _TRIAL_SILENCE_S) as client:
        began = time.monotonic()
        response = await send(client, preset, body)
        try:
            async for line in response.aiter_lines():
                if text := _text_of(line):
                    yield Piece(text, time.monotonic() - began)
        except httpx2.HTTPError as error:
            raise ProviderError(f"{preset.name}: {type(error).__name__}") from None
        finally:
            await response.aclose()


def _text_of(line: str) -> str:
    """The text in a line of an event stream, or of a whole answer."""
    try:
        content = json.loads(line.removeprefix("data:").strip())
        choice = content["choices"][0]
        return str((choice.get("delta") or choice.get("message") or {}).get("content") or "")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""


def _told(words: str, preset: ResolvedPreset) -> str:
    """The provider's message, without the key that some repeat in it."""
    try:
        error = json.loads(words).get("error")
        words = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        pass
    return words[:500].replace(preset.api_key.get_secret_value(), _MASK)
