"""Bodies of requests and answers: what is checked, and what the page under ``/docs`` shows."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.serving.api.errors import wrong_fields


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Inputs = dict[str, str | int | float | None]


class PredictRequest(_Asked):
    """Texts to label, as ``texts`` or one as ``text``; by the serving version unless another is named."""

    classifier: str = Field(description="Name of a classifier.", examples=["Shop reviews"])
    texts: list[str] | None = Field(
        None, description="Up to 1,000 texts of up to 20,000 characters; of up to 200,000 for `/extract`."
    )
    text: str | None = Field(None, description="One text, instead of texts.", examples=["Lovely little lamp."])
    inputs: Inputs | list[Inputs] | None = Field(
        None,
        description="Further columns of a version that reads some: an object beside text, a list of objects beside texts. "
        "What is left out is missing.",
        examples=[{"title": "A gift", "price": 12.5}],
    )
    version: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Number of a version; without it, the one that serves."
    )


class MarkedEntity(BaseModel):
    """A stretch of a text with its type."""

    start: int = Field(description="Its first character, counted from 0.")
    end: int = Field(description="The character behind its last one.")
    type: str
    text: str
    probability: float = Field(description="How sure the model is that exactly this is marked so, 0 to 1.")


class Prediction(BaseModel):
    """The answer to one text; an empty text has no label and no probabilities."""

    label: str | None = Field(
        description="The most probable label; null for an empty text, and where a text may have several labels."
    )
    probability: float | None = Field(description="Its probability, 0 to 1; null for an empty text.")
    answered: bool = Field(
        description="False where a person should decide: the probability is below the threshold, or the text is empty."
    )
    probabilities: dict[str, float] = Field(
        description="Probability of each label, 0 to 1; sums to 1 where a text has one label."
    )
    labels: list[str] | None = Field(
        None,
        description="The labels of a text that may have several, the most probable first: those whose probability reaches their "
        "threshold; absent otherwise.",
    )
    entities: list[MarkedEntity] | None = Field(
        None,
        description="What is marked in the text, from left to right, by a model that marks entities; absent otherwise.",
    )
    truncated: bool = Field(
        description="Whether the text is longer than the model reads, so that something of it was left out."
    )
    tokens_read: int = Field(description="Tokens that were read; 0 for an empty text.")
    tokens: int = Field(description="Tokens that the text holds.")
    answer: str | None = Field(None, description="What a model says that answers with no label; absent otherwise.")
    values: dict[str, float] | None = Field(None, description="What such a model computed; absent otherwise.")
    missing_inputs: list[str] | None = Field(
        None, description="Columns that the version reads and the request lacks; absent where none is."
    )
    unknown_inputs: dict[str, str] | None = Field(
        None, description="Values of categories that the version has never met; absent where none is."
    )
    settings_of: str | None = Field(
        None,
        description="The group whose own settings answered the text; null where those did that all groups share, absent where no "
        "group of the version has any.",
    )


class PredictAnswer(BaseModel):
    """The answers in the order of the texts, and which version gave them."""

    classifier: str
    version: int
    precision: str = Field(description="Numbers the model computes with: fp32, fp16 or int8.")
    provider: str = Field(description="What computed it: CPUExecutionProvider or CUDAExecutionProvider.")
    threshold: float | None = Field(
        description="From this probability on an answer counts without a person; null where it always does."
    )
    predictions: list[Prediction]


class FeedbackRequest(_Asked):
    """A text with the label that it should have; waits with the corrections of the Data page."""

    classifier: str = Field(description="Name of a classifier.", examples=["Shop reviews"])
    text: str = Field(description="The text, up to 20,000 characters.", examples=["Lovely little lamp."])
    label: str = Field(
        description="The label it should have: one of the serving version; of a text with several, all of them with | between, "
        "and | alone for none.",
        examples=["positive"],
    )
    inputs: Inputs | None = Field(None, description="Further columns of a version that reads some.")


class FeedbackAnswer(BaseModel):
    """What became of it; nothing is queued where the version's answer was right already."""

    classifier: str
    version: int
    predicted: str
    label: str
    queued: bool
    waiting: int = Field(description="Corrections of this classifier that wait for the next update.")


class ClassifierEntry(BaseModel):
    """A classifier; ``champion`` is the number of the version that serves, if one does."""

    name: str
    champion: int | None
    versions: int
    created: str


class ClassifiersAnswer(BaseModel):
    """All classifiers, by name."""

    classifiers: list[ClassifierEntry]


class VersionEntry(BaseModel):
    """A version with the scores on its frozen tests, 0 to 1."""

    version: int
    champion: bool
    parent: int | None
    created: str
    model: str | None
    strategy: str | None
    accuracy: float | None
    macro_f1: float | None
    scores: dict[str, float] = Field(description="The scores of the model's task by name.")


class VersionsAnswer(BaseModel):
    """All versions of a classifier, oldest first."""

    classifier: str
    versions: list[VersionEntry]


class HealthAnswer(BaseModel):
    """The server answers."""

    status: str
    engines: int = Field(description="Versions that are loaded.")


class ErrorContent(BaseModel):
    """What went wrong; some errors bring further facts, such as ``fields`` or ``known``."""

    model_config = ConfigDict(extra="allow")
    code: str = Field(description="For programs; never changes its meaning.", examples=["unknown_classifier"])
    message: str = Field(description="For people: what happened and what to do.")


class ErrorAnswer(BaseModel):
    """The form of every answer that is not a success."""

    error: ErrorContent


Body = TypeVar("Body", bound=BaseModel)


def read_body(kind: type[Body], body: bytes) -> Body:
    """Check a body; whatever the ``Content-Type`` says, it is JSON.

    Raises
    ------
    ApiError
        400 for what is no JSON, 422 for wrong fields.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise wrong_fields(error.errors(include_url=False, include_input=False)) from None
