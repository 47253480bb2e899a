"""Logos and papers for the demo, drawn on the spot."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont


def logo(name: str, colour: str) -> SimpleUploadedFile:
    """A square sign with the company's first letter and three waves."""
    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((8, 8, 248, 248), 56, fill=colour)
    for reach in (60, 95, 130):
        draw.arc((128 - reach, 150 - reach, 128 + reach, 150 + reach), 225, 315, fill="white", width=14)
    draw.ellipse((112, 134, 144, 166), fill="white")
    draw.text((128, 208), name[:1], fill="white", anchor="mm", font=ImageFont.load_default(60))
    return _upload(image, "logo.png", "PNG")


def paper(title: str, lines: list[str], *, kind: str) -> SimpleUploadedFile:
    """A paper that a prospect could send: a picture of a card, or a PDF of a bill."""
    size = (900, 570) if kind == "PNG" else (1240, 1754)
    image = Image.new("RGB", size, "#f1f3f5" if kind == "PNG" else "white")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((20, 20, size[0] - 20, size[1] - 20), 24, outline="#868e96", width=4)
    draw.text((60, 60), title, fill="#1864ab", font=ImageFont.load_default(44))
    for row, line in enumerate(lines):
        draw.text((60, 160 + 60 * row), line, fill="#212529", font=ImageFont.load_default(34))
    draw.text((size[0] - 60, size[1] - 60), "SPECIMEN", fill="#c92a2a", anchor="rs", font=ImageFont.load_default(40))
    return _upload(image, f"paper.{kind.lower()}", kind)


def roof(what: str) -> SimpleUploadedFile:
    """What a technician photographs: an antenna on a roof, or the box on a wall."""
    image = Image.new("RGB", (1200, 900), "#a5d8ff" if what == "antenna" else "#e9ecef")
    draw = ImageDraw.Draw(image)
    if what == "antenna":
        draw.polygon([(0, 900), (0, 700), (600, 430), (1200, 700), (1200, 900)], fill="#c2410c")
        draw.line([(640, 470), (640, 120)], fill="#495057", width=18)
        draw.ellipse((520, 100, 700, 280), fill="#f8f9fa", outline="#868e96", width=8)
    else:
        draw.rounded_rectangle((380, 260, 820, 640), 24, fill="white", outline="#868e96", width=8)
        for light in range(4):
            draw.ellipse((440 + 90 * light, 560, 480 + 90 * light, 600), fill="#37b24d")
        draw.line([(600, 640), (600, 900)], fill="#212529", width=14)
    return _upload(image, f"{what}.jpg", "JPEG")


def signed(name: str) -> bytes:
    """A scribble on white, as PNG."""
    image = Image.new("RGB", (640, 240), "white")
    draw = ImageDraw.Draw(image)
    dots = [(60 + 26 * n, 130 + (ord(letter) * (n + 3)) % 90 - 45) for n, letter in enumerate(name[:20])]
    draw.line(dots, fill="#111", width=4, joint="curve")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _upload(image: Image.Image, name: str, kind: str) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return SimpleUploadedFile(name, buffer.getvalue())
