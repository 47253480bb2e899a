"""Which release of the app runs: `BENCH_RELEASE=after` has the migration that adds the column."""

import os

RELEASE = os.environ.get("BENCH_RELEASE", "before")
MIGRATIONS = f"bench.column.{RELEASE}"
