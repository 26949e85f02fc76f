"""Write the two synthetic samples, `core/data/dataset/samples/*.csv`, from the grammars in `benchmarks/sample_grammar/`.

Every row is invented: a review is expanded from a grammar of aspects, opinions, negations and contrasts, so no
shop's or person's text is in it. The seed is fixed: the same grammar gives the same files, byte for byte.

Run from the project's root::

    python benchmarks/make_samples.py            # writes the files
    python benchmarks/make_samples.py --measure  # and measures a linear baseline (needs scikit-learn)

Measured with scikit-learn 1.9.1: accuracy of TF-IDF (1–2-grams of words or Chinese characters) with logistic
regression (C = 10), five stratified 80/20 splits, mean ± standard deviation. "Held out" is the fifth of the same
part; the other columns are what a model trained on the first table gets on whole later batches, new label left out.

========  ==============  ================  ================  ================  ================
language  first held out  first → batch_2   first → batch_3   batch_2 held out  batch_3 held out
========  ==============  ================  ================  ================  ================
English   .855 ± .018     .650 ± .010       .750 ± .011       .828 ± .027       .843 ± .019
Chinese   .872 ± .010     .673 ± .005       .757 ± .010       .814 ± .020       .879 ± .014
========  ==============  ================  ================  ================  ================
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import random
import re
import statistics
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GRAMMARS = Path(__file__).resolve().parent / "sample_grammar"
SEED = 20240607
UNITS = {"en": "word", "zh": "char"}  # languages, and what the measured baseline counts in each
ROWS = {"first": 2400, "batch_2": 900, "batch_3": 900}
WORDS = {"en": (4, 60), "zh": (5, 90)}  # shortest and longest text, in words (English) or characters (Chinese)
LABEL_NOISE = 0.02
DUPLICATES = 0.005
CONTRADICTIONS = 0.003
REPEATED_FROM_FIRST = 4  # rows of the first table that a later batch brings again
EMPTY = 2  # rows without a text, and as many without a label

WEIGHT = re.compile(r"(\d+)\* (.*)")
SYMBOL = re.compile(r"<(\w+)>")
CHOICE = re.compile(r"\{([^{}]*)\}")


@dataclass
class Writer:
    """Writes reviews of one category with one verdict.

    Parameters
    ----------
    scopes
        Tables of rules; a rule is looked up in each, in order.
    label
        ``"good"``, ``"bad"`` or ``"question"``.
    chance
        The source of randomness.
    """

    scopes: list[dict[str, list[tuple[int, str]]]]
    label: str
    chance: random.Random
    used: set[str] = field(default_factory=set)

    def review(self) -> str:
        """Expand one whole review."""
        self.used.clear()
        return self.expand("review_question" if self.label == "question" else "review")

    def expand(self, name: str) -> str:
        opposite = {"good": "bad", "bad": "good"}
        if name == "same":
            name = self.label
        elif name == "other":
            name = opposite[self.label]
        elif name.endswith("_label"):
            name = name.removesuffix("label") + self.label
        text = self._pick(name)
        text = SYMBOL.sub(lambda match: self.expand(match[1]), text)
        # The innermost choices come first, so that choices may be nested.
        while CHOICE.search(text):
            text = CHOICE.sub(lambda match: self.chance.choice(match[1].split("|")), text)
        return text

    def _pick(self, name: str) -> str:
        rules = next(scope[name] for scope in self.scopes if name in scope)
        # One review doesn't say the same thing twice; frames, which only hold symbols, may repeat.
        fresh = [rule for rule in rules if rule[1] not in self.used] or rules
        text = self.chance.choices([text for _, text in fresh], [weight for weight, _ in fresh])[0]
        if len(rules) > 4 and not text.startswith("<"):
            self.used.add(text)
        return text


def read_rules(table: dict[str, object]) -> dict[str, list[tuple[int, str]]]:
    """Turn blocks of lines into weighted alternatives."""
    rules = {}
    for name, block in table.items():
        lines = [line.strip() for line in str(block).strip().splitlines()]
        matches = [WEIGHT.fullmatch(line) for line in lines]
        rules[name] = [
            (int(match[1]), match[2]) if match else (1, line) for match, line in zip(matches, lines, strict=True)
        ]
    return rules


def polish_english(text: str, chance: random.Random) -> str:
    """Capital letters, and now and then none; a lost full stop, a typo, an emoji."""
    text = re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", text)).strip()
    text = re.sub(r"([.?!])\.", r"\1", text)
    if chance.random() < 0.85:
        text = re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
    if chance.random() < 0.15:
        text = text.removesuffix(".")
    elif chance.random() < 0.06 and text.endswith("."):
        text = text[:-1] + "!"
    if chance.random() < 0.04:
        index = chance.randrange(1, len(text) - 2)
        if text[index : index + 2].isalpha():
            text = text[:index] + text[index + 1] + text[index] + text[index + 2 :]
    if chance.random() < 0.03:
        text += chance.choice([" 😂", " 🤷", " ☕", " 🙃", " 👀"])
    return text


def polish_chinese(text: str, chance: random.Random) -> str:
    """Repair doubled marks; now and then spaces for commas, a lost full stop, a homophone, an emoji."""
    text = re.sub(r"\s+", "", text)
    text = re.sub(r"[，。]*([？！。])[，。]*", r"\1", text)
    text = re.sub(r"，+", "，", text).lstrip("，。")
    if chance.random() < 0.12:
        text = text.replace("，", " ").replace("。", " ").strip()
    elif chance.random() < 0.25:
        text = text.removesuffix("。")
    elif chance.random() < 0.08 and text.endswith("。"):
        text = text[:-1] + chance.choice(["！", "～", "……", "！！"])
    if chance.random() < 0.04:
        right, wrong = chance.choice([("得", "的"), ("在", "再"), ("做", "作"), ("的", "得"), ("那", "哪")])
        text = text.replace(right, wrong, 1)
    if chance.random() < 0.03:
        text += chance.choice(["😂", "🤷", "😅", "🙃", "👀"])
    return text


POLISH = {"en": polish_english, "zh": polish_chinese}


def length(text: str, language: str) -> int:
    """Words of an English text, characters of a Chinese one."""
    return len(text.split()) if language == "en" else len(text)


def repeats_itself(text: str, aspects: list[tuple[int, str]]) -> bool:
    """Tell whether a text comes back to an aspect it has already judged; real reviews seldom do."""
    words = {word for _, line in aspects for word in re.findall(r"\w+", line) if len(word) > 3 or not word.isascii()}
    return any(text.lower().count(word) > 1 for word in words)


def distinct_reviews(grammar: dict[str, dict], part: str, language: str, taken: set[str]) -> list[tuple[str, str]]:
    """Write a part's reviews, labels in turn, each text once; `taken` grows by their texts."""
    chance = random.Random(f"{SEED} {language} {part}")
    shared = [read_rules(grammar.get(part, {})), read_rules(grammar["all"])]
    categories = [read_rules(table) for table in grammar["categories"].values() if table["part"] == part]
    labels = [label for label in grammar["labels"] if label != "question" or part == "batch_3"]
    shortest, longest = WORDS[language]
    rows: list[tuple[str, str]] = []
    while len(rows) < ROWS[part]:
        label = labels[len(rows) % len(labels)]
        writer = Writer([chance.choice(categories), *shared], label, chance)
        text = POLISH[language](writer.review(), chance)
        if text.lower() in taken or not shortest <= length(text, language) <= longest:
            continue
        if not repeats_itself(text, writer.scopes[0]["aspect"]):
            taken.add(text.lower())
            rows.append((text, label))
    chance.shuffle(rows)
    return rows


