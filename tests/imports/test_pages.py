"""The way through the pages, as staff go it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.scope import isp_scope
from imports.models import Batch
from imports.services import work
from subscribers.models import Subscriber
from tenants.roles import Role
from tests.conftest import HostClient
from tests.factories.staff import make_member, sign_in
from tests.imports.exports import wisphub

HOME = "/wispmega/import/"


@pytest.fixture
def office(isp):
    client = HostClient("app.localhost")
    sign_in(client, make_member(isp, Role.ADMIN, name="Otto Office", email="otto@wispmega.example"))
    return client


def upload(client, data, name="clientes.csv"):
    return client.post(HOME, {"file": SimpleUploadedFile(name, data)})


def work_on(isp):
    with isp_scope(isp):
        batch = Batch.objects.first()
        work.work_on(batch_id=batch.pk, isp_id=isp.pk)
        batch.refresh_from_db()
    return batch


def filled(form, **changed):
    """What a browser would send for a form as it is shown."""
    data = {field.html_name: field.value() for field in form if field.value() is not None}
    return {**data, **changed}


def test_from_upload_to_customers(isp, office):
    response = upload(office, wisphub(30))
    page = response["Location"]
    assert "being read" in office.get(page).content.decode()
    batch = work_on(isp)
    response = office.get(page, follow=True)
    assert "export of WispHub" in response.content.decode()
    response = office.post(f"{page}columns/", filled(response.context["form"]))
    assert response["Location"] == f"{page}questions/"
    response = office.get(f"{page}questions/")
    assert "Hogar 100 Megas" in response.content.decode()
    response = office.post(f"{page}questions/", filled(response.context["form"]))
    assert response.status_code == 302, response.content.decode()
    batch = work_on(isp)
    assert batch.counts == {"new": 30}
    text = office.get(page).content.decode()
    assert "Import 30 rows now" in text
    assert office.post(f"{page}run/")["Location"] == page
    # A second click changes nothing.
    assert office.post(f"{page}run/")["Location"] == page
    assert "being imported" in office.get(page).content.decode()
    work_on(isp)
    assert "Imported on" in office.get(page).content.decode()
    with isp_scope(isp):
        assert Subscriber.objects.count() == 30
    assert "30 customers" in office.get(f"{page}undo/").content.decode()
    assert office.post(f"{page}undo/")["Location"] == page
    work_on(isp)
    assert "Undone on" in office.get(page).content.decode()
    with isp_scope(isp):
        assert not Subscriber.objects.exists()
