"""The rules by which a model updates itself."""

from __future__ import annotations

from typing import Annotated, Literal

from core.base.config import Config, parameter, setting
from core.workflows.requests import AUTO

AT_ALARM = 4  # at an alarm one in so many of the rows is enough
FEWEST = 20  # rows of an update, however long it was waited for
TRY = "try"  # in place of a strategy: those that suit are tried on validation rows


class Policy(Config):
    """Where new rows come from, when they are learned, how, and who must agree.

    Nothing of it weakens the gate: what that refuses is never promoted here.
    """

    active: bool = setting(False, label="Switched on", help="Off, nothing is read, learned or decided.", group="data")
    folder: str = setting(
        "",
        label="Watched folder",
        help="Tables that are put there are read once each, with the columns of the table that the model learned from; one that "
        "is still being written is waited for.",
        group="data",
    )
    database: str = setting(
        "",
        label="Database",
        help="Address of a database that is asked for new rows: sqlite:/// or duckdb:/// and the whole path of a file, or "
        "postgresql://. A password stands in an environment variable, such as "
        "postgresql://reader:${SHOP_PASSWORD}@db.example.org/shop.",
        group="data",
    )
    query: str = setting(
        "",
        label="SQL query",
        help="One statement that reads, with the columns of the table that the model learned from. Rows that it gave before are "
        "left out.",
        group="data",
    )
    hub: str = setting(
        "",
        label="Dataset of the Hub",
        help="Its new revisions are read, each once, such as stanfordnlp/sst2; a folder of this machine that is laid out like "
        "one is fine, too. Rows of earlier revisions are left out.",
        group="data",
    )
    hub_config: str = setting("", label="Its configuration", help="Where the dataset has several.", group="data")
    hub_split: str = setting(
        "", label="Its split", help="The only split that is read, such as train; empty: all.", group="data"
    )
    query_hours: float = setting(
        24.0,
        label="Hours between looks",
        help="How often the database and the Hub are asked. After trouble they are asked again within a quarter of an hour.",
        bounds=(1.0, 720.0),
        step=1.0,
        group="data",
    )
    corrections: bool = setting(
        True,
        label="Corrections join in",
        help="Answers that were put right are learned with the next rows.",
        group="data",
    )
    least_rows: int = setting(
        200,
        label="New rows",
        help="An update begins when so many new rows have come in.",
        bounds=(FEWEST, 100_000),
        scale="log",
        group="data",
    )
    at_alarm: bool = setting(
        True,
        label="Sooner at an alarm",
        help="Where the monitor says that the texts have changed, a quarter of the rows is enough.",
        group="data",
    )
    least_score: float = setting(
        0.0,
        label="Sooner below a score",
        help="Where the score that the monitor estimates of the texts in use falls below this, a quarter of the rows is enough. "
        "0: never.",
        bounds=(0.0, 1.0),
        step=0.01,
        group="data",
    )
    most_days: int = setting(
        0,
        label="Days until an update at the latest",
        help="After so many days without an update, the new rows that there are will do, if they are 20 at least. 0: never.",
        bounds=(0, 365),
        step=1,
        group="data",
    )
    hours_between: float = setting(
        24.0,
        label="Hours between updates",
        help="At least so long from one to the next.",
        bounds=(0.0, 720.0),
        step=1.0,
        group="data",
    )
    strategy: Annotated[
        str,
        parameter(
            "How it learns; auto: what suits the model; try: what answers best on validation rows, tried with each batch.",
            source="strategies",
            option="strategy",
        ),
    ] = AUTO
    trial_minutes: float = setting(
        10.0,
        label="Minutes to try",
        help="Where strategies are tried, no further one is begun after so long.",
        bounds=(1.0, 240.0),
        scale="log",
        group="data",
    )
    older_tests: Literal["together", "as_last"] = setting(
        "together",
        label="Older tests are judged",
        help="Together: many small batches bring many small tests, of which some always lose by chance; so all of them together "
        "must hold, and none may lose beyond chance. Or by the rules that were last used for this model.",
        group="data",
    )
    then: Literal["wait", "promote", "shadow"] = setting(
        "wait",
        label="A candidate that passes the gate",
        help="Waits for a person to decide, or serves at once; or first answers texts in use beside the version that serves: "
        "a person labels where the two differ, and that decides. One that the gate refuses never serves by itself.",
        group="data",
    )
    shadow_texts: int = setting(
        200,
        label="Texts beside each other",
        help="Where a candidate first answers beside the version that serves: on so many kept texts.",
        bounds=(50, 5_000),
        scale="log",
        group="data",
    )
    take_back: bool = setting(
        True,
        label="Take back by itself",
        help="A version that was promoted by itself goes again, if on labelled texts in use it answers fewer rightly than the "
        "one before, beyond chance. Takes texts that are kept and labelled (Use, Monitor).",
        group="data",
    )
    webhook: str = setting(
        "",
        label="Tell a web address",
        help="An alarm, trouble, rows or a candidate that wait, and a version that was taken back are sent there as signed JSON.",
        group="data",
    )
    mail: str = setting(
        "",
        label="Tell by mail",
        help="The same to a mailbox. Takes a mail server, named in EVERGREEN_SMTP.",
        group="data",
    )

    def rows_needed(self, *, alarm: bool, score: float | None = None, days: float = 0.0) -> int:
        """How many new rows an update begins with.

        Parameters
        ----------
        alarm
            Whether the monitor has raised one.
        score
            Its estimate of the score in use, 0 to 1; None where it knows none.
        days
            Days since the last update began, or since the policy was switched on.
        """
        if self.most_days and days >= self.most_days:
            return FEWEST
        low = score is not None and score < self.least_score
        return self.least_rows // (AT_ALARM if (alarm and self.at_alarm) or low else 1)
