"""What staff are asked on the way from a file to customers."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from imports.models import Batch, Preset
from imports.targets import BY_KEY, JOINED, NAMES, grouped
from subscribers.models import Service, Tariff


class UploadForm(Form):
    """The file."""

    file = forms.FileField(
        label=_("File with your customers"),
        help_text=_("CSV or XLSX, up to 50 MB and 200,000 rows. Nothing comes into your base before you have seen it."),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("This file is empty. Please choose it again."),
        },
        allow_empty_file=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".csv,.txt,.tsv,.xlsx"


class ColumnsForm(Form):
    """A meaning for each column."""

    def __init__(self, *args: Any, batch: Batch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch = batch
        choices = [("", _("do not import")), *grouped()]
        for place, column in enumerate(batch.columns):
            self.fields[f"c{place}"] = forms.ChoiceField(
                label=column.get("name", ""),
                choices=choices,
                required=False,
                initial=batch.mapping.get(str(place), ""),
            )
            self.fields[f"c{place}"].widget.attrs["class"] = "form-select"

    def rows(self) -> list[tuple[Any, dict[str, Any]]]:
        """Each field with the column it is about."""
        return [(self[f"c{place}"], column) for place, column in enumerate(self.batch.columns)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        seen: dict[str, str] = {}
        for name, target in list(data.items()):
            if target in seen and target not in JOINED:
                message = gettext("“%(target)s” is chosen for “%(other)s” already. Choose it for one column only.")
                other = self.fields[seen[target]].label
                self.add_error(name, message % {"target": BY_KEY[target].label, "other": other})
            elif target:
                seen[target] = name
        if not NAMES & seen.keys():
            self.add_error(None, _("Choose the column with the names: each customer needs one."))
        if "full_name" in seen and seen.keys() & {"first_name", "last_name"}:
            self.add_error(seen["full_name"], _("Choose either the full name or first name and surname."))
        return data

    @property
    def mapping(self) -> dict[str, str]:
        """Targets by place, as they are kept."""
        return {name[1:]: target for name, target in self.cleaned_data.items() if target}


ORDERS = [("first", _("first name, then surname")), ("last", _("surname, then first name"))]
DATES = [("dmy", _("day / month / year")), ("mdy", _("month / day / year"))]
POINTS = [(",", _("a comma: 1.234,56")), (".", _("a point: 1,234.56"))]
SIGNS = [("owes", _("the customer owes it")), ("credit", _("the customer has paid it in advance"))]
EXISTING = [
    ("skip", _("leave them as they are")),
    ("empty", _("fill what is empty")),
    ("all", _("set all that the file has")),
]
SAME = [("service", _("another service of the customer")), ("bad", _("a mistake: refuse the second row"))]
MISSING = [("create", _("add it")), ("bad", _("refuse the row"))]


def _radio(label: Any, choices: Any, help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, help_text=help_text)


class QuestionsForm(Form):
    """What the mapping leaves open. `words` and `plans` are what imports.services.questions found in the file."""

    def __init__(
        self, *args: Any, batch: Batch, words: list[Any], plans: list[Any], unsure: Any, **kwargs: Any
    ) -> None:
        answers = batch.answers
        super().__init__(*args, **kwargs)
        self.batch, self.words, self.plans, self.unsure = batch, words, plans, unsure
        targets = set(batch.mapping.values())
        if "full_name" in targets:
            self.fields["order"] = _radio(_("Order of the names"), ORDERS, self._samples("full_name"))
        for target in unsure["dates"]:
            label = _("%(column)s: order of the date") % {"column": BY_KEY[target].label}
            self.fields[f"date_{target}"] = _radio(label, DATES, self._samples(target))
        for target in unsure["points"]:
            label = _("%(column)s: before the decimals stands") % {"column": BY_KEY[target].label}
            self.fields[f"point_{target}"] = _radio(label, POINTS, self._samples(target))
        if "balance" in targets:
            self.fields["sign"] = _radio(_("A balance above zero means"), SIGNS, self._samples("balance"))
        self.fields["existing"] = _radio(
            _("Customers who are in your base already"),
            EXISTING,
            _("They are known by subscriber number, ID number or user name. Their balances are left as they are."),
        )
        if targets & {"number", "id_number", "username"}:
            self.fields["same"] = _radio(_("Two rows with the same customer are"), SAME)
        for kind in ("zone", "router", "group"):
            if kind in targets:
                label = _("%(column)s that you do not have yet") % {"column": BY_KEY[kind].label}
                self.fields[f"list_{kind}"] = _radio(label, MISSING)
        self.asked = list(self.fields)
        self._add_words()
        self._add_plans()
        for name, value in self._given(answers).items():
            if name in self.fields:
                self.fields[name].initial = value
        for field in self.fields.values():
            is_radio = isinstance(field.widget, forms.RadioSelect)
            kind = "form-check-input" if is_radio else "form-select" if hasattr(field, "choices") else "form-control"
            field.widget.attrs["class"] = kind

    def _samples(self, target: str) -> str:
        place = next(place for place, key in self.batch.mapping.items() if key == target)
        samples = self.batch.columns[int(place)].get("samples", [])
        return gettext("For example: %(samples)s") % {"samples": " · ".join(samples)} if samples else ""

    def _add_words(self) -> None:
        choices = [("", _("choose")), *Service.State.choices, ("bad", _("refuse these rows"))]
        for n, word in enumerate(self.words):
            self.fields[f"state_{n}"] = forms.ChoiceField(label=word.text, choices=choices, initial=word.state)

    def _add_plans(self) -> None:
        there = [(str(tariff.pk), tariff.name) for tariff in Tariff.objects.all()[:500]]
        choices = [("new", _("add as a new tariff")), ("bad", _("refuse these rows")), (_("your tariffs"), there)]
        given = self.batch.answers.get("tariffs", {})
        for n, plan in enumerate(self.plans):
            answer = given.get(plan.key, {})
            use = answer.get("use") or (plan.known.pk if plan.known else None)
            initial = "bad" if answer.get("bad") else str(use) if use else "new"
            self.fields[f"plan_{n}"] = forms.ChoiceField(label=plan.name, choices=choices, initial=initial)
            down, up = answer.get("download") or plan.download, answer.get("upload") or plan.upload or plan.download
            price = answer.get("price") or plan.price
            speed = {"min_value": 1, "max_value": 1_000_000, "required": False}
            self.fields[f"down_{n}"] = forms.IntegerField(label=_("Download, Mbit/s"), initial=down, **speed)
            self.fields[f"up_{n}"] = forms.IntegerField(label=_("Upload, Mbit/s"), initial=up, **speed)
            self.fields[f"price_{n}"] = forms.DecimalField(
                label=_("Price"), initial=price, min_value=0, max_digits=12, decimal_places=2, required=False
            )

    def _given(self, answers: dict[str, Any]) -> dict[str, Any]:
        return {
            **{name: answers[name] for name in ("order", "sign", "existing", "same") if answers.get(name)},
            **{f"date_{target}": order for target, order in answers.get("dates", {}).items()},
            **{f"point_{target}": point for target, point in answers.get("points", {}).items()},
            **{f"list_{kind}": how for kind, how in answers.get("lists", {}).items()},
        }

    def questions(self) -> list[Any]:
        """The fields that stand for themselves."""
        return [self[name] for name in self.asked]

    def word_rows(self) -> list[tuple[Any, Any]]:
        return [(self[f"state_{n}"], word) for n, word in enumerate(self.words)]

    def plan_rows(self) -> list[tuple[Any, ...]]:
        return [
            (plan, self[f"plan_{n}"], [self[f"down_{n}"], self[f"up_{n}"], self[f"price_{n}"]])
            for n, plan in enumerate(self.plans)
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for n, _plan in enumerate(self.plans):
            if data.get(f"plan_{n}") != "new":
                continue
            for name in ("down", "price"):
                if data.get(f"{name}_{n}") is None and f"{name}_{n}" not in self.errors:
                    self.add_error(f"{name}_{n}", _("A new tariff needs this."))
        return data

    @property
    def answers(self) -> dict[str, Any]:
        """The answers as they are kept, over those of before."""
        data, kept = self.cleaned_data, self.batch.answers
        states = {word.key: data[f"state_{n}"] for n, word in enumerate(self.words) if data[f"state_{n}"] != "bad"}
        tariffs = {plan.key: self._tariff(n) for n, plan in enumerate(self.plans)}
        return {
            **kept,
            **{name: data[name] for name in ("order", "sign", "existing", "same") if name in data},
            "dates": {**kept.get("dates", {}), **{t: data[f"date_{t}"] for t in self.unsure["dates"]}},
            "points": {**kept.get("points", {}), **{t: data[f"point_{t}"] for t in self.unsure["points"]}},
            "lists": {
                kind: data.get(f"list_{kind}", kept.get("lists", {}).get(kind, "create"))
                for kind in ("zone", "router", "group")
            },
            "states": states,
            "refused_states": [word.key for n, word in enumerate(self.words) if data[f"state_{n}"] == "bad"],
            "tariffs": tariffs,
        }

    def _tariff(self, n: int) -> dict[str, Any]:
        data = self.cleaned_data
        chosen = data[f"plan_{n}"]
        if chosen == "bad":
            return {"bad": True}
        if chosen != "new":
            return {"use": int(chosen)}
        return {
            "download": data[f"down_{n}"],
            "upload": data[f"up_{n}"] or data[f"down_{n}"],
            "price": str(data[f"price_{n}"]),
        }


class SavePresetForm(Form):
    """A name for a mapping."""

    name = forms.CharField(label=_("Name of the mapping"), max_length=80)


class PresetForm(Form):
    """One of the saved mappings."""

    preset = forms.ModelChoiceField(
        label=_("Saved mapping"), queryset=Preset.objects.all(), to_field_name="uuid", empty_label=None
    )


class RunForm(Form):
    """The last word. A file that was loaded before has to be confirmed."""

    again = forms.BooleanField(
        label=_("Import the same file once more all the same"),
        error_messages={"required": _("Confirm that the same file is to be imported once more.")},
    )

    def __init__(self, *args: Any, is_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_known:
            del self.fields["again"]
