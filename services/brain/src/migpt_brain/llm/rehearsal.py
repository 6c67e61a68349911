"""One made-up exchange with the SDK, without network: the first real question then finds everything loaded.

Measured: without it, the first request of a process costs about 50 ms more than the second.
"""

from __future__ import annotations

import httpx2

from migpt_brain.llm.provider_client import sdk_client

_CHUNK = (
    '{"id":"0","object":"chat.completion.chunk","created":0,"model":"m","choices":'
    '[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":"stop"}],'
    '"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}'
)
_COMPLETION = _CHUNK.replace("delta", "message").replace(".chunk", "")


async def rehearse() -> None:
    """Sends one streaming and one whole request through the SDK to a made-up provider."""

    def reply(request: httpx2.Request) -> httpx2.Response:
        if b'"stream":true' in request.content.replace(b" ", b""):
            stream = f"data: {_CHUNK}\n\ndata: [DONE]\n\n".encode()
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=_COMPLETION.encode())

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(reply), trust_env=False)
    async with sdk_client("http://rehearsal.invalid/v1", "none", http) as client:
        async with await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "a"}], stream=True, extra_body={"a": 1}
        ) as stream:
            async for _ in stream:
                pass
        await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "a"}])
