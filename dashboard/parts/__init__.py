"""Parts that several pages share: forms, charts, tables, uploads, the view of a run."""
