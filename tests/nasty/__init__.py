"""An app of an ISP whose migrations contain everything that PostgreSQL and Django allow in one; for tests only."""
