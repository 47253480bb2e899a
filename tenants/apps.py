from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import schema_roles  # noqa: F401  registers its check
        from tenants.fleet import checks  # noqa: F401  registers itself
