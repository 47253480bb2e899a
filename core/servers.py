"""How settings name the servers of an installation: its database, and those that started in the data folder."""

from pathlib import Path
from urllib.parse import unquote, urlsplit


def database(url: str, *, pool: int, max_age: int, test_slot: int) -> dict[str, object]:
    """Django's settings for a postgresql:// address; a folder as host means a unix socket.

    `pool` is how many connections the threads of a process share (0: each keeps its own), `max_age` the seconds that
    one lives.
    """
    parts = urlsplit(url)
    shared = {"min_size": 1, "max_size": pool, "max_lifetime": max_age, "timeout": 10}
    return {
        "ENGINE": "core.db",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.netloc.rpartition("@")[2].partition(":")[0]),
        "PORT": str(parts.port or ""),
        "OPTIONS": {"pool": shared} if pool else {},
        # A pool keeps the connections itself, and the backend looks at each one that it hands out.
        "CONN_MAX_AGE": 0 if pool else max_age,
        "CONN_HEALTH_CHECKS": not pool,
        "TEST": {"NAME": f"test_lastmile_{test_slot}"},
    }


def embedded_urls(folder: Path) -> tuple[str, str]:
    """Addresses of the database and of Redis that `bin/demo` or `bin/test` started in the data folder."""
    from core.embedded import Postgres, Redis

    postgres = Postgres(folder)
    try:
        return postgres.url(), Redis(folder).url()
    except (OSError, IndexError):
        # Nothing runs there; commands that need no database still work.
        return "postgresql://postgres@/postgres", Redis(folder).url()
