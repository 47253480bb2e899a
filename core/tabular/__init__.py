"""Tables in files of strangers, read row by row. Nothing here touches the database."""

from core.tabular.kinds import CSV, XLSX, BadFile, kind_of
from core.tabular.reading import Reading, open_table

__all__ = ["CSV", "XLSX", "BadFile", "Reading", "kind_of", "open_table"]
