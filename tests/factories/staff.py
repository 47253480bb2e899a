"""People who work for ISPs."""

import factory
from django.contrib.auth.hashers import make_password

from core.scope import public_scope
from tenants.models import ISP, Membership, StaffUser
from tenants.roles import Role

PASSWORD = "a-long-enough-password"
_HASH: list[str] = []


def _hashed(password: str) -> str:
    """Hashing is slow on purpose, so the usual password is hashed once."""
    if password != PASSWORD:
        return make_password(password)
    if not _HASH:
        _HASH.append(make_password(password))
    return _HASH[0]


class StaffUserFactory(factory.django.DjangoModelFactory):
    """An account with the password PASSWORD."""

    class Meta:
        model = StaffUser

    name = factory.Sequence(lambda n: f"Person Number{n}")
    email = factory.Sequence(lambda n: f"person{n}@example.com")
    language = "en"
    password = factory.LazyFunction(lambda: _hashed(PASSWORD))

    @classmethod
    def _create(cls, model_class: type[StaffUser], *args: object, **kwargs: object) -> StaffUser:
        with public_scope():
            return super()._create(model_class, *args, **kwargs)


def make_member(isp: ISP, role: str = Role.OWNER, **fields: object) -> StaffUser:
    """Somebody who works for the ISP."""
    user = StaffUserFactory(**fields)
    with public_scope():
        Membership.objects.create(isp=isp, user=user, role=role)
    return user


def sign_in(client, user: StaffUser, password: str = PASSWORD):
    """Sign in by the form, as a person does."""
    return client.post("/sign-in/", {"email": user.email, "password": password})
