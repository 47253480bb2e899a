"""Carriers on loopback, each in one thread of the test's own process."""

import pytest

from lab.carriers import CarrierLab
from lab.smpp import SmppLab


@pytest.fixture(autouse=True)
def _impatient(settings):
    settings.GATEWAY_TIMEOUT = 2


@pytest.fixture
def carrier(settings):
    lab = CarrierLab()
    lab.start()
    settings.TWILIO_API_BASE = settings.WHATSAPP_API_BASE = lab.url
    yield lab
    lab.stop()


@pytest.fixture
def centre():
    lab = SmppLab()
    lab.start()
    yield lab
    lab.stop()
