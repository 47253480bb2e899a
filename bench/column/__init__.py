"""An app of each ISP with one small table, to which the next release adds a column."""
