"""The routes of the API; `create_app` makes what is mounted under `PREFIX`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.base.errors import CoreError, RegistryError, StorageError
from core.base.integrity import named
from core.base.messages import message
from core.data.labelling.corrections import Corrections
from core.networks.standalone.predict import Answers
from core.serving.api import schemas
from core.serving.api.answers import written_answers
from core.serving.api.auth import ASSETS, ApiMiddleware
from core.serving.api.directory import Directory, ServedVersion
from core.serving.api.engine_pool import FutureBridge, OpenEngine, OpenEngines
from core.serving.api.errors import ApiError, not_found, of_core, wrong_method
from core.serving.api.further_columns import composed
from core.serving.api.headers import NOTHING, SecurityHeaders
from core.serving.api.keys import KeyStore
from core.serving.api.limits import ApiLimits
from core.serving.api.metrics import CONTENT_TYPE, Metrics
from core.serving.api.openapi import DESCRIPTION, add_docs, body_of, describe
from core.serving.api.targets import meant_target
from core.serving.api.throttle import Throttle
from core.serving.engines.pool import shared_pool
from core.serving.engines.tables import columns_read
from core.serving.monitor.recorder import API, Recorder, Seen
from core.serving.monitor.store import MonitorStore
from core.tasks import DEFAULT, task_of

if TYPE_CHECKING:
    from core.serving.engines.pool import EnginePool

NUMBERS_AT_ONCE = 5000  # an answer of more probabilities is written in a thread


class Service:
    """What the routes work with; one for each app."""

    def __init__(self, home: Path, pool: EnginePool, limits: ApiLimits) -> None:
        self.limits = limits
        self.directory = Directory(home)
        self.corrections = Corrections(home)
        self.keys = KeyStore(home)
        self.recorder = Recorder(home)
        self.monitor = MonitorStore(home)
        self.engines = OpenEngines(pool, limits.engines)
        self.waiting = 0
        self._bridge = FutureBridge()
        self.metrics = Metrics(
            lambda: self.engines.loaded, lambda: self.waiting, lambda: self.recorder.lost, self._alarms
        )

    async def predict(
        self, classifier: str, version: int | None, texts: list[str], inputs: list[schemas.Inputs] | None = None
    ) -> tuple[ServedVersion, OpenEngine, list[str], Answers]:
        """Answers to those texts that are not empty, and who gave them; the texts with their further columns.

        Raises
        ------
        ApiError
            404 and 409 as `Directory.find_version`, 503 when too many wait.
        """
        if self.waiting >= self.limits.waiting:
            told = message(
                "api.too_busy", "{count} requests wait already. Try again in a moment.", count=self.limits.waiting
            )
            raise ApiError(503, told, {"Retry-After": "1"})
        self.waiting += 1
        try:
            served = await self.directory.find_version(classifier, version)
            try:
                async with self.engines.use(served, champion=version is None) as opened:
                    rows = composed(columns_read(opened.engine), texts, inputs)
                    filled = [row for row in rows if row.strip()]
                    if not filled:
                        nothing = np.zeros((0, len(opened.engine.labels)), dtype=np.float32)
                        return served, opened, rows, Answers(nothing, *np.zeros((2, 0), dtype=np.int64))
                    return served, opened, rows, await self._bridge.wait_for(opened.batcher.submit(filled))
            except RegistryError as error:  # no caller is told of folders of this machine
                raise named(error, served.classifier, served.number) from error
        finally:
            self.waiting -= 1

    def _alarms(self) -> int:
        """For how many classifiers the monitor has raised an alarm; 0 where its file cannot be read."""
        with suppress(StorageError):
            return len(self.monitor.alarms())
        return 0

    async def close(self) -> None:
        """Answer what waits, let go of the engines, and write down what was counted."""
        await self.engines.close()
        await asyncio.to_thread(self.recorder.close)

    def check_text(self, text: str, field: str, most: int | None = None) -> None:
        """Refuse a text that is too long: longer than usual texts may be, or than ``most``."""
        most = most or self.limits.characters
        if len(text) > most:
            told = message(
                "api.text_too_long",
                "The text '{field}' has {count:,} characters; at most {most:,} are read. Cut it, or send its parts.",
                field=field,
                count=len(text),
                most=most,
            )
            raise ApiError(422, told, field=field, most=most)


def create_app(
    home: Path, pool: EnginePool | None = None, limits: ApiLimits | None = None, throttle: Throttle | None = None
) -> FastAPI:
    """The API over one workspace.

    Parameters
    ----------
    pool
        Source of the engines; by default the one that the whole process shares.

    Returns
    -------
    FastAPI
        Its ``state.service`` is the `Service`; whoever runs the app awaits ``state.service.close()`` at its end.
    """
    if pool is None:
        pool = shared_pool()
    service = Service(home, pool, limits or ApiLimits())
    app: FastAPI = FastAPIOffline(
        docs_url=None, redoc_url=None, static_url=ASSETS, title="Evergreen", version="1", description=DESCRIPTION
    )
    app.state.service = service
    app.add_middleware(
        ApiMiddleware, keys=service.keys, limits=service.limits, metrics=service.metrics, throttle=throttle
    )
    app.add_middleware(SecurityHeaders, policy=lambda scope: NOTHING, further={"cache-control": "no-store"})
    _tell_errors(app)
    _add_predict(app, service)
    _add_feedback(app, service)
    _add_lists(app, service)
    _add_health(app, service)
    add_docs(app)
    describe(app)
    return app


def _tell_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> Response:
        return error.response()

    @app.exception_handler(CoreError)
    async def of_core_error(request: Request, error: CoreError) -> Response:
        return of_core(error).response()

    @app.exception_handler(HTTPException)
    async def of_starlette(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            return wrong_method(request.method, (error.headers or {}).get("Allow", "")).response()
        return not_found(request.url.path).response()


def _add_predict(app: FastAPI, service: Service) -> None:
    @app.post(
        "/predict",
        response_model=schemas.PredictAnswer,
        openapi_extra=body_of(schemas.PredictRequest),
        summary="Label texts",
        tags=["Predictions"],
    )
    async def predict(request: Request) -> Response:
        return await answered(request)

    @app.post(
        "/extract",
        response_model=schemas.PredictAnswer,
        openapi_extra=body_of(schemas.PredictRequest),
        summary="Find entities in texts",
        tags=["Predictions"],
    )
    async def extract(request: Request) -> Response:
        return await answered(request, reads="spans")

    async def answered(request: Request, reads: str | None = None) -> Response:
        asked = schemas.read_body(schemas.PredictRequest, await request.body())
        limits, began = service.limits, time.perf_counter()
        texts = _texts(asked, service, limits.document_characters if reads == "spans" else limits.characters)
        given = _inputs(asked, service)
        served, opened, texts, answers = await service.predict(asked.classifier, asked.version, texts, given)
        if reads is not None and task_of(opened.engine.task).reads != reads:
            told = message(
                "api.no_entities",
                "'{name}' marks no entities; ask it with POST /api/v1/predict.",
                name=served.classifier,
            )
            raise ApiError(409, told, field="classifier")
        service.metrics.labelled(len(answers.values))
        filled = [text for text in texts if text.strip()]
        seconds = time.perf_counter() - began
        service.recorder.add(
            Seen(
                served.classifier,
                served.number,
                served.folder,
                opened.engine,
                filled,
                answers.values,
                answers.truncated,
                seconds,
                API,
                served.threshold,
            )
        )
        if answers.values.size > NUMBERS_AT_ONCE or not task_of(opened.engine.task).distribution:
            body = await asyncio.to_thread(written_answers, served, opened, texts, answers)
        else:
            body = written_answers(served, opened, texts, answers)
        return Response(body, media_type="application/json")


def _texts(asked: schemas.PredictRequest, service: Service, most: int) -> list[str]:
    if (asked.texts is None) == (asked.text is None):
        told = message(
            "api.text_or_texts", "Send either 'text' with one text or 'texts' with a list of texts, and not both."
        )
        raise ApiError(422, told, field="texts")
    if asked.text is not None:
        service.check_text(asked.text, "text", most)
        return [asked.text]
    texts = asked.texts or []
    if not 1 <= len(texts) <= service.limits.texts:
        told = message(
            "api.texts_count",
            "'texts' holds {count:,} texts; send 1 to {most:,} in one request.",
            count=len(texts),
            most=service.limits.texts,
        )
        raise ApiError(422, told, field="texts", most=service.limits.texts)
    for number, text in enumerate(texts):
        service.check_text(text, f"texts[{number}]", most)
    return texts


def _inputs(asked: schemas.PredictRequest, service: Service) -> list[schemas.Inputs] | None:
    """What was sent beside each text."""
    given = [asked.inputs] if isinstance(asked.inputs, dict) else asked.inputs
    alone = asked.text is not None
    if given is not None and (
        isinstance(asked.inputs, dict) != alone or len(given) != (1 if alone else len(asked.texts or ()))
    ):
        told = message(
            "api.inputs_count",
            "Send 'inputs' as one object beside 'text', or as a list with an object for each of 'texts'.",
        )
        raise ApiError(422, told, field="inputs")
    _check_values(given or [], service)
    return given


def _check_values(given: list[schemas.Inputs], service: Service) -> None:
    for row in given:
        for name, value in row.items():
            if isinstance(value, str):
                service.check_text(value, f"inputs.{name}")


def _add_feedback(app: FastAPI, service: Service) -> None:
    @app.post(
        "/feedback",
        response_model=schemas.FeedbackAnswer,
        openapi_extra=body_of(schemas.FeedbackRequest),
        summary="Put a wrong answer right",
        tags=["Predictions"],
    )
    async def feedback(request: Request) -> schemas.FeedbackAnswer:
        asked = schemas.read_body(schemas.FeedbackRequest, await request.body())
        if not asked.text.strip():
            raise ApiError(422, message("api.text_empty", "The field 'text' is empty."), field="text")
        service.check_text(asked.text, "text")
        given = None if asked.inputs is None else [asked.inputs]
        _check_values(given or [], service)
        served, opened, rows, answers = await service.predict(asked.classifier, None, [asked.text], given)
        task = task_of(opened.engine.task)
        label = meant_target(asked.text, asked.label, opened.engine.labels, task)
        predicted = task.read(opened.engine, answers.values)[0]
        waiting = await asyncio.to_thread(_queue, service.corrections, served, rows[0], label, predicted)
        return schemas.FeedbackAnswer(
            classifier=served.classifier,
            version=served.number,
            predicted=predicted,
            label=label,
            queued=label != predicted,
            waiting=waiting,
        )


def _queue(corrections: Corrections, served: ServedVersion, text: str, label: str, predicted: str) -> int:
    """Queue a correction, unless the answer was right; returns how many wait."""
    if label != predicted:
        corrections.add(served.classifier, text, label, predicted=predicted, version=served.number)
    return corrections.count(served.classifier)


def _add_lists(app: FastAPI, service: Service) -> None:
    @app.get("/classifiers", summary="List the classifiers", tags=["Classifiers"])
    async def classifiers() -> schemas.ClassifiersAnswer:
        infos = await service.directory.classifiers()
        entries = [
            schemas.ClassifierEntry(
                name=info.name, champion=info.champion, versions=info.versions, created=info.created
            )
            for info in infos
        ]
        return schemas.ClassifiersAnswer(classifiers=entries)

    @app.get("/classifiers/{name}/versions", summary="List the versions of a classifier", tags=["Classifiers"])
    async def versions(name: str) -> schemas.VersionsAnswer:
        infos, champion = await service.directory.versions(name)
        return schemas.VersionsAnswer(
            classifier=name,
            versions=[
                schemas.VersionEntry(
                    version=info.number,
                    champion=info.number == champion,
                    parent=info.parent,
                    created=info.created,
                    **{field: info.summary.get(field) for field in ("model", "strategy", "accuracy", "macro_f1")},  # type: ignore[arg-type]
                    scores=_scores(info.summary),
                )
                for info in infos
            ],
        )


def _scores(summary: Mapping[str, Any]) -> dict[str, float]:
    names = [score.name for score in task_of(summary.get("task", DEFAULT)).scores]
    return {name: summary[name] for name in names if name in summary}


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", summary="Whether the server answers", tags=["Server"])
    async def healthz() -> schemas.HealthAnswer:
        return schemas.HealthAnswer(status="ok", engines=service.engines.loaded)

    @app.get("/metrics", summary="Figures for Prometheus", tags=["Server"], response_class=Response)
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)
