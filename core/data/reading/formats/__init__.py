"""Files that hold a table in another form than lines of text: a workbook, Parquet, JSON, markup, a token a line; and the zip
around any of them.

A new format is a file here and a line in `FORMATS`. Each becomes columns of strings, as a CSV file does.
"""

from __future__ import annotations

from core.data.reading.formats.base import Format, format_of
from core.data.reading.formats.conll import Conll
from core.data.reading.formats.jsonl import JsonLines
from core.data.reading.formats.markup import WebPage, XmlWorkbook
from core.data.reading.formats.parquet import Parquet
from core.data.reading.formats.workbook import Workbook
from core.data.reading.formats.zipped import inside, is_zip

FORMATS: tuple[Format, ...] = (Workbook(), Parquet(), JsonLines(), WebPage(), XmlWorkbook(), Conll())

__all__ = ["FORMATS", "Format", "format_of", "inside", "is_zip"]
