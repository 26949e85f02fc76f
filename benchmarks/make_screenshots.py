"""Take the screenshots of README and docs from today's code: `docs/screenshots/*.png`, and what stands in them.

    python benchmarks/make_screenshots.py

Makes a workspace of its own from the two samples (English: trained, then updated with the second batch and promoted; Chinese:
trained), starts the dashboard on it, and drives headless Chromium. `shown.json` notes the words of each picture's heading and
tabs; `tests/dashboard/test_screenshots.py` fails once a page is called otherwise. Takes two to three minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.base.events import last_of
from core.data.dataset.samples import SAMPLES
from core.data.loading.samples import save_sample
from core.registry import HOW, promote
from core.workflows.requests import AUTO, TrainRequest, UpdateRequest
from core.workflows.train.auto import train
from core.workflows.update.run import update_classifier
from core.workflows.workspace import Workspace, open_workspace
from tests.browser.conftest import CHROMIUM_ARGUMENTS, Dashboard, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = ROOT / "docs" / "screenshots"
NOTE = FOLDER / "shown.json"
MINUTES = 0.5
WIDTH, HEIGHT = 1440, 900
NAMES = {"en": "Shop reviews", "zh": "商品评论"}
TYPED = {"en": "The battery lasts two days, and the screen is lovely.", "zh": "电池能用两天，屏幕也很漂亮。"}


@dataclass(frozen=True)
class Shot:
    """A picture: which page and tab, in which language and theme; ``typed`` goes into its text box."""

    file: str
    page: str
    tab: str = ""
    language: str = "en"
    theme: str = "light"
    typed: bool = False


SHOTS = (
    Shot("home.png", "home"),
    Shot("overview.png", "overview"),
    Shot("overview_zh_dark.png", "overview", language="zh", theme="dark"),
    Shot("train.png", "train", "new"),
    Shot("train_zh.png", "train", "new", language="zh"),
    Shot("evaluate_dark.png", "evaluate", "confusions", theme="dark"),
    Shot("evaluate_zh.png", "evaluate", "errors", language="zh"),
    Shot("update.png", "update", "history"),
    Shot("use.png", "use", "try", typed=True),
    Shot("use_zh.png", "use", "try", language="zh", typed=True),
)


def main() -> None:
    """Make the workspace, then the pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        workspace = open_workspace(home)
        for sample in SAMPLES.values():
            _learn(sample.id, NAMES[sample.language], workspace, batches=sample.language == "en")
        dashboard = Dashboard(home)
        dashboard.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
                shown = {shot.file: _take(shot, browser, dashboard.url) for shot in SHOTS}
                browser.close()
        finally:
            dashboard.kill()
    for old in FOLDER.glob("*.png"):
        if old.name not in shown:
            old.unlink()
    NOTE.write_text(json.dumps(shown, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _learn(sample: str, name: str, workspace: Workspace, *, batches: bool) -> None:
    first = save_sample(workspace.datasets, sample).id
    settings = {"minutes": MINUTES}
    for _ in train(TrainRequest(classifier=name, dataset=first, model=AUTO, settings=settings), workspace):
        pass
    if not batches:
        return
    request = UpdateRequest(classifier=name, dataset=save_sample(workspace.datasets, sample, "batch_2").id)
    done = last_of(update_classifier(request, workspace))
    promote(workspace.registry, name, done.version, how=HOW["command"], reason="It knows the new label.")


def _take(shot: Shot, browser: Browser, address: str) -> dict[str, Any]:
    locale = "zh-CN" if shot.language == "zh" else "en-US"
    size = {"width": WIDTH, "height": HEIGHT}
    page = browser.new_page(viewport=size, color_scheme=shot.theme, locale=locale)  # type: ignore[arg-type]
    tab = f"&tab={shot.tab}" if shot.tab else ""
    path = "" if shot.page == "home" else f"{shot.page}?classifier={NAMES[shot.language]}{tab}"
    page.goto(f"{address}/{path}")
    page.wait_for_selector("h1", timeout=60_000)
    if shot.typed:
        box = page.locator("textarea").first
        box.wait_for(timeout=60_000)
        box.fill(TYPED[shot.language])
    page.wait_for_timeout(2000)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_timeout(1500)
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / shot.file)
    # The first row of tabs is the page's own; what an icon is called is no word of it.
    page.evaluate("document.querySelectorAll('[role=tab] [role=img]').forEach((icon) => icon.remove())")
    tabs = page.locator('[data-testid="stTabs"]').first.locator('[role="tab"]') if shot.tab else None
    found = {
        "page": shot.page,
        "language": shot.language,
        "title": page.locator("h1").first.inner_text(),
        "links": page.locator('[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"] p').all_inner_texts(),
        "tabs": [text.strip() for text in tabs.all_inner_texts()] if tabs is not None else [],
    }
    page.close()
    return found


if __name__ == "__main__":
    main()
