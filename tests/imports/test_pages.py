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


def test_the_result_page_asks_a_fixed_number_of_queries(isp, office, count_queries):
    from tests.imports.conftest import Importing

    counts = []
    for rows in (5, 24):
        with isp_scope(isp):
            importing = Importing(isp, make_member(isp, Role.OWNER, email=f"o{rows}@wispmega.example"))
            data = wisphub(rows, changed={n: {"Email": "no"} for n in range(0, rows, 2)})
            batch = importing.load(data, existing="all")
        office.get(f"{HOME}{batch.uuid}/")
        with count_queries() as counted:
            assert "is not an e-mail address" in office.get(f"{HOME}{batch.uuid}/?show=").content.decode()
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_only_those_with_the_right_see_the_way_there(isp, other_isp):
    for role, there in ((Role.ADMIN, True), (Role.OWNER, True), (Role.BILLING, False), (Role.SUPPORT, False)):
        client = HostClient("app.localhost")
        sign_in(client, make_member(isp, role, email=f"{role.value}@wispmega.example"))
        text = client.get("/wispmega/subscribers/").content.decode()
        assert ("/wispmega/import/" in text) == there, role


def test_the_example_is_recognised_in_both_languages(isp, office):
    for language in ("en", "es"):
        office.post("/language/", {"language": language, "next": "/"})
        data = office.get(f"{HOME}example/").content
        page = upload(office, data, "example.csv")["Location"]
        batch = work_on(isp)
        assert len(batch.mapping) == len(batch.columns), [
            column["name"] for place, column in enumerate(batch.columns) if str(place) not in batch.mapping
        ]
        office.post(f"{page}columns/", filled(office.get(f"{page}columns/").context["form"]))
        form = office.get(f"{page}questions/").context["form"]
        office.post(f"{page}questions/", filled(form, sign="owes"))
        assert work_on(isp).counts == {"new": 3}


def test_a_mapping_is_kept_and_used_for_the_next_file(isp, office):
    from tests.imports.exports import table

    titles, row = ["Quién", "Dónde", "Cuánto"], ["Ana Ruiz", "Calle 1", "12"]
    page = upload(office, table(titles, row))["Location"]
    work_on(isp)
    form = office.get(f"{page}columns/").context["form"]
    office.post(f"{page}columns/", filled(form, c0="full_name", c1="address", c2="balance"))
    office.post(f"{page}questions/", filled(office.get(f"{page}questions/").context["form"], sign="credit"))
    work_on(isp)
    response = office.post(f"{page}mapping/save/", {"name": "De Ana"}, follow=True)
    assert "“De Ana” was saved" in response.content.decode()
    second = upload(office, table(titles, ["Eva Mora", "Calle 2", "13"]), "b.csv")["Location"]
    batch = work_on(isp)
    assert batch.mapping == {"0": "full_name", "1": "address", "2": "balance"}
    assert batch.answers["sign"] == "credit"
    assert "De Ana" in office.get(f"{second}columns/").content.decode()
    with isp_scope(isp):
        from imports.models import Preset

        preset = Preset.objects.get()
    office.post(f"{HOME}mappings/{preset.uuid}/remove/")
    assert "De Ana" not in office.get(f"{second}columns/").content.decode()
    text = office.post(f"{second}discard/", follow=True).content.decode()
    assert "b.csv was discarded" in text
