"""Every model of an ISP is classified, and every text of those with personal data is decided on."""

from dataclasses import replace

import pytest
from django.apps import apps

from core import personal
from subscribers.models import Note, Subscriber
from tenants.schemas import tenant_labels

MODELS = [model for label in sorted(tenant_labels()) for model in apps.get_app_config(label).get_models()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_somebody_has_said_whether_it_holds_personal_data(model):
    assert model in personal.classified(), (
        f"Say in {model._meta.app_label}/personal_data.py whether {model.__name__} holds data of customers."
    )


def test_nothing_is_classified_twice_or_is_no_model_of_an_isp():
    assert personal.classified() == set(MODELS)
    assert not set(personal._personal) & set(personal._others)


@pytest.mark.parametrize("entry", personal.register().values(), ids=lambda entry: entry.label)
def test_every_text_of_it_is_decided_on(entry):
    assert not personal.undecided(entry)
    names = {key.name for key in entry.model._meta.get_fields() if key.concrete}
    assert {*entry.exported, *entry.hidden, *entry.blanked, *entry.kept} <= names
    assert not set(entry.exported) & set(entry.hidden)
    assert not set(entry.blanked) & set(entry.kept)


@pytest.mark.parametrize("entry", personal.register().values(), ids=lambda entry: entry.label)
def test_what_is_kept_has_a_reason_for_people(entry):
    assert entry.deleted or str(entry.because)
    assert all(str(reason) for reason in entry.kept.values())
    assert str(entry.title)


def test_a_text_that_nobody_has_decided_on_is_found():
    """The control: without these decisions the tests above fail."""
    register = personal.register()
    assert personal.undecided(replace(register[Note], hidden=())) == {"by_name"}
    card = register[Subscriber]
    assert personal.undecided(replace(card, blanked=tuple(set(card.blanked) - {"district"}))) == {"district"}
    assert personal.undecided(replace(card, exported=("number",))) >= {"first_name", "email"}


@pytest.mark.parametrize("entry", personal.register().values(), ids=lambda entry: entry.label)
def test_fields_that_people_read_of_are_called_as_people_call_them(entry):
    names = {*entry.exported, *(entry.blanked if not entry.erase else ())}
    unnamed = {
        name
        for name in names
        if (key := entry.model._meta.get_field(name)).verbose_name == name.replace("_", " ")
        and isinstance(key.verbose_name, str)
        and name not in personal.NAMES
    }
    assert not unnamed
