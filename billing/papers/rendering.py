"""From what stands on a paper to the PDF. It touches no database: call it outside a transaction."""

import json
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

import typst

from billing.papers.contents import Paper

TEMPLATES = Path(__file__).parent


class CannotRender(Exception):
    """The PDF could not be made; the text says why."""


@cache
def _fonts() -> typst.Fonts:
    """Read once in a process; what the machine has installed changes nothing."""
    folder = str(files("font_source_sans_pro") / "files")
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])


def render(paper: Paper) -> bytes:
    """The PDF. What people have written gets there as data beside the template and is never read as its source, which
    sees no file but those of this paper. Raises CannotRender."""
    with tempfile.TemporaryDirectory(prefix="paper-") as name:
        folder = Path(name)
        (folder / "paper.typ").write_bytes((TEMPLATES / f"{paper.template}.typ").read_bytes())
        (folder / "frame.typ").write_bytes((TEMPLATES / "frame.typ").read_bytes())
        (folder / "data.json").write_text(json.dumps(paper.data))
        for file, content in paper.pictures.items():
            (folder / file).write_bytes(content)
        try:
            return typst.compile(str(folder / "paper.typ"), root=name, font_paths=_fonts(), format="pdf")
        except typst.TypstError as error:
            raise CannotRender(str(error)) from error
