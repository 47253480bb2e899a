"""Fewer statements for the same schema: what Django sends one by one where a whole schema is made at once.

Only a suggestion: whoever uses it compares what comes out, since statements of migrations may be anything.
"""

import re

_NAME = r'"[^"]+"'
_TABLE = re.compile(rf"CREATE TABLE ({_NAME}) \([^;]*\)", re.S)
_FOREIGN_KEY = re.compile(
    rf"ALTER TABLE ({_NAME}) ADD (CONSTRAINT {_NAME} FOREIGN KEY \({_NAME}\) REFERENCES ({_NAME}) \({_NAME}\)[^;]*)"
)
_RECORD = re.compile(
    r'(INSERT INTO "django_migrations" \("app", "name", "applied"\) VALUES )'
    r"""(\('\w+', '\w+', '[^']*'::timestamptz\))( RETURNING "django_migrations"."id")?"""
)
_INDEX = re.compile(rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON ({_NAME}) [^;]*")
_LITERAL = re.compile("'[^']*'")


def compact(statements: list[str]) -> list[str]:
    """The statements with foreign keys in the tables' own, and all records of migrations in one at the end.

    A key that comes later costs the server a look at both tables, and both are empty.
    """
    made: list[str] = []
    tables: dict[str, int] = {}  # where in `made` each was made
    changed: dict[str, int] = {}  # and where a statement last named it that may be about anything
    records: list[str] = []
    for statement in statements:
        bare = _LITERAL.sub("''", statement)
        if record := _RECORD.fullmatch(statement):
            records.append(record[2])
            continue
        if (table := _TABLE.fullmatch(bare)) and _ends_with_its_list(bare):
            tables[table[1]] = len(made)
        elif key := _FOREIGN_KEY.fullmatch(statement):
            name, constraint, target = key.groups()
            at = tables.get(name, -1)
            # Both are now what they were when the table was made.
            if tables.get(target, at + 1) <= at and max(changed.get(name, -1), changed.get(target, -1)) < at:
                made[at] = f"{made[at][:-1]}, {constraint})"
                continue
        elif not _INDEX.fullmatch(bare):
            changed.update((name, len(made)) for name in tables if name.strip('"') in statement)
        made.append(statement)
    if records:
        rows = ", ".join(records)
        made.append(f'INSERT INTO "django_migrations" ("app", "name", "applied") VALUES {rows}')  # noqa: S608
    return made


def _ends_with_its_list(statement: str) -> bool:
    """Whether the first bracket is closed by the last sign, and no PARTITION BY or the like follows it."""
    depth = 0
    for at, sign in enumerate(statement):
        depth += (sign == "(") - (sign == ")")
        if sign == ")" and not depth:
            return at == len(statement) - 1
    return False
