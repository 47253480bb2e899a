"""Files from people: decided by content, written anew, kept apart per ISP, served without trust.

A stored file lies at MEDIA_ROOT/<isp uuid or "platform">/<32 hex digits>. The bytes of what is shown again are always
our own writing: pictures are decoded and encoded again, PDF documents are rebuilt. So nothing that was hidden in the
original survives. Tables that are only read (`keep`) stay as they came.
"""

import hashlib
import io
import os
import re
import secrets
import time
import unicodedata
from pathlib import Path
from typing import IO, Any

import filetype
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from core import pdf
from core.models import StoredFile
from core.requests import on_rollback
from core.scope import required

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCUMENTS = frozenset({PDF, PNG, JPEG})
PICTURES = frozenset({PNG, JPEG})
PIXELS = 50_000_000  # in a picture; more is refused before it is decoded
LONGEST_SIDE = 4000  # pixels that are kept, enough to read an ID
NAMES = {PDF: "PDF", PNG: "PNG", JPEG: "JPG"}
PATH = re.compile(r"(?:platform|[0-9a-f-]{36})/[0-9a-f]{32}")


class BadUpload(ValueError):
    """A file that is not taken. The text tells the person why."""


class MissingFile(LookupError):
    """The file is not in the folder of the current scope."""


class CappedUpload(FileUploadHandler):
    """The first of the upload handlers: what comes behind the limit of a file is dropped while it arrives.

    So a file of any size costs no more room than the largest allowed one, and is still refused with a message. What
    announces itself as far larger, at a view with a limit of its own (`takes_files_of`), is not even read to its end.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        view = _view_of(self.request)
        self.limit = getattr(view, "upload_limit", settings.UPLOAD_LIMIT)
        self.stops = hasattr(view, "upload_limit") and content_length > 2 * self.limit

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start <= self.limit:
            return raw_data
        if self.stops:
            self.request.upload_was_stopped = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=True)
        return None

    def file_complete(self, file_size: int) -> None:
        return None


def takes_files_of(limit: int) -> Any:
    """Declare that a view takes files of up to `limit` bytes, where UPLOAD_LIMIT does not suit it.

    Where the file was so large that it was not read to its end, `request.upload_was_stopped` is set and it is not
    among the request's files. Stands above all other decorators of the view.
    """

    def mark(view: Any) -> Any:
        view.upload_limit = limit
        return view

    return mark


def _view_of(request: Any) -> Any:
    try:
        return resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Resolver404:
        return None


def store(
    upload: UploadedFile, *, kinds: frozenset[str] | set[str] = DOCUMENTS, longest_side: int = LONGEST_SIDE
) -> StoredFile:
    """Keep an uploaded file for the current scope. Raises BadUpload.

    `kinds` are the content types that are taken; larger pictures are reduced to `longest_side` pixels. The file is
    written first and its row second; when the request rolls back, the file goes too, and what a crash leaves behind is
    found by sweep_orphans.
    """
    data, kind = _checked(upload, kinds)
    clean = _clean_pdf(data) if kind == PDF else _clean_picture(data, kind, longest_side)
    path = f"{_folder_name()}/{secrets.token_hex(16)}"
    target = settings.MEDIA_ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        on_rollback(lambda: target.unlink(missing_ok=True))
        file.write(clean)
    return StoredFile.objects.create(
        path=path,
        name=shown_name(upload.name or ""),
        content_type=kind,
        size=len(clean),
        sha256=hashlib.sha256(clean).hexdigest(),
    )


def keep(upload: UploadedFile, *, content_type: str) -> StoredFile:
    """Keep an uploaded file as it came, piece by piece, for the current scope.

    For what we read and never show: who calls it has looked at the content and refuses what it does not know. It is
    served by nothing here but `serve`, as an attachment.
    """
    path = f"{_folder_name()}/{secrets.token_hex(16)}"
    target = settings.MEDIA_ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        on_rollback(lambda: target.unlink(missing_ok=True))
        upload.seek(0)
        for piece in upload.chunks():
            digest.update(piece)
            size += file.write(piece)
    return StoredFile.objects.create(
        path=path, name=shown_name(upload.name or ""), content_type=content_type, size=size, sha256=digest.hexdigest()
    )


def shown_name(name: str) -> str:
    """A person's file name as it is shown: no folders, no control characters, at most 120 characters."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 8:
        name = f"{stem[: 119 - len(ending)]}.{ending}"
    return name[:120] or _("file")


