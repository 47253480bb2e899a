"""What passwords of portal users must be like, and those that we make up."""

import hmac
import re
import secrets
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.html import format_html_join

from subscribers.models import LoginRules, PortalUser, Subscriber

# What Spanish and English speakers hear apart on the phone, and write in one way only.
_CONSONANTS, _VOWELS, _DIGITS = "dflmprt", "aeiou", "23456789"
# Nobody wants to say these to a customer.
_UNSAID = {"puta", "puto", "teta", "tete", "pito", "peda", "pedo", "popo", "pipi", "pupu", "lelo", "lela", "mamo"}


def validators(rules: LoginRules | None = None) -> list[Any]:
    """Django's checks with the ISP's own shortest length. One query without `rules`."""
    rules = rules or LoginRules.load()
    return [
        password_validation.MinimumLengthValidator(min_length=rules.min_length),
        password_validation.UserAttributeSimilarityValidator(user_attributes=("username", "email", "person")),
        password_validation.CommonPasswordValidator(),
        password_validation.NumericPasswordValidator(),
    ]


def check(password: str, user: PortalUser, *, subscriber: Subscriber | None = None) -> None:
    """Raise ValidationError with all that speaks against a password for this login of this subscriber."""
    owner = subscriber or (user.subscriber if user.subscriber_id else None)
    errors: list[ValidationError] = []
    for person, checks in ((user, validators()), (owner, [_LIKE_SUBSCRIBER])):
        try:
            password_validation.validate_password(password, person, checks)
        except ValidationError as error:
            errors += error.error_list
    if errors:
        raise ValidationError(errors)


_LIKE_SUBSCRIBER = password_validation.UserAttributeSimilarityValidator(
    user_attributes=("first_name", "last_name", "id_number", "mobile", "business_name")
)


def help_text() -> str:
    """The rules as a list, for the field."""
    rows = format_html_join("", "<li>{}</li>", ((each.get_help_text(),) for each in validators()))
    return f"<ul>{rows}</ul>"


def dictated() -> str:
    """A password to say on the phone, as in `lamu-defo-fipa-372`: 40 random bits, for a few days and one use."""
    return "-".join([_word(), _word(), _word(), "".join(secrets.choice(_DIGITS) for _ in range(3))])


def _word() -> str:
    while True:
        word = "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(2))
        if word not in _UNSAID:
            return word


def heard(password: str) -> str:
    """A dictated or initial password however it was typed: without spaces and hyphens, in lower case."""
    return re.sub(r"[\s.\-_/]", "", password).lower()


def initial(rules: LoginRules, subscriber: Subscriber) -> str:
    """The initial password that the ISP's rule makes of a subscriber's data; empty where it makes none."""
    if rules.initial == LoginRules.Initial.ID_NUMBER:
        made = heard(subscriber.id_number)
    elif rules.initial == LoginRules.Initial.PHONE:
        made = re.sub(r"\D", "", subscriber.mobile)[-6:]
    else:
        return ""
    return made if len(made) >= 6 else ""


def is_initial(password: str, rules: LoginRules, subscriber: Subscriber) -> bool:
    """Whether somebody typed the initial password."""
    made = initial(rules, subscriber)
    return bool(made) and hmac.compare_digest(made.encode(), heard(password).encode())
