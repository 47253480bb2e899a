"""How forms mark what is wrong."""

from django import forms

from core.forms import Form


class Order(Form):
    name = forms.CharField()
    size = forms.ChoiceField()

    def __init__(self, *args, sizes, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["size"].choices = [(size, size) for size in sizes]


def test_choices_that_a_form_gets_after_its_making_are_the_ones_that_count():
    assert Order({"name": "x", "size": "big"}, sizes=["big"]).is_valid()


def test_wrong_fields_are_marked_and_right_ones_are_not():
    form = Order({"name": "", "size": "big"}, sizes=["big"])
    page = form.as_div()
    assert "is-invalid" in str(form["name"])
    assert "is-invalid" not in str(form["size"])
    assert 'id="id_name_error"' in page


def test_an_error_that_is_found_later_is_marked_too_and_once():
    form = Order({"name": "x", "size": "big"}, sizes=["big"])
    assert form.is_valid()
    form.add_error("name", "Taken.")
    form.add_error("name", "Really.")
    assert str(form["name"]).count("is-invalid") == 1


def test_a_fresh_form_marks_nothing():
    assert "is-invalid" not in str(Order(sizes=["big"]))
