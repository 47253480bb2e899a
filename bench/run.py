"""`bin/bench NAME [--json FILE] [--quick]`: runs a benchmark, prints its table, writes JSON and docs/benchmarks.md."""

import argparse
import importlib
import json
import os
import pkgutil
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import bench
from bench.figure import Figure
from bench.scratch import Scratch

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = ("figure", "median", "± spread", "unit", "asked", "holds")


def names() -> list[str]:
    """The benchmarks there are: the modules that have `figures`."""
    found = (module.name for module in pkgutil.iter_modules(bench.__path__) if not module.ispkg)
    return [name for name in found if "\ndef figures(" in (ROOT / "bench" / f"{name}.py").read_text()]


def number(value: float) -> str:
    """Three figures that count, without exponents."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def row(figure: Figure) -> tuple[str, ...]:
    holds = {True: "yes", False: "NO", None: ""}[figure.holds]
    spread = number(figure.spread) if len(figure.samples) > 1 else ""
    return (figure.name, number(figure.measured), spread, figure.unit, figure.asked, holds)


def grouped(figures: Iterable[Figure]) -> Iterator[tuple[str, list[Figure]]]:
    for group, rows in groupby(figures, key=lambda figure: figure.group):
        yield group, list(rows)


def table(figures: list[Figure]) -> str:
    """The figures for a terminal."""
    widths = [max(len(cells[place]) for cells in [HEAD, *map(row, figures)]) for place in range(len(HEAD))]

    def line(cells: tuple[str, ...]) -> str:
        first, *others = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join([cells[0].ljust(len(first)), *others]).rstrip()

    lines = [line(HEAD)]
    for group, rows in grouped(figures):
        lines += ["", group, *[line(row(figure)) for figure in rows]]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the figures were measured on; nothing that names it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
    }


def section(name: str, figures: list[Figure], where: dict[str, Any]) -> str:
    """The benchmark's part of docs/benchmarks.md."""
    today = datetime.now(UTC).date().isoformat()
    lines = [
        f"## {name}",
        "",
        f"Measured on {today} by `bin/bench {name}`: {where['cores']} cores, {where['memory_gib']} GiB of memory,",
        f"PostgreSQL {where['postgresql']}, Python {where['python']}. Mean load before the run: {where['load']}.",
    ]
    for group, rows in grouped(figures):
        lines += ["", f"### {group}", "", f"| {' | '.join(HEAD)} |", "|---|--:|--:|---|---|---|"]
        lines += [f"| {' | '.join(row(figure))} |" for figure in rows]
        notes = list(dict.fromkeys(f"- {figure.name}: {figure.note}" for figure in rows if figure.note))
        lines += ["", *notes] if notes else []
    return "\n".join(lines) + "\n"


def write_section(name: str, text: str) -> None:
    """Put a benchmark's section into docs/benchmarks.md, in the place of its last one."""
    page = PAGE.read_text()
    old = re.compile(rf"^## {re.escape(name)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if not old.search(page):
        page = f"{page.rstrip()}\n\n## {name}\n"
    PAGE.write_text(old.sub(lambda _: f"{text}\n", page).rstrip() + "\n")


def main() -> int:
    known = names()
    parser = argparse.ArgumentParser(prog="bin/bench", description="Runs a benchmark and says what holds.")
    parser.add_argument("name", choices=known, metavar="NAME", help=f"one of: {', '.join(known)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--quick", action="store_true", help="a small size, for CI; docs/benchmarks.md stays as it is")
    chosen = parser.parse_args()
    where = machine()
    figures: list[Figure] = []
    for figure in importlib.import_module(f"bench.{chosen.name}").figures(chosen.quick):
        figures.append(figure)
        print(f"  {figure.name}: {number(figure.measured)} {figure.unit}", file=sys.stderr, flush=True)
    where["postgresql"] = ", ".join(sorted(Scratch.versions))
    print(table(figures))
    if chosen.json:
        told = {
            "benchmark": chosen.name,
            "quick": chosen.quick,
            "machine": where,
            "figures": [figure.as_json() for figure in figures],
        }
        chosen.json.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    if not chosen.quick:
        write_section(chosen.name, section(chosen.name, figures, where))
    return 0


if __name__ == "__main__":
    sys.exit(main())
