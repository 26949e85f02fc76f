"""What can be wrong with a file of word vectors, in sentences."""

from __future__ import annotations

from core.base.device import install_line
from core.base.errors import DataError


def not_vectors(name: str) -> DataError:
    return DataError(
        "vectors.unknown_format",
        "'{name}' holds no word vectors that can be read. Expected: a GloVe or word2vec text file (a word and its "
        "numbers on each line), a word2vec binary file, or a fastText file (.vec, .bin); each may be gzip-compressed.",
        name=name,
    )


def pickled(name: str) -> DataError:
    return DataError(
        "vectors.pickle",
        "'{name}' is a Python pickle, which can run any program when it is opened, so it is never opened here. "
        "In gensim, save the vectors as text: model.wv.save_word2vec_format('vectors.txt').",
        name=name,
    )


def zipped(name: str) -> DataError:
    return DataError(
        "vectors.zip",
        "'{name}' is an archive. Unpack it, and choose one of the files of vectors inside.",
        name=name,
    )


def cut_short(name: str) -> DataError:
    return DataError(
        "vectors.cut_short",
        "'{name}' ends in the middle of a vector, so it was probably not copied completely. Download or copy it again.",
        name=name,
    )


def wrong_width(name: str, line: int, numbers: int, expected: int) -> DataError:
    return DataError(
        "vectors.width",
        "Line {line:,} of '{name}' has {found:,} numbers, but the lines before have {expected:,}. Remove or mend that "
        "line; at the end of the file it means that the download broke off: download it again.",
        name=name,
        line=line,
        found=numbers,
        expected=expected,
    )


def bad_fasttext(name: str) -> DataError:
    return DataError(
        "vectors.fasttext_binary",
        "'{name}' is a fastText model without word vectors that can be read: a classifier, a compressed one (.ftz), or a "
        "damaged file. Choose the .vec file that was published beside it.",
        name=name,
    )


def too_large(name: str, needed: int, free: int) -> DataError:
    return DataError(
        "vectors.too_large",
        "'{name}' is a fastText model, which has to be read as a whole: that takes about {needed:,.1f} GB of memory, "
        "and {free:,.1f} GB are free. Choose the .vec file that was published beside it, which is read line by line.",
        name=name,
        needed=needed / 1e9,
        free=free / 1e9,
    )


def no_gensim() -> DataError:
    return DataError(
        "vectors.no_gensim",
        "Learning word vectors, and reading those of a fastText model (.bin), needs the package gensim. Install it with: "
        "{install}",
        install=install_line("gensim~=4.4"),
    )


def too_much_memory(name: str, size: str, limit: float) -> DataError:
    return DataError(
        "vectors.reading_memory",
        "Reading the word vectors '{name}' ({size}) takes more than {limit:,.0f} MB of memory, the limit for a file of this "
        "size, and was stopped. Save them as text, a word and its numbers on each line, which is read line by line.",
        name=name,
        size=size,
        limit=limit,
    )


def too_slow(name: str, size: str, limit: float) -> DataError:
    return DataError(
        "vectors.reading_time",
        "Reading the word vectors '{name}' ({size}) took longer than {limit:,.0f} seconds on the clock, the limit for a "
        "file of this size, and was stopped. Cut the file after the words that you need: the most frequent ones stand first.",
        name=name,
        size=size,
        limit=limit,
    )


def broke_off(name: str, size: str, limit: float) -> DataError:
    return DataError(
        "vectors.reading_broke_off",
        "Reading the word vectors '{name}' ({size}) broke off. The file is damaged, or takes more than {limit:,.0f} MB of "
        "memory, the limit for a file of this size. Download or copy it again, or choose a file of text (.txt, .vec).",
        name=name,
        size=size,
        limit=limit,
    )
