"""The table of rules and the addresses are the same set, and say the same."""

import pytest

from core.access import InPreview, declared
from tests.isolation.addresses import SURFACES, addresses
from tests.isolation.rules import RULES


@pytest.mark.parametrize("surface", SURFACES)
def test_every_address_has_a_rule_and_every_rule_an_address(surface):
    served = {address.route for address in addresses(surface)}
    assert not served - RULES[surface].keys(), "addresses without a rule in tests/isolation/rules.py"
    assert not RULES[surface].keys() - served, "rules without an address"


@pytest.mark.parametrize("surface", SURFACES)
def test_every_view_declares_what_its_rule_says(surface):
    wrong = []
    for address in addresses(surface):
        access, rule = declared(address.view), RULES[surface].get(address.route)
        said = access and (access.kind, access.right, access.preview)
        if rule and said != (rule.kind, rule.right, rule.preview):
            wrong.append(f"{address.key}: {access} where the rule says {rule}")
    assert not wrong, "\n".join(wrong)


def test_the_forms_that_staff_may_send_in_a_preview_are_these():
    """Whoever adds one has looked at it: neither money nor passwords."""
    forms = {
        (surface, route)
        for surface in SURFACES
        for route, rule in RULES[surface].items()
        if rule.preview == InPreview.ACT
    }
    assert forms == {("portal", "account/language/")}
