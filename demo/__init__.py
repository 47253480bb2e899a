"""The demonstration: a whole installation on one machine, with data to look at."""
