"""The addresses of the server, and what stands behind each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dlrun.errors import InputError, StorageError
from dlrun.web.asking import decode_image, is_json, is_page_asked, read_body, read_object
from dlrun.web.documentation import documentation
from dlrun.web.drawings import Drawings, predict_command, shown_path
from dlrun.web.guard import Guard
from dlrun.web.pages import read_pages
from dlrun.web.replies import error_reply, json_reply
from dlrun.web.rows import read_rows
from dlrun.web.served import Served, describe, predict_image, predict_page, predict_rows
from dlrun.web.worker import Worker


@dataclass(frozen=True, eq=False)
class Site:
    """What the handlers share.

    Attributes:
        served: The model.
        drawings: Those that are kept.
        worker: Computes.
    """

    served: Served
    drawings: Drawings
    worker: Worker

    async def predict(self, request: Request) -> Response:
        """POST /api/predict."""
        content = await read_body(request)
        if not content:
            raise HTTPException(400, "body: empty; send an image or JSON, see GET /api")
        predict = predict_page if is_page_asked(request) else predict_image
        if not is_json(request, content):
            return json_reply(await self._image(content, predict))
        asked = await self.worker(read_object, content)
        if set(asked) == {"image"}:
            return json_reply(await self._image(decode_image(asked["image"]), predict))
        if set(asked) != {"rows"}:
            keys = ", ".join(sorted(asked))[:80] or "none"
            raise HTTPException(400, f'body: the key must be "rows" or "image", received {keys}')
        if self.served.recipe is not None:
            raise HTTPException(400, "rows: the model takes images; send an image file as the body")
        return json_reply(await self.worker(self._rows, asked["rows"]))

    def _rows(self, plain: Any) -> dict[str, Any]:
        return predict_rows(self.served, read_rows(plain, self.served.columns))

    async def _image(
        self,
        content: bytes,
        predict: Callable[[Served, bytes], dict[str, Any]] = predict_image,
    ) -> dict[str, Any]:
        if self.served.recipe is None:
            raise HTTPException(
                400, 'image: the model takes rows of a table; send JSON, {"rows": [[…]]}'
            )
        return await self.worker(predict, self.served, content)

    async def model(self, _request: Request) -> Response:
        """GET /api/model."""
        return json_reply(describe(self.served))

    async def documentation(self, request: Request) -> Response:
        """GET /api."""
        address = f"http://{request.headers['host']}"
        return PlainTextResponse(documentation(describe(self.served), address))

    async def begin_round(self, _request: Request) -> Response:
        """POST /api/rounds."""
        number, labels = self.drawings.begin()
        return json_reply({"round": number, "labels": labels}, 201)

    async def keep_drawing(self, request: Request) -> Response:
        """POST /api/rounds/{number}/drawings: predicts a drawing, then keeps it."""
        content = await read_body(request)
        answer = await self._image(content)
        number = request.path_params["number"]
        path, label, is_complete = await self.worker(self.drawings.keep, number, content)
        kept = {
            "path": shown_path(path),
            "folder": shown_path(path.parent),
            "label": label,
            "is_right": answer["predicted"] == label,
            "is_complete": is_complete,
            "command": predict_command(self.served.run.id, path.parent),
        }
        return json_reply({**answer, **kept}, 201)


def make_app(
    served: Served, drawings: Drawings, host: str, worker: Worker | None = None
) -> ASGIApp:
    """Returns the server's app.

    Args:
        served: The model.
        drawings: Where drawings are kept.
        host: On which it will listen.
        worker: Computes; None for one of its own.
    """
    site = Site(served, drawings, worker or Worker())
    routes = [
        Route("/api", site.documentation),
        Route("/api/model", site.model),
        Route("/api/predict", site.predict, methods=["POST"]),
    ]
    if served.recipe is not None and drawings.class_names:
        routes += [
            Route("/api/rounds", site.begin_round, methods=["POST"]),
            Route("/api/rounds/{number:int}/drawings", site.keep_drawing, methods=["POST"]),
        ]
    pages = read_pages("draw.html" if served.recipe is not None else "form.html")
    routes += [Route(path, _page(content, kind)) for path, (content, kind) in pages.items()]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _refused,
            InputError: _unfit,
            StorageError: _unkept,
            Exception: _bug,
        },
    )
    return Guard(app, host)


def _page(content: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(_request: Request) -> Response:
        return Response(content, media_type=kind)

    return show


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {
        404: f"{request.url.path[:80]}: no such page; see GET /api",
        405: f"{request.url.path[:80]}: not by {request.method}; see GET /api",
    }.get(error.status_code, error.detail)
    reply = error_reply(said, error.status_code)
    reply.headers.update(error.headers or {})
    return reply


def _unfit(_request: Request, error: Exception) -> Response:
    return error_reply(str(error), 422)


def _unkept(_request: Request, error: Exception) -> Response:
    return error_reply(str(error), 507)


def _bug(_request: Request, _error: Exception) -> Response:
    return error_reply("a bug in dlrun; the terminal that runs dlrun serve shows it", 500)
