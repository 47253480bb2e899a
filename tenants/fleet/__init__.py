"""Migrating the schemas of all ISPs: planned by one query, captured once as SQL, replayed in each schema."""
