"""Portal logins of the demo: households and companies with several, one that is blocked, links, a one-time password."""

from datetime import timedelta

from django.utils import timezone

from core.tokens import digest
from demo.companies import Company
from subscribers import passwords
from subscribers.attempts import hashed
from subscribers.models import AutoLoginLink, LoginRules, PortalUser, SignInBlock, Subscriber
from subscribers.portal_roles import PortalRole

PEOPLE = {
    "es": [
        ("pagos", "Contabilidad", PortalRole.PAYER),
        ("recepcion", "Recepción", PortalRole.MEMBER),
        ("sistemas", "Soporte interno", PortalRole.COMPANY),
        ("auditoria", "Auditoría externa", PortalRole.READ_ONLY),
    ],
    "en": [
        ("billing", "Accounting", PortalRole.PAYER),
        ("desk", "Front desk", PortalRole.MEMBER),
        ("it", "In-house support", PortalRole.COMPANY),
        ("audit", "External auditor", PortalRole.READ_ONLY),
    ],
}


def seed_logins(company: Company, password: str) -> None:
    """What the logins page and the client card have to show. Runs in the ISP's scope, after the subscribers."""
    now = timezone.now()
    LoginRules(pk=1, naming=LoginRules.Naming.NUMBER).save()
    people = list(Subscriber.objects.order_by("pk")[:40])
    for subscriber in people[4::12]:
        _colleagues(company, subscriber, password)
    # The first login signs in in every journey and stays as it is.
    first, second, third, fourth = (person.portal_users.first() for person in (*people[1:4], people[5]))
    for offset, source in enumerate(("198.51.100.7", "203.0.113.20")):
        since = now - timedelta(minutes=3 - offset)
        SignInBlock.objects.create(
            portal_user=first, network=hashed(source), since=since, until=since + timedelta(hours=8)
        )
    second.set_password(passwords.heard(passwords.dictated()))
    second.one_time, second.one_time_until = PortalUser.OneTime.DICTATED, now + timedelta(days=3)
    second.save()
    third.valid_until = (now - timedelta(days=20)).date()
    third.save(update_fields=["valid_until"])
    for scope, days, uses in (("pay", 3, 2), ("everything", 30, 0), ("pay", -5, 1)):
        AutoLoginLink.objects.create(
            portal_user=fourth,
            digest=digest(f"{company.slug} {scope} {days}"),
            scope=scope,
            expires_at=now + timedelta(days=days),
            uses=uses,
            last_used_at=now - timedelta(days=6) if uses else None,
            by_kind="staff",
            by_name=f"Support {company.name}",
        )
    fourth.last_login = now - timedelta(days=2)
    fourth.save(update_fields=["last_login"])
    PortalUser.objects.filter(subscriber__in=people[30:]).delete()  # to be started with the portal


def _colleagues(company: Company, subscriber: Subscriber, password: str) -> None:
    subscriber.kind = Subscriber.Kind.COMPANY
    subscriber.business_name = f"{subscriber.last_name.split()[0]} & Co."
    subscriber.save(update_fields=["kind", "business_name"])
    PortalUser.objects.bulk_create(
        PortalUser(
            subscriber=subscriber,
            username=f"{short}.{subscriber.number}",
            person=name,
            email=f"{short}@empresa{subscriber.number}.example",
            role=role,
            password=password,
            is_active=role != PortalRole.READ_ONLY,
        )
        for short, name, role in PEOPLE[company.language]
    )
