from django.apps import AppConfig


class CompanyConfig(AppConfig):
    name = "company"

    def ready(self) -> None:
        from company import domain_check
        from domains import claims

        if domain_check.examine not in claims.examiners:
            claims.examiners.append(domain_check.examine)
