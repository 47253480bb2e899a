"""The smallest models that django-tenants asks for."""

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Tenant(TenantMixin):
    """A tenant whose schema is made and migrated when it is saved."""

    name = models.CharField(max_length=120)

    auto_create_schema = True

    def __str__(self) -> str:
        return self.name


class Host(DomainMixin):
    """A host name of a tenant."""

    def __str__(self) -> str:
        return self.domain
