"""Settings before their first saving hold what they will hold after it, and never a stand-in of the database."""

import pytest
from django.apps import apps
from django.db.models.expressions import DatabaseDefault

from core.singleton import Singleton

MODELS = [model for model in apps.get_models() if issubclass(model, Singleton)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_before_the_first_saving_all_values_are_there(model):
    row = model(pk=1)
    lacking = [
        key.name for key in model._meta.concrete_fields if isinstance(getattr(row, key.attname), DatabaseDefault)
    ]
    assert lacking == []
