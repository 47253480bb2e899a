"""Files from strangers: what is taken, what survives, who can read it."""

import io
import os
import stat
import struct
import time
import tracemalloc
import zlib

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import Http404
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core import pdf, uploads
from core.models import StoredFile
from core.requests import UnitOfWork, _unit
from core.scope import isp_scope, public_scope
from core.uploads import DOCUMENTS, JPEG, PDF, PICTURES, PNG, BadUpload, shown_name, store


def picture(kind="JPEG", size=(40, 20), **options):
    out = io.BytesIO()
    Image.new("RGB", size, "#123456").save(out, kind, **options)
    return out.getvalue()


def document(change=None, **options):
    with pikepdf.new() as made:
        made.add_blank_page(page_size=(200, 300))
        if change:
            change(made)
        out = io.BytesIO()
        made.save(out, **options)
    return out.getvalue()


def upload(data, name="scan.pdf", declared="application/octet-stream"):
    return SimpleUploadedFile(name, data, content_type=declared)


def stored_bytes(file):
    with uploads.open_file(file) as source:
        return source.read()


def refusal(data, name="scan.jpg", kinds=DOCUMENTS):
    with pytest.raises(BadUpload) as caught:
        store(upload(data, name), kinds=kinds)
    assert not StoredFile.objects.exists()
    return str(caught.value)


