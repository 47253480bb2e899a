"""What pages of an import show of rows and their problems."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from imports import problems
from imports.models import Batch

register = template.Library()


@register.filter
def sentence(problem: Any) -> str:
    """A kept problem in words."""
    return problems.sentence(problem) if isinstance(problem, dict) else ""


@register.filter
def kind_of_problem(code: str) -> str:
    """A kind of problem in words, without the details of one row."""
    return str(problems.KINDS.get(code, ""))


@register.filter
def verdict_name(view: str) -> str:
    """The name of a list of rows."""
    names = {"bad": _("Refused"), "new": _("New"), "update": _("Updates"), "skip": _("Left out"), "kept": _("Kept")}
    return names.get(view, "")


@register.filter
def title_of(batch: Batch, column: Any) -> str:
    """The title of a column."""
    return batch.title_of(column) if isinstance(column, int) else ""
