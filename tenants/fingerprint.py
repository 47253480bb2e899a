"""What a schema consists of, as lines that are the same for two schemas exactly when they are built alike."""

from typing import Any

from django.db import connection

from core.scope import public_scope

# Each line starts with its kind. The schema's own name is taken out of it, for definitions quote it.
_LINES = """
WITH here AS (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s),
tables AS (SELECT c.* FROM pg_class c JOIN here ON here.oid = c.relnamespace)
SELECT concat_ws(' ', 'relation', relkind, relname, relpersistence, relrowsecurity, relforcerowsecurity, reloptions,
                 obj_description(oid, 'pg_class'), CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
  FROM tables WHERE relkind <> 'c'
UNION ALL
SELECT concat_ws(' ', 'column', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 a.attgenerated, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid), a.attstorage,
                 rank() OVER (PARTITION BY t.oid ORDER BY a.attnum), col_description(t.oid, a.attnum))
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
 WHERE t.relkind IN ('r', 'p', 'v', 'm', 'c')
UNION ALL
SELECT concat_ws(' ', 'constraint', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid), o.convalidated)
  FROM pg_constraint o JOIN here ON here.oid = o.connamespace
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisreplident, i.indisclustered)
  FROM pg_index i JOIN tables t ON t.oid = i.indrelid
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(g.oid), g.tgenabled)
  FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL
SELECT concat_ws(' ', 'function', p.proname, pg_get_function_identity_arguments(p.oid), p.proacl,
                 CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END)
  FROM pg_proc p JOIN here ON here.oid = p.pronamespace
UNION ALL
SELECT concat_ws(' ', 'type', y.typname, y.typtype, format_type(y.typbasetype, y.typtypmod), y.typnotnull,
                 y.typdefault, (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
                                  FROM pg_enum e WHERE e.enumtypid = y.oid))
  FROM pg_type y JOIN here ON here.oid = y.typnamespace
UNION ALL
SELECT concat_ws(' ', 'sequence', sequencename, data_type, start_value, min_value, max_value, increment_by, cycle,
                 cache_size, last_value)
  FROM pg_sequences WHERE schemaname = %(schema)s
UNION ALL
SELECT concat_ws(' ', 'policy', tablename, policyname, permissive, roles, cmd, qual, with_check)
  FROM pg_policies WHERE schemaname = %(schema)s
UNION ALL
SELECT concat_ws(' ', 'rule', pg_get_ruledef(r.oid), r.ev_enabled)
  FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(s.oid))
  FROM pg_statistic_ext s JOIN here ON here.oid = s.stxnamespace
"""


def fingerprint(schema_name: str, *, with_rows: bool = True) -> list[str]:
    """The schema's relations, columns, constraints, functions, sequences and so on, in order; empty: no such schema.

    `with_rows` adds how many rows each table has and where the sequences are, which is right for new schemas only.
    """
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(_LINES, {"schema": schema_name})
        lines = [line.replace(schema_name, "~") for (line,) in cursor.fetchall()]
        if with_rows:
            return sorted(lines + _row_counts(cursor, schema_name))
        return sorted(line for line in lines if not line.startswith("sequence "))


def contents(schema_name: str) -> dict[str, str]:
    """A digest of the rows of each table, in whatever order they lie."""
    with public_scope(), connection.cursor() as cursor:
        return dict(_each_table(cursor, schema_name, "md5(string_agg(t::text, chr(10) ORDER BY t::text))"))


def _row_counts(cursor: Any, schema_name: str) -> list[str]:
    return [f"rows {table} {count}" for table, count in _each_table(cursor, schema_name, "count(*)")]


def _each_table(cursor: Any, schema_name: str, figure: str) -> list[tuple[str, Any]]:
    """A figure of each table's rows `t`, asked for in one query."""
    cursor.execute(
        """SELECT string_agg(format('SELECT %%L, %%s FROM %%I.%%I t', tablename, %s, schemaname, tablename),
                             ' UNION ALL ')
             FROM pg_tables WHERE schemaname = %s""",
        [figure, schema_name],
    )
    (query,) = cursor.fetchone()
    if not query:
        return []
    cursor.execute(query)
    return list(cursor.fetchall())
