"""From an uploaded file to a dataset: read, choose columns, profile, store, split. Light to import."""

from __future__ import annotations

from core.data.columns import ColumnRoles, guess_roles, split_name
from core.data.dataset import SetAside, TextDataset, build_dataset
from core.data.language import han_share, language_of
from core.data.overlapping import Overlap, overlap
from core.data.profiling import Finding, Profile, profile
from core.data.reading import (
    CELL_LIMIT,
    DELIMITERS,
    ENCODINGS,
    Corrections,
    Guess,
    TableFormat,
    TableScan,
    detect_format,
    form_of,
    notes_of,
    read_table,
    scan_table,
    skipped_of,
    table_pieces,
)
from core.data.same_text import text_key
from core.data.source import FILE_LIMIT
from core.data.splitting import Split, split_rows
from core.data.store import DatasetStore, StoredDataset, content_id

__all__ = [
    "CELL_LIMIT",
    "DELIMITERS",
    "ENCODINGS",
    "FILE_LIMIT",
    "ColumnRoles",
    "Corrections",
    "DatasetStore",
    "Finding",
    "Guess",
    "Overlap",
    "Profile",
    "SetAside",
    "Split",
    "StoredDataset",
    "TableFormat",
    "TableScan",
    "TextDataset",
    "build_dataset",
    "content_id",
    "detect_format",
    "form_of",
    "guess_roles",
    "han_share",
    "language_of",
    "notes_of",
    "overlap",
    "profile",
    "read_table",
    "scan_table",
    "skipped_of",
    "split_name",
    "split_rows",
    "table_pieces",
    "text_key",
]
