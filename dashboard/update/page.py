"""How far an update is, read anew at every look, and which tab that opens.

Nothing that matters lives in the session: a run is found again from the jobs, a candidate from the registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from core.base.config import home
from core.evolve.ledger import Ledgers
from dashboard.parts import tables
from dashboard.parts.versions.decisions import candidates, waiting_candidate
from dashboard.shell import layout, state, tabs
from dashboard.shell.i18n import t
from dashboard.shell.navigation import ASKED_TAB, TAB

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset
    from core.jobs import Job
    from core.registry import VersionInfo

BATCHES = "update.chosen"  # in the session: classifier → id of the dataset that is to be the batch
REVIEWED = "update.reviewed"  # classifier → number of a candidate that somebody wants to look at again
PASSED_OVER = "update.passed_over"  # classifier → number of a candidate beside which another is to be learned
JUST_DONE = "update.said"  # what was just done, to be told after the rerun
STOOD = "update.stood"  # classifier and step that the session saw last
PAGE = "update"
AUTOPILOT = "autopilot"  # the tab of this name
Step = Literal["batch", "changes", "learn", "decide"]
STEPS: tuple[Step, ...] = ("batch", "changes", "learn", "decide")


@dataclass(frozen=True)
class Situation:
    """Where the update of one classifier stands.

    Parameters
    ----------
    job
        An update that runs, waits, or ended without a version.
    candidate
        The version to decide on; None while a run is shown.
    batch
        The dataset chosen as batch, or the one that the run or the candidate learned from.
    """

    classifier: str
    champion: VersionInfo
    versions: list[VersionInfo]
    job: Job | None
    candidate: VersionInfo | None
    batch: StoredDataset | None

    @property
    def step(self) -> Step:
        """What is to be done next: choose a batch, look at what is new in it, learn it, decide."""
        if self.job is not None:
            return "learn"
        if self.candidate is not None:
            return "decide"
        return "batch" if self.batch is None else "changes"

    @property
    def done(self) -> set[str]:
        """The steps that lie behind."""
        return set(STEPS[: STEPS.index(self.step)])


def read(classifier: str) -> Situation | None:
    """Find out where the update stands; None while no version serves."""
    champion = state.champion(classifier)
    if champion is None:
        return None
    versions = state.versions(classifier)
    job = _open_job(classifier, champion)
    candidate = None if job is not None else _candidate(classifier)
    if job is not None:
        choose_batch(classifier, str(job.config.get("dataset")))
    batch = str(candidate.summary.get("dataset")) if candidate else _remembered(BATCHES).get(classifier)
    known = {stored.id: stored for stored in state.datasets()}
    return Situation(classifier, champion, versions, job, candidate, known.get(str(batch)))


def _open_job(classifier: str, champion: VersionInfo) -> Job | None:
    newest = next((job for job in state.jobs().list() if job.kind == "update" and job.classifier == classifier), None)
    if newest is None or (newest.ended and newest.result is not None):
        return None
    # What failed on a version that no longer serves concerns nobody.
    return None if newest.ended and newest.config.get("base_version") != champion.number else newest


def _candidate(classifier: str) -> VersionInfo | None:
    reviewed = _remembered(REVIEWED).get(classifier)
    again = next((known for known in candidates(classifier) if known.number == reviewed), None)
    if again is not None:
        return again
    waiting = waiting_candidate(classifier)
    passed_over = waiting is not None and _remembered(PASSED_OVER).get(classifier) == waiting.number
    return None if passed_over else waiting


def passed_over(situation: Situation) -> VersionInfo | None:
    """The waiting candidate that is set aside for the moment, since another is being prepared."""
    return waiting_candidate(situation.classifier) if situation.candidate is None and situation.job is None else None


def _remembered(name: str) -> dict[str, str | int]:
    memory: dict[str, str | int] = st.session_state.setdefault(name, {})
    return memory


def choose_batch(classifier: str, dataset: str) -> None:
    """Take a dataset as the batch; takes effect with the next rerun."""
    _remembered(BATCHES)[classifier] = dataset


def drop_batch(classifier: str) -> None:
    """Back to the first step."""
    _remembered(BATCHES).pop(classifier, None)


def review(candidate: VersionInfo) -> None:
    """Open the decision on a candidate, also one that was decided before."""
    _remembered(PASSED_OVER).pop(candidate.classifier, None)
    _remembered(REVIEWED)[candidate.classifier] = candidate.number


def pass_over(candidate: VersionInfo, *, batch: bool) -> None:
    """Leave a candidate undecided and prepare another, from the same batch or from the start."""
    _remembered(REVIEWED).pop(candidate.classifier, None)
    _remembered(PASSED_OVER)[candidate.classifier] = candidate.number
    if batch:
        choose_batch(candidate.classifier, str(candidate.summary.get("dataset")))
    else:
        drop_batch(candidate.classifier)


def start_over(classifier: str) -> None:
    """After a decision: forget what this session remembered of the update."""
    for name in (BATCHES, REVIEWED, PASSED_OVER):
        _remembered(name).pop(classifier, None)


def heading(situation: Situation) -> None:
    """The page's title, which version serves, and what was just done."""
    facts = {"classifier": tables.plain(situation.classifier), "version": situation.champion.number}
    policy = Ledgers(home()).read(situation.classifier).policy
    then = f"_{policy.then}s" if policy.active and policy.then != "wait" else ""
    layout.heading(t("update.title"), t(f"update.state{then}", **facts))
    if JUST_DONE in st.session_state:
        st.toast(st.session_state.pop(JUST_DONE), icon=":material/check:")


