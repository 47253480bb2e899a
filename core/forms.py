"""How forms look, and the base of all forms."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Field templates in our look."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


class StyledMixin:
    """Gives each widget the class of its kind and says to screen readers what is wrong with it."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)):
                css = "form-check-input"
            elif isinstance(widget, forms.Select):
                css = "form-select"
            else:
                css = "form-control"
            widget.attrs["class"] = f"{css} {widget.attrs.get('class', '')}".strip()

    def add_error(self, field: str | None, error: Any) -> None:
        """Every error passes here, the ones of the fields' own checks too."""
        super().add_error(field, error)  # type: ignore[misc]
        for name in self._errors:  # type: ignore[attr-defined]
            if name in self.fields:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs.get('class', '').replace(' is-invalid', '')} is-invalid"


class Form(StyledMixin, forms.Form):
    """A form in our look."""


class ModelForm(StyledMixin, forms.ModelForm):
    """A model form in our look."""
