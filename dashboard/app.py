"""The server: ``streamlit run dashboard/app.py`` serves the pages of `main` and the REST API under one address."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts only this file's folder there
    sys.path.insert(0, str(ROOT))

from core.base.threads import wait_quietly  # noqa: E402

wait_quietly()  # before a page loads PyTorch

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import RedirectResponse  # noqa: E402
from starlette.routing import Mount, Route  # noqa: E402

from core.base.config import home  # noqa: E402
from core.evolve.keeper import EvolveKeeper  # noqa: E402
from core.jobs.keeper import SpareKeeper  # noqa: E402
from core.serving.api import PREFIX  # noqa: E402
from core.serving.api.connections import use_for_every_server  # noqa: E402
from core.serving.api.headers import SecurityHeaders  # noqa: E402
from core.serving.api.late import LateApi  # noqa: E402
from core.workflows.earlier import take_over  # noqa: E402
from dashboard.shell.compressed import CompressedFiles  # noqa: E402
from dashboard.shell.doors import PageGuard, page_policy  # noqa: E402
from dashboard.shell.navigation import EARLIER, FIRST_PAGE  # noqa: E402

use_for_every_server()
api = LateApi(home())


async def first_page(request: Request) -> RedirectResponse:
    """Streamlit knows its default page by the root alone; whoever asks for it by name gets there, with what the link says."""
    return RedirectResponse(f"./?{request.url.query}" if request.url.query else "./")


async def earlier_page(request: Request) -> RedirectResponse:
    """A page of the first edition stands elsewhere now, with what the link says."""
    place = EARLIER[request.url.path.rpartition("/")[2]]
    query = urlencode([*request.query_params.multi_items(), *([("tab", place.tab)] if place.tab else [])])
    return RedirectResponse(f"./{place.page}?{query}" if query else f"./{place.page}")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Keep a warm process for the next run, and one that follows policies; when the server ends, answer what waits and let go of
    them and of the engines.
    """
    await asyncio.to_thread(take_over, home())  # before a page or the API looks
    spare, evolving = SpareKeeper(home()), EvolveKeeper(home())
    spare.start()
    evolving.start()
    yield
    spare.close()
    await asyncio.to_thread(evolving.close)
    await api.close()


earlier = [Route(f"/{name}", earlier_page) for name in EARLIER]
app = st.App(
    ROOT / "dashboard" / "main.py",
    routes=[Mount(PREFIX, app=api), Route(f"/{FIRST_PAGE}", first_page), *earlier],
    middleware=[
        Middleware(SecurityHeaders, policy=page_policy()),
        Middleware(PageGuard),
        Middleware(CompressedFiles),
    ],
    lifespan=lifespan,
)
