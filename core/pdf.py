"""PDF files from strangers, handled in a child process with little memory and time.

The libraries that read PDF are written in C++, and a small file can unfold into a huge one. So the reading happens in a
process of its own, which has no database, no secrets and no way to take the web server down with it. This file is both:
the functions that the project calls, and the program that the child runs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

MEMORY = 1536 * 1024 * 1024  # bytes of address space
SECONDS = 20
PAGES = 20  # shown to staff; more are in the download
LONGEST_SIDE = 1600  # pixels of a rendered page
# Actions that start something when a document is opened or clicked.
ACTIONS = [
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToE",
    "/GoToR",
    "/Rendition",
    "/RichMediaExecute",
]
KEYS = [
    "/JS",
    "/JavaScript",
    "/OpenAction",
    "/AA",
    "/EmbeddedFiles",
    "/EF",
    "/AF",
    "/XFA",
    "/RichMediaContent",
    "/Perms",
]
BROKEN, LOCKED = 3, 4


class BrokenPdf(ValueError):
    """The file is not a PDF that can be read."""


class LockedPdf(ValueError):
    """The file opens with a password only."""


def cleaned(data: bytes) -> bytes:
    """The document written anew, without scripts, actions and embedded files, and nothing before or behind it.

    Raises BrokenPdf and LockedPdf.
    """
    return _child("clean", data)


def page_count(data: bytes) -> int:
    """How many pages can be shown, at most PAGES. Raises BrokenPdf."""
    return int(json.loads(_child("count", data)))


def page_image(data: bytes, number: int) -> bytes:
    """One page as PNG, counted from 1. Raises BrokenPdf, also for a page that is not there."""
    return _child("page", data, str(number))


def _child(*command: str | bytes) -> bytes:
    verb, data, *rest = command
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(__file__)), str(verb), *[str(each) for each in rest]],
            input=data if isinstance(data, bytes) else data.encode(),
            capture_output=True,
            timeout=SECONDS + 10,
            env={"PATH": os.environ.get("PATH", "")},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokenPdf("It took too long to read.") from error
    if done.returncode == LOCKED:
        raise LockedPdf
    if done.returncode != 0 or not done.stdout:
        raise BrokenPdf(done.stderr.decode(errors="replace")[-300:])
    return done.stdout


def _clean(data: bytes) -> bytes:
    import io

    import pikepdf

    with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as pdf:
        if not len(pdf.pages):
            raise pikepdf.PdfError("no pages")
        for each in pdf.objects:
            _disarm(each)
        for key in ("/Metadata", "/PieceInfo"):
            if key in pdf.Root:
                del pdf.Root[key]
        if "/Info" in pdf.trailer:
            del pdf.trailer["/Info"]
        out = io.BytesIO()
        pdf.save(out, encryption=False, linearize=False, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def _disarm(top: object) -> None:
    """Remove what acts by itself from one object and what lies directly in it."""
    import pikepdf

    waiting = [top]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Array):
            waiting.extend(child for child in each if _is_inner(child))
        elif isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
            if str(each.get("/S", "")) in ACTIONS:
                for key in list(each.keys()):
                    del each[key]
            for key in KEYS:
                if key in each:
                    del each[key]
            waiting.extend(child for _, child in each.items() if _is_inner(child))


def _is_inner(child: object) -> bool:
    import pikepdf

    return isinstance(child, (pikepdf.Array, pikepdf.Dictionary)) and not child.is_indirect


def _page(data: bytes, number: int) -> bytes:
    import io

    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    if not 1 <= number <= min(len(document), PAGES):
        raise ValueError("no such page")
    page = document[number - 1]
    scale = min(3.0, LONGEST_SIDE / max(*page.get_size(), 1))
    out = io.BytesIO()
    page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB").save(out, "PNG")
    return out.getvalue()


def _count(data: bytes) -> bytes:
    import pypdfium2

    return json.dumps(min(len(pypdfium2.PdfDocument(data)), PAGES)).encode()


def _main() -> int:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read()
    try:
        if sys.argv[1] == "clean":
            result = _clean(data)
        elif sys.argv[1] == "count":
            result = _count(data)
        else:
            result = _page(data, int(sys.argv[2]))
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the parent reads it
        return LOCKED if type(error).__name__ == "PasswordError" else BROKEN
    sys.stdout.buffer.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
