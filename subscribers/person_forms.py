"""What forms about a customer have in common: phones, tax numbers, and somebody who is known already."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from company import phones, tax_ids
from subscribers.models import Subscriber


class PersonMixin:
    """Needs a field `anyway`, in which one says that it is somebody else all the same."""

    cleaned_data: dict[str, Any]
    fields: dict[str, Any]

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        self.country = country
        super().__init__(*args, **kwargs)

    def clean_mobile(self) -> str:
        return self._phone("mobile")

    def clean_second_mobile(self) -> str:
        return self._phone("second_mobile")

    def clean_tax_id(self) -> str:
        try:
            return tax_ids.stored(self.cleaned_data["tax_id"], country=self.country)
        except tax_ids.BadTaxId as error:
            raise ValidationError(str(error)) from error

    def _phone(self, name: str) -> str:
        try:
            return phones.stored(self.cleaned_data[name], country=self.country, may_be_short=False)
        except phones.BadPhone as error:
            raise ValidationError(str(error)) from error

    def refuse_known(self, data: dict[str, Any], *, besides: int | None = None) -> None:
        """Ask whether it is somebody else, if another subscriber has the same ID number, phone or e-mail."""
        numbers = [data.get("mobile") or "", data.get("second_mobile") or ""]
        alike = Subscriber.objects.alike(
            id_number=data.get("id_number") or "", phones=numbers, email=data.get("email") or ""
        )
        known = alike.exclude(pk=besides).first()
        if known and not data["anyway"]:
            message = _("%(name)s, number %(number)s, has the same ID number, mobile or e-mail.")
            self.add_error("anyway", message % {"name": known.full_name, "number": known.number})  # type: ignore[attr-defined]