def spoil(rows: list[tuple[str, str]], earlier: list[tuple[str, str]], chance: random.Random) -> list[tuple[str, str]]:
    """Add what real tables have: wrong labels, repeated rows, contradictions, empty cells; as many rows as before."""
    duplicates, contradictions = round(DUPLICATES * len(rows)), round(CONTRADICTIONS * len(rows))
    repeated = REPEATED_FROM_FIRST if earlier else 0
    kept = len(rows) - duplicates - contradictions - repeated - 2 * EMPTY
    rows, spare = rows[:kept], rows[kept:]
    labels = sorted({label for _, label in rows})

    def another(label: str) -> str:
        return chance.choice([other for other in labels if other != label])

    places = iter(chance.sample(range(kept), kept))
    for _ in range(round(LABEL_NOISE * kept)):
        index = next(places)
        rows[index] = (rows[index][0], another(rows[index][1]))
    extra = [rows[next(places)] for _ in range(duplicates)]
    extra += [(text, another(label)) for text, label in (rows[next(places)] for _ in range(contradictions))]
    extra += chance.sample(earlier, repeated)
    extra += [("", label) for _, label in spare[:EMPTY]] + [(text, "") for text, _ in spare[-EMPTY:]]
    for row in extra:
        rows.insert(chance.randrange(len(rows)), row)
    return rows


