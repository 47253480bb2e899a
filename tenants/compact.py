"""Fewer statements for the same schema: what Django sends one by one where a whole schema is made at once.

Only a suggestion: whoever uses it compares what comes out, since statements of migrations may be anything.
"""

import re

_NAME = r'"[^"]+"'
_TABLE = re.compile(rf"CREATE TABLE ({_NAME}) \([^;]*\)", re.S)
_FOREIGN_KEY = re.compile(
    rf"ALTER TABLE ({_NAME}) ADD (CONSTRAINT {_NAME} FOREIGN KEY \(({_NAME})\) "
    rf"REFERENCES ({_NAME}) \(({_NAME})\)[^;]*)"
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
    tables: dict[str, int] = {}  # made here and not changed since, by where in `made`
    records: list[str] = []
    for statement in statements:
        if record := _RECORD.fullmatch(statement):
            records.append(record[2])
            continue
        bare = _LITERAL.sub("''", statement)
        if (table := _TABLE.fullmatch(bare)) and _ends_with_its_list(bare):
            tables[table[1]] = len(made)
        elif key := _FOREIGN_KEY.fullmatch(statement):
            name, constraint, column, target, other = key.groups()
            at, there = tables.get(name), tables.get(target)
            if at is not None and there is not None and there <= at and column in made[at] and other in made[there]:
                made[at] = f"{made[at][:-1]}, {constraint})"
                continue
        elif not _INDEX.fullmatch(bare):
            # Renamed, altered, dropped, filled: whatever names a table may be about what it has become.
            tables = {name: at for name, at in tables.items() if name.strip('"') not in statement}
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
