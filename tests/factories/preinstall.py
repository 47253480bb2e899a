"""Install requests and their documents, in the current scope."""

from uuid import uuid4

import factory
from django.utils import timezone

from core.uploads import store
from preinstall.models import DraftUpload, Installation, InstallRequest, RequestDocument, StateChange
from tests.factories.files import picture, upload

__all__ = [
    "DraftUploadFactory",
    "InstallRequestFactory",
    "InstallationFactory",
    "RequestDocumentFactory",
    "picture",
    "upload",
]


class InstallRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = InstallRequest
        skip_postgeneration_save = True

    submission = factory.LazyFunction(uuid4)
    number = factory.Sequence(lambda n: n + 1)
    first_name = "Rosa"
    last_name = factory.Sequence(lambda n: f"Quintero {n}")
    mobile = factory.Sequence(lambda n: f"+5255{10000000 + n}")
    email = factory.Sequence(lambda n: f"rosa{n}@example.org")
    id_number = factory.Sequence(lambda n: f"QUIR{n:06d}")
    address = "Calle Cinco 12"
    city = "Puebla"
    language = "es"

    @factory.post_generation
    def history(self, create, extracted, **kwargs):
        if create:
            StateChange.objects.create(request=self, state=self.state)


class DraftUploadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DraftUpload

    submission = factory.LazyFunction(uuid4)
    kind = "id_front"
    file = factory.LazyFunction(lambda: store(upload()))


class RequestDocumentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RequestDocument

    request = factory.SubFactory(InstallRequestFactory)
    kind = "id_front"
    file = factory.LazyFunction(lambda: store(upload()))


class InstallationFactory(factory.django.DjangoModelFactory):
    """A planned visit for a pending service; `technician` makes it somebody's."""

    class Meta:
        model = Installation

    class Params:
        technician = None

    number = factory.Sequence(lambda n: n + 1)
    service = factory.SubFactory("tests.factories.subscribers.ServiceFactory", state="pending")
    on = factory.LazyFunction(timezone.localdate)
    technician_id = factory.LazyAttribute(lambda row: row.technician.pk if row.technician else None)
    technician_name = factory.LazyAttribute(lambda row: row.technician.name if row.technician else "")
