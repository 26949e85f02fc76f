"""What becomes of a model in use: by day what it answered, what that is worth, and whether something has changed."""

from typing import Literal

Draw = Literal["chance", "doubt"]  # how texts in use are drawn for a person to label
TEXTS = 40  # so many
SHADOW = "shadow"  # how texts are drawn on which a candidate and the version that serves differ
