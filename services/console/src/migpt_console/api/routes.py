"""The routes of the API, and its OpenAPI document at /v1/openapi.json."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from starlette.responses import Response

from migpt_console.api.answers import answer_of_brain, answer_of_home, question_of
from migpt_console.api.completions import streamed, whole
from migpt_console.api.errors import ErrorBody, handle_errors
from migpt_console.api.models import APreset, TheBrain, find_model, model_names
from migpt_console.api.passing import pass_on
from migpt_console.api.schema import ChatCompletion, ChatRequest, ModelCard, ModelList
from migpt_console.console import Console

_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "the request cannot be answered as it is"},
    "5XX": {"model": ErrorBody, "description": "nobody can answer at the moment"},
}
# The key is checked before the request is read (see door.py); this makes it stand in the document.
_KEY = [Depends(HTTPBearer(auto_error=False))]


def make_api(console: Console) -> FastAPI:
    """The application behind the door."""
    api = FastAPI(
        title="migpt: OpenAI-compatible API",
        description="Ask the brain, a speaker, Home Assistant or a configured provider with any OpenAI client.",
        version="1",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "/v1"}],
        root_path_in_servers=False,
        redirect_slashes=False,
    )
    handle_errors(api)

    @api.get("/models", dependencies=_KEY, responses=_ERRORS)
    async def list_models() -> ModelList:
        """The models that can be asked now."""
        return ModelList(data=[_card(console, name) for name in model_names(console)])

    @api.get("/models/{model:path}", dependencies=_KEY, responses=_ERRORS)
    async def retrieve_model(model: str) -> ModelCard:
        """One model."""
        find_model(console, model)
        return _card(console, model)

    @api.post(
        "/chat/completions",
        dependencies=_KEY,
        response_model=ChatCompletion,
        responses={**_ERRORS, 200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    async def create_chat_completion(request: ChatRequest) -> Annotated[Any, ChatCompletion]:
        """Ask. With `stream`, every sentence is an event as soon as it is there."""
        model = find_model(console, request.model)
        if isinstance(model, APreset):
            return await pass_on(request, model)
        ask = question_of(request.messages, request.user, speaks=isinstance(model, TheBrain) and model.speaks)
        if isinstance(model, TheBrain):
            sentences = answer_of_brain(console, model, ask)
        else:
            sentences = answer_of_home(console, model, ask)
        if request.stream:
            return _events(streamed(request, sentences))
        return await whole(request, sentences)

    return api


def _events(content: Any) -> Response:
    # A proxy that waits for more before it passes on what it has would undo the streaming.
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(content, media_type="text/event-stream", headers=headers)


def _card(console: Console, name: str) -> ModelCard:
    return ModelCard(id=name, created=int(console.started_at), owned_by="migpt")
