#!/usr/bin/env python3
"""Django's command line. Commands run in the platform's scope; those for one ISP enter its scope themselves."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
    from django.core.management import execute_from_command_line

    from core.scope import public_scope

    with public_scope():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
