"""Work in children that may be killed: a process of its own that forks one for each line of JSON that comes in.

What a child ended with goes out: 0, 1 for an exception, -9 where it was killed. No child has to load the project anew.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connection


def serve(do: Callable[[dict[str, Any]], None]) -> None:
    """Do each job in a child, in the database that DATABASE_NAME says, until no more come in."""
    connection.settings_dict["NAME"] = os.environ["DATABASE_NAME"]
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            os._exit(_ended(do, json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _ended(do: Callable[[dict[str, Any]], None], job: dict[str, Any]) -> int:
    try:
        do(job)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
