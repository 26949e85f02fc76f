"""The synthetic samples as stored datasets."""

from __future__ import annotations

from core.data.dataset.columns import guess_roles
from core.data.dataset.rows import build_dataset
from core.data.dataset.samples import sample_path
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.reading.tables import read_table

NAMES = {
    ("reviews_en", "first"): "Product reviews (sample)",
    ("reviews_en", "batch_2"): "Product reviews, batch 2 (sample)",
    ("reviews_en", "batch_3"): "Product reviews, batch 3 (sample)",
    ("reviews_zh", "first"): "商品评论（样例）",
    ("reviews_zh", "batch_2"): "商品评论，第 2 批（样例）",
    ("reviews_zh", "batch_3"): "商品评论，第 3 批（样例）",
}


def save_sample(datasets: DatasetStore, sample: str, part: str = "first", *, name: str = "") -> StoredDataset:
    """Store one part of a sample, marked as synthetic, under this name or its usual one; storing it again changes nothing."""
    path = sample_path(sample, part)
    table = read_table(path)
    roles = guess_roles(table)
    dataset, set_aside = build_dataset(table, roles, batch=part != "first")
    source = {"sample": sample, "part": part, "file": path.name, "set_aside": set_aside.count}
    named = name or NAMES[sample, part]
    return datasets.save(dataset, name=named, roles=roles, source=source, synthetic=True)