@pytest.fixture
def png_header():
    """A PNG that claims 30,000 x 30,000 pixels and weighs a few bytes."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 90_001))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "kind"), [(picture(), JPEG), (picture("PNG"), PNG), (document(), PDF)], ids=["jpeg", "png", "pdf"]
)
def test_three_kinds_are_kept(in_isp, settings, data, kind):
    file = store(upload(data, "whatever.exe"))
    path = settings.MEDIA_ROOT / file.path
    assert file.content_type == kind
    assert file.path.startswith(f"{in_isp.uuid}/")
    assert "whatever" not in file.path
    assert file.size == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_content_decides_not_the_name(in_isp):
    assert "another kind" in refusal(b"<html><script>alert(1)</script></html>", "id.pdf")
    assert "another kind" in refusal(b"MZ" + b"\0" * 200, "id.jpg")
    gif = io.BytesIO()
    Image.new("P", (5, 5)).save(gif, "GIF")
    assert "another kind" in refusal(gif.getvalue(), "id.png")


def test_a_kind_that_is_not_asked_for_is_refused(in_isp):
    assert "JPG, PNG" in refusal(document(), "logo.pdf", kinds=PICTURES)


def test_empty_and_too_large(in_isp):
    assert "empty" in refusal(b"")
    assert "10.0" in refusal(picture() + b"\0" * 11 * 1024 * 1024)


def test_a_huge_picture_is_refused_before_it_is_decoded(in_isp, png_header):
    tracemalloc.start()
    began = time.monotonic()
    assert "too many pixels" in refusal(png_header, "id.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.monotonic() - began < 1
    assert peak < 5_000_000


@pytest.mark.parametrize("data", [picture()[:300], picture("PNG")[:60]], ids=["jpeg", "png"])
def test_half_a_picture_is_refused(in_isp, data):
    assert "cannot be read" in refusal(data)


def test_nothing_but_pixels_survives(in_isp):
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    file = store(upload(picture(exif=exif, comment=b"SECRETCOMMENT") + b"PK\x03\x04SECRETZIP", "id.jpg"))
    assert b"SECRET" not in stored_bytes(file)
    notes = PngInfo()
    notes.add_text("Comment", "SECRETTEXT")
    file = store(upload(picture("PNG", pnginfo=notes) + b"<script>SECRETHTML</script>", "id.png"))
    assert b"SECRET" not in stored_bytes(file)


def test_a_picture_stands_upright_and_has_a_sensible_size(in_isp):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(stored_bytes(store(upload(picture(size=(40, 20), exif=exif), "id.jpg")))))
    assert image.size == (20, 40)
    image = Image.open(io.BytesIO(stored_bytes(store(upload(picture(size=(6000, 1000)), "wide.jpg")))))
    assert image.size[0] <= uploads.LONGEST_SIDE


def test_colours_that_browsers_do_not_show_become_plain(in_isp):
    for mode in ("CMYK", "L"):
        out = io.BytesIO()
        Image.new(mode, (8, 8)).save(out, "JPEG")
        assert Image.open(io.BytesIO(stored_bytes(store(upload(out.getvalue()))))).mode == "RGB"
    for mode in ("I;16", "P", "LA", "1"):
        out = io.BytesIO()
        Image.new(mode, (8, 8)).save(out, "PNG")
        assert Image.open(io.BytesIO(stored_bytes(store(upload(out.getvalue()))))).mode in {"RGB", "RGBA"}


def test_a_pdf_loses_what_acts_by_itself(in_isp):
    def arm(made):
        made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('SECRETJS')")
        made.attachments["SECRET.exe"] = b"MZ SECRETFILE"
        made.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.Launch, F="SECRETLAUNCH"))
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])
        link.A = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="SECRETCLICK")
        made.pages[0].Annots = pikepdf.Array([link])
        made.Root.Names.JavaScript = pikepdf.Dictionary(Names=pikepdf.Array(["x", pikepdf.Dictionary(JS="SECRETTREE")]))

    data = document(arm, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert data.count(b"SECRET") >= 4
    file = store(upload(data + b"\n<html><script>SECRETTAIL</script></html>"))
    with pikepdf.open(io.BytesIO(stored_bytes(file))) as kept:
        flat = io.BytesIO()
        kept.save(flat, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        assert len(kept.pages) == 1
    assert b"SECRET" not in flat.getvalue()
    assert b"SECRET" not in stored_bytes(file)


def test_pdf_with_a_password_and_broken_pdf(in_isp):
    locked = document(encryption=pikepdf.Encryption(owner="a", user="b"))
    assert "password" in refusal(locked, "bill.pdf")
    assert "cannot be read" in refusal(b"%PDF-1.7\n" + b"garbage" * 100, "bill.pdf")


def test_a_pdf_that_only_forbids_printing_is_kept_without_its_lock(in_isp):
    file = store(upload(document(encryption=pikepdf.Encryption(owner="a", user=""))))
    with pikepdf.open(io.BytesIO(stored_bytes(file))) as kept:
        assert not kept.is_encrypted


def test_a_pdf_that_unfolds_without_end_is_refused(in_isp):
    def swell(made):
        made.pages[0].Contents = made.make_stream(b"q Q\n" * 1000)

    data = document(swell, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert store(upload(data)).content_type == PDF
    deep = b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"\nendobj\ntrailer<</Root 1 0 R>>"
    with pytest.raises(BadUpload, match="cannot be read"):
        store(upload(deep))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ana\\INE frente.jpg", "INE frente.jpg"),
        ("a\r\nX-Evil: 1.pdf", "aX-Evil: 1.pdf"),
        ("..", "file"),
        ("", "file"),
        ("\u202egpj.exe", "gpj.exe"),
    ],
)
def test_a_name_is_only_a_name(given, shown):
    assert shown_name(given) == shown


def test_a_long_name_keeps_its_ending():
    assert len(shown_name("n" * 300 + ".jpeg")) <= 120
    assert shown_name("n" * 300 + ".jpeg").endswith(".jpeg")


def test_serving_asks_nobody_to_guess(in_isp):
    file = store(upload(picture(), "ine.jpg"))
    inline, attached = uploads.serve(file, inline=True), uploads.serve(file)
    assert inline["Content-Disposition"].startswith("inline")
    assert attached["Content-Disposition"].startswith("attachment")
    for response in (inline, attached):
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "private, no-store"
        assert "sandbox" in response["Content-Security-Policy"]
        assert response.getvalue() == stored_bytes(file)
        response.file_to_stream.close()
    paper = uploads.serve(store(upload(document())), inline=True)
    assert paper["Content-Disposition"].startswith("attachment")
    paper.file_to_stream.close()


def test_a_file_of_another_isp_is_not_there(isp, other_isp, settings):
    with isp_scope(isp):
        theirs = store(upload(picture()))
    with isp_scope(other_isp):
        for path in (
            theirs.path,
            f"{other_isp.uuid}/../{theirs.path}",
            f"../{settings.MEDIA_ROOT.name}/{theirs.path}",
            str(settings.MEDIA_ROOT / theirs.path),
        ):
            with pytest.raises(Http404):
                uploads.serve(StoredFile(path=path, name="x", content_type=JPEG), inline=True)
    with public_scope(), pytest.raises(Http404):
        uploads.serve(theirs)
    with isp_scope(isp), uploads.open_file(theirs) as source:
        assert Image.open(source).format == "JPEG"


def test_a_link_in_the_folder_leads_nowhere(isp, other_isp, settings):
    with isp_scope(isp):
        theirs = store(upload(picture()))
    with isp_scope(other_isp):
        mine = store(upload(picture()))
        path = settings.MEDIA_ROOT / mine.path
        path.unlink()
        path.symlink_to(settings.MEDIA_ROOT / theirs.path)
        with pytest.raises(uploads.MissingFile):
            uploads.open_file(mine)


def test_pages_of_a_pdf_as_pictures(in_isp):
    file = store(upload(document(lambda made: made.add_blank_page())))
    assert uploads.page_images(file) == [1, 2]
    response = uploads.serve_page(file, 1)
    assert Image.open(io.BytesIO(response.content)).format == "PNG"
    assert max(Image.open(io.BytesIO(response.content)).size) <= pdf.LONGEST_SIDE
    for number in (0, 3):
        with pytest.raises(Http404):
            uploads.serve_page(file, number)


def test_an_enormous_page_is_drawn_small(in_isp):
    def grow(made):
        made.pages[0].MediaBox = [0, 0, 14000, 14000]

    response = uploads.serve_page(store(upload(document(grow))), 1)
    assert max(Image.open(io.BytesIO(response.content)).size) <= pdf.LONGEST_SIDE


def test_a_request_that_fails_leaves_no_file(in_isp, settings):
    unit = UnitOfWork()
    token = _unit.set(unit)
    try:
        unit.open()
        lost = store(upload(picture()))
        unit.failed = True
        unit.close()
        assert not (settings.MEDIA_ROOT / lost.path).exists()
        unit.failed = False
        unit.open()
        kept = store(upload(picture()))
        unit.close()
        assert (settings.MEDIA_ROOT / kept.path).exists()
    finally:
        _unit.reset(token)


def test_removing_waits_for_the_commit(in_isp, settings, django_capture_on_commit_callbacks):
    file = store(upload(picture()))
    path = settings.MEDIA_ROOT / file.path
    with django_capture_on_commit_callbacks(execute=True):
        uploads.remove(file)
        assert path.exists()
    assert not path.exists()
    assert not StoredFile.objects.exists()


def test_orphans_are_swept_and_nothing_else(isp, other_isp, settings):
    with isp_scope(other_isp), transaction.atomic():
        theirs = store(upload(picture()))
    with isp_scope(isp):
        kept = store(upload(picture()))
        orphan = settings.MEDIA_ROOT / str(isp.uuid) / ("0" * 32)
        orphan.write_bytes(b"left by a crash")
        assert uploads.sweep_orphans() == 0
        for path in (orphan, settings.MEDIA_ROOT / kept.path, settings.MEDIA_ROOT / theirs.path):
            os.utime(path, (0, 0))
        assert uploads.sweep_orphans() == 1
        assert not orphan.exists()
        assert (settings.MEDIA_ROOT / kept.path).exists()
        assert (settings.MEDIA_ROOT / theirs.path).exists()