def follow(situation: Situation) -> None:
    """Open the tab of the step that is next, when it has just become so or the reader comes without naming a tab."""
    known, here = st.session_state.get(STOOD), (situation.classifier, situation.step)
    st.session_state[STOOD] = here
    asked = st.session_state.get(ASKED_TAB)
    if asked is not None and asked.page == PAGE:
        st.query_params[TAB] = asked.tab
    elif st.query_params.get(TAB) == AUTOPILOT:
        return  # what happens by itself leads nobody away from where it is told
    elif known == (situation.classifier, "decide") and situation.step == "batch":  # decided, here or elsewhere
        tabs.show(PAGE, "history")
    elif TAB not in st.query_params or (known is not None and _is_further(here, known)):
        tabs.show(PAGE, situation.step)


def _is_further(here: tuple[str, Step], known: tuple[str, Step]) -> bool:
    """Whether a step was done since, or another model is shown."""
    return here[0] != known[0] or STEPS.index(here[1]) > STEPS.index(known[1])


def open_tab(name: str) -> NoReturn:
    """Go to another tab of this page."""
    tabs.show(PAGE, name)
    st.rerun()


def missing(sentence: str, action: str, tab: str) -> None:
    """In place of a step that is not possible yet: what it waits for, and the button to the tab where that is done."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"update-missing-{tab}"):
        st.markdown(f":gray[:material/hourglass_empty:] {sentence}", width="content")
        if st.button(action, key=f"update.to_{tab}", type="primary", icon=":material/arrow_forward:"):
            open_tab(tab)


def about(step: Step) -> None:
    """What the step is, in a line on top of its tab."""
    st.caption(t(f"update.about_{step}"))


def behind(sentence: str, *, action: str, tab: str, other: str | None, key: str) -> bool:
    """In place of a step that is done: what was done, the button to the next, and whether the other one was pressed."""
    st.markdown(f":primary[:material/check_circle:] {sentence}")
    with st.container(horizontal=True, key=f"update-behind-{tab}"):
        if st.button(action, key=f"update.to_{tab}", type="primary", icon=":material/arrow_forward:"):
            open_tab(tab)
        return other is not None and st.button(other, key=key)


def test_name(number: int, name: str) -> str:
    """A frozen test as this page calls it: its number, as on Overview, and the batch it came with."""
    return t("update.test_name", number=number, name=name)