def make_samples() -> dict[str, bytes]:
    """Return every file's bytes by its name."""
    files = {}
    for language in UNITS:
        grammar = tomllib.loads((GRAMMARS / f"{language}.toml").read_text(encoding="utf-8"))
        names = grammar["labels"]
        taken: set[str] = set()
        first: list[tuple[str, str]] = []
        for part in ROWS:
            rows = distinct_reviews(grammar, part, language, taken)
            table = spoil(rows, first, random.Random(f"{SEED} {language} {part} spoiled"))
            first = first or [row for row in table if all(row)]
            lines = io.StringIO()
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("text", "label"))
            writer.writerows((text, names.get(label, "")) for text, label in table)
            files[f"reviews_{language}_{part}.csv"] = lines.getvalue().encode("utf-8")
    return files


def measure(files: dict[str, bytes]) -> None:
    """Print the accuracy of TF-IDF with logistic regression, mean and standard deviation over five splits."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline

    scores: dict[str, list[float]] = {}
    for language, unit in UNITS.items():
        tables = {part: complete_rows(files[f"reviews_{language}_{part}.csv"]) for part in ROWS}
        for seed, (part, (texts, labels)) in itertools.product(range(5), tables.items()):
            split = train_test_split(texts, labels, test_size=0.2, stratify=labels, random_state=seed)
            model = make_pipeline(TfidfVectorizer(analyzer=unit, ngram_range=(1, 2)), LogisticRegression(C=10))
            model.fit(split[0], split[2])
            scores.setdefault(f"{language} {part}: held-out fifth", []).append(model.score(split[1], split[3]))
            for other in ROWS:
                known = [row for row in zip(*tables[other], strict=True) if row[1] in model.classes_]
                if other != part:
                    score = model.score(*zip(*known, strict=True))
                    scores.setdefault(f"{language} {part}: all of {other} with a known label", []).append(score)
    for name, values in scores.items():
        sys.stdout.write(f"{name}: {statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}\n")


def complete_rows(content: bytes) -> tuple[list[str], list[str]]:
    """Return the texts and labels of the rows that have both."""
    rows = [row for row in csv.DictReader(io.StringIO(content.decode("utf-8"))) if row["text"] and row["label"]]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the synthetic samples.")
    parser.add_argument("--measure", action="store_true", help="measure a linear baseline (needs scikit-learn)")
    arguments = parser.parse_args()
    files = make_samples()
    folder = ROOT / "core" / "data" / "dataset" / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if arguments.measure:
        measure(files)


if __name__ == "__main__":
    main()
