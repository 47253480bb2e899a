"""People, memberships and sign-ups of the platform. Use them inside public_scope()."""

from datetime import timedelta

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from core import tokens
from tenants.models import Membership, SignUp, StaffUser
from tenants.roles import Role

PASSWORD = "correct horse battery"


class StaffUserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StaffUser

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class OperatorFactory(StaffUserFactory):
    is_operator = True


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(StaffUserFactory)
    role = Role.OWNER


class SignUpFactory(factory.django.DjangoModelFactory):
    """A sign-up that has just been sent; `secret` is what its mailed link carries."""

    class Meta:
        model = SignUp

    class Params:
        secret = factory.Sequence(lambda n: f"secret-{n}")
        confirmed = factory.Trait(
            state=SignUp.State.WAITING, confirmed_at=factory.LazyFunction(lambda: timezone.now() - timedelta(seconds=5))
        )

    company = "Fibra Sur"
    slug = factory.Sequence(lambda n: f"fibrasur{'abcdefghjk'[n % 10]}{'abcdefghjk'[n // 10 % 10]}")
    country = "AR"
    language = "es"
    currency = "ARS"
    timezone = "America/Argentina/Buenos_Aires"
    name = "Ada Flores"
    email = factory.Sequence(lambda n: f"ada{n}@example.com")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
    token_digest = factory.LazyAttribute(lambda row: tokens.digest(row.secret))
