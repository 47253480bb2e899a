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


def _upload(image: Image.Image, name: str, kind: str) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return SimpleUploadedFile(name, buffer.getvalue())
