"""Links that let somebody in do not get into the log."""

import io
import logging.config
import secrets

import pytest
from django.conf import settings


@pytest.fixture
def written():
    """What is logged, as our settings have it written."""
    stream, root = io.StringIO(), logging.getLogger()
    formatter = logging.config.DictConfigurator(settings.LOGGING).configure_formatter(
        settings.LOGGING["formatters"]["line"]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    yield stream.getvalue
    root.removeHandler(handler)


def test_the_path_of_a_refused_form_is_logged_without_its_secret(written, at):
    secret = secrets.token_urlsafe(32)
    at("app.localhost").get(f"/set-password/{secret}/")
    assert secret not in (said := written())
    assert "/set-password/***/" in said


def test_tracebacks_are_masked_and_other_long_names_stay(written):
    secret = secrets.token_urlsafe(32)
    try:
        raise ValueError(f"http://localhost/invitation/{secret}/")
    except ValueError:
        logging.getLogger("core").exception("About /sign-up/c56a4180-65aa-42ec-a945-5fd21dec0538/")
    assert secret not in (said := written())
    assert "invitation/***/" in said
    assert "c56a4180-65aa-42ec-a945-5fd21dec0538" in said
