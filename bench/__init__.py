"""Benchmarks. `bin/bench NAME` runs the module `bench.NAME`, whose `figures(quick)` yields `bench.figure.Figure`s."""
