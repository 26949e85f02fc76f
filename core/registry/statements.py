"""What the owner of a model states of it: for what it is, who answers for it, and by which rules it is watched.

None of it can be measured, so none of it is checked; it is kept with the model, whichever version serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.base.config import Config, build, setting, settings_of
from core.base.errors import RegistryError
from core.base.messages import showable

TAG = "evergreen.card."  # and the name of a field
LONGEST = 2000  # characters of a statement; a tag holds 5,000
ON = "true"


class Statements(Config):
    """The owner's words on a model, and whether a promotion against its gate takes two people."""

    intended_use: str = setting(
        "", label="Intended use", help="What the model is for, such as sorting the mails of customers.", group="data"
    )
    forbidden_use: str = setting(
        "",
        label="Not to be used for",
        help="What it must not be used for, such as decisions on people without a person.",
        group="data",
    )
    owner: str = setting("", label="Owner", help="Who answers for the model: a name or a role.", group="data")
    overseer: str = setting(
        "",
        label="Overseer",
        help="Who watches it in use, and may stop it or roll it back.",
        group="data",
    )
    data_sources: str = setting(
        "",
        label="Data and why they may be used",
        help="Where the texts come from, and on which ground they may be used, as the owner sees it.",
        group="data",
    )
    monitoring_plan: str = setting(
        "", label="Monitoring", help="Who looks how often at what, and what is done at an alarm.", group="data"
    )
    incidents: str = setting(
        "", label="Incidents", help="What went wrong in use, when, and what was done about it.", group="data"
    )
    retention: str = setting(
        "", label="Retention", help="How long texts, answers and versions are kept, and who removes them.", group="data"
    )
    two_people: bool = setting(
        False,
        label="Two people against the gate",
        help="A promotion against the gate is asked for by one person, with a reason, and confirmed by another.",
        group="data",
    )

    def to_tags(self) -> dict[str, str]:
        """A tag for each field that says something."""
        texts = {TAG + name: value for name, value in self.texts().items() if value}
        return {**texts, **({f"{TAG}two_people": ON} if self.two_people else {})}

    def texts(self) -> dict[str, str]:
        """The fields that are told in words, by name, also those that say nothing."""
        return {name: value for name, value in self.model_dump().items() if isinstance(value, str)}

    @staticmethod
    def from_tags(tags: Mapping[str, str]) -> Statements:
        """Read what `to_tags` wrote, among other tags; fields of a later edition are passed over."""
        values: dict[str, Any] = {
            name: tags[TAG + name] for name in Statements.model_fields if isinstance(tags.get(TAG + name), str)
        }
        return Statements(**{**values, "two_people": values.get("two_people") == ON})


TEXTS = tuple(field for field in settings_of(Statements) if field.kind == "text")


def stated(before: Statements, changes: Mapping[str, Any]) -> Statements:
    """The statements with these changes; spaces around a text are left out.

    Raises
    ------
    ConfigError
        When there is no such field.
    RegistryError
        When a text is too long.
    """
    texts = {name: showable(value).strip() if isinstance(value, str) else value for name, value in changes.items()}
    for name, value in texts.items():
        if isinstance(value, str) and len(value) > LONGEST:
            raise RegistryError(
                "registry.statement_long",
                "What is stated as '{name}' has {count:,} characters; {longest:,} are the most. Write what matters, and say "
                "where the rest lies.",
                name=name,
                count=len(value),
                longest=LONGEST,
            )
    return build(Statements, {**before.model_dump(), **texts})
