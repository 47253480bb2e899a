"""The public form as a browser uses it."""

import re
from uuid import uuid4

import pytest

from core.scope import isp_scope
from tests.captcha import payload
from tests.factories.preinstall import upload

DATA = {
    "first_name": "Rosa",
    "last_name": "Quintero Ibarra",
    "id_number": "QUIR800101",
    "mobile": "55 1234 5678",
    "second_mobile": "",
    "email": "rosa@example.org",
    "address": "Calle Cinco 12",
    "district": "Centro",
    "city": "Puebla",
    "postcode": "72000",
    "comments": "Por la tarde",
}
DOCUMENTS = ("id_front", "id_back", "proof_of_address")


class Prospect:
    """A browser at one host that fills in the form of one ISP."""

    def __init__(self, client, identifier):
        self.client, self.path = client, f"/install/{identifier}/"
        self.submission = uuid4()

    def open(self, **headers):
        response = self.client.get(self.path, **headers)
        found = re.search(r'name="submission" value="([0-9a-f-]{36})"', response.content.decode())
        self.submission = found.group(1) if found else None
        return response

    def solve(self):
        return payload(self.client.get(f"{self.path}captcha/").json())

    def send(self, files=None, *, captcha=None, **changes):
        if files is None:
            files = {kind: upload(name=f"{kind}.jpg") for kind in DOCUMENTS}
        data = {**DATA, "submission": str(self.submission), **files, **changes}
        data["captcha"] = self.solve() if captcha is None else captcha
        return self.client.post(self.path, data)

    def add(self, kind, file):
        return self.client.post(f"{self.path}documents/", {"submission": str(self.submission), kind: file})


@pytest.fixture
def prospect(at, isp):
    """`prospect()` is a browser at WispMega's form; on another host or with another identifier if told."""

    def make(host="wispmega.localhost", identifier="wispmega"):
        return Prospect(at(host), identifier)

    return make


@pytest.fixture
def made(isp):
    """All requests of WispMega."""
    from preinstall.models import InstallRequest

    def rows():
        with isp_scope(isp):
            return list(InstallRequest.objects.order_by("number"))

    return rows