def _checked(upload: UploadedFile, kinds: frozenset[str] | set[str]) -> tuple[bytes, str]:
    """The bytes and the content type, decided by the content alone. Raises BadUpload."""
    if not upload.size:
        raise BadUpload(_("This file is empty. Please choose it again."))
    if upload.size > settings.UPLOAD_LIMIT:
        raise BadUpload(
            _("This file is too large; at most %(limit)s are possible.")
            % {"limit": filesizeformat(settings.UPLOAD_LIMIT)}
        )
    upload.seek(0)
    data = upload.read()
    kind = filetype.guess_mime(data)
    if kind not in kinds:
        names = ", ".join(sorted(NAMES[each] for each in kinds))
        raise BadUpload(_("This file is of another kind. Please choose one of these: %(kinds)s.") % {"kinds": names})
    return data, kind


def _clean_pdf(data: bytes) -> bytes:
    try:
        return pdf.cleaned(data)
    except pdf.LockedPdf as error:
        raise BadUpload(_("This PDF has a password. Please save it without one and choose it again.")) from error
    except pdf.BrokenPdf as error:
        raise BadUpload(_("This PDF cannot be read. Please save it again, or take a photo instead.")) from error


def _clean_picture(data: bytes, kind: str, longest_side: int) -> bytes:
    """The picture upright, encoded anew, without anything but its pixels."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=["PNG" if kind == PNG else "JPEG"])
        if image.width * image.height > PIXELS:
            raise Image.DecompressionBombError
        image.draft("RGB", (longest_side, longest_side))
        image = ImageOps.exif_transpose(image)
        image.thumbnail((longest_side, longest_side))
        has_alpha = kind == PNG and ("A" in image.getbands() or "transparency" in image.info)
        image = image.convert("RGBA" if has_alpha else "RGB")
        image.info.clear()
        out = io.BytesIO()
        image.save(out, **({"format": "PNG"} if kind == PNG else {"format": "JPEG", "quality": 88}))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadUpload(
            _("This picture has too many pixels; at most %(millions)s million are possible.")
            % {"millions": PIXELS // 1_000_000}
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, KeyError, TypeError, OverflowError) as error:
        raise BadUpload(_("This picture cannot be read. Please choose another one.")) from error
    return out.getvalue()


def _folder_name() -> str:
    """The folder of the current scope. Raises NoScope."""
    scope = required()
    return "platform" if scope.is_public else str(scope.isp_uuid)


def open_file(file: StoredFile) -> IO[bytes]:
    """The stored bytes. Raises MissingFile for whatever is not a plain file in the folder of the current scope."""
    folder = (settings.MEDIA_ROOT / _folder_name()).resolve()
    path = Path(settings.MEDIA_ROOT / file.path)
    if not PATH.fullmatch(file.path) or path.resolve().parent != folder:
        raise MissingFile("Not a file of this scope.")
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except OSError as error:
        raise MissingFile("The file is gone.") from error


def serve(file: StoredFile, *, inline: bool = False) -> FileResponse:
    """A response with the file. Only pictures, which we encoded ourselves, open inside the browser. Raises Http404."""
    try:
        source = open_file(file)
    except MissingFile as error:
        raise Http404 from error
    shows = inline and file.content_type in PICTURES
    response = FileResponse(source, as_attachment=not shows, filename=file.name, content_type=file.content_type)
    return _guarded(response)


def page_images(file: StoredFile) -> list[int]:
    """The numbers of the pages that page_image can show. Raises MissingFile and core.pdf.BrokenPdf."""
    with open_file(file) as source:
        return list(range(1, pdf.page_count(source.read()) + 1))


def serve_page(file: StoredFile, number: int) -> HttpResponse:
    """One page of a PDF document as a picture, counted from 1. Raises Http404."""
    try:
        with open_file(file) as source:
            picture = pdf.page_image(source.read(), number)
    except (MissingFile, pdf.BrokenPdf) as error:
        raise Http404 from error
    return _guarded(HttpResponse(picture, content_type=PNG))


def _guarded(response: Any) -> Any:
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def remove(file: StoredFile) -> None:
    """Delete the row now and the file once that is durable."""
    path = settings.MEDIA_ROOT / file.path
    inside = PATH.fullmatch(file.path) and file.path.startswith(f"{_folder_name()}/")
    file.delete()
    if inside:
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def sweep_orphans(*, older_than: float = 3600) -> int:
    """Delete the files of the current scope that no row names and that are `older_than` seconds old; say how many.

    A file is written before its row, so a crash between the two leaves the file alone.
    """
    folder = settings.MEDIA_ROOT / _folder_name()
    if not folder.is_dir():
        return 0
    before = time.time() - older_than
    known = set(StoredFile.objects.values_list("path", flat=True))
    orphans = [
        path
        for path in folder.iterdir()
        if f"{folder.name}/{path.name}" not in known and path.lstat().st_mtime < before
    ]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
