"""Settings of an ISP for tests. Use them inside its scope."""

import io

import factory
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from company.models import CaptchaKeys
from payments.models import PaymentMethod


class CaptchaKeysFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CaptchaKeys

    domain = factory.Sequence(lambda n: f"clientes{n}.example")
    site_key = factory.Sequence(lambda n: f"6Lsite{n:034d}")
    secret_key = factory.Sequence(lambda n: f"6Lsecret{n:032d}")


class PaymentMethodFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PaymentMethod

    name = factory.Sequence(lambda n: f"Banco {n}")
    position = factory.Sequence(lambda n: n)


def picture(kind: str = "PNG", size: tuple[int, int] = (800, 400), name: str = "") -> SimpleUploadedFile:
    """An uploaded picture with this content."""
    data = io.BytesIO()
    Image.new("RGB", size, "#cc3300").save(data, kind)
    return SimpleUploadedFile(name or f"logo.{kind.lower()}", data.getvalue(), f"image/{kind.lower()}")
