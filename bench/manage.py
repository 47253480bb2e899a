"""manage.py for whichever settings the environment names."""

import sys
from contextlib import nullcontext

from django.conf import settings
from django.core.management import execute_from_command_line

from core.scope import public_scope

if __name__ == "__main__":
    with public_scope() if settings.DATABASES["default"]["ENGINE"] == "core.db" else nullcontext():
        execute_from_command_line(sys.argv)
