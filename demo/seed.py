"""Fills an empty installation with ISPs, people and requests that look like real ones. Made up by Faker, seeded."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone, translation
from faker import Faker

from company.models import Branding, DocumentRule, PortalSettings, Profile
from core.links import base_url, dashboard_url, platform_url, shared_portal_url
from core.scope import isp_scope, public_scope
from demo.announcements import seed_announcements
from demo.companies import COMPANIES, Company
from demo.lists import seed_lists
from demo.logins import seed_logins
from demo.messages import seed_messages
from demo.payments import seed_payments
from demo.previews import seed_preview
from demo.sendings import seed_sendings
from domains.links import portal_url, slug_host, staff_url
from domains.models import Claim, DnsTarget, Domain, Finding, Surface
from payments.models import PaymentMethod
from subscribers.models import PortalUser, Service, Subscriber, Tariff, Zone
from tenants import slugs
from tenants.models import ISP, Licence, Membership, StaffUser
from tenants.plans import Plan
from tenants.roles import Role
from tenants.schemas import create_schema

PASSWORD = "lastmile-demo"  # noqa: S105 - of every login of the demo, which only loopback reaches
OPERATOR = "operator@lastmile.example"
ROLE_NAMES = {role: f"{role.value.replace('_', '-')}" for role in Role}
PORTAL_LOGINS = 5  # of each ISP, shown in the demo's description


def seed(companies: Sequence[Company] = COMPANIES) -> None:
    """Add what is missing of the operator and these; an ISP that is there is left as people made it."""
    with public_scope(), transaction.atomic():
        known = set(ISP.objects.values_list("slug", flat=True))
        missing = [company for company in companies if company.slug not in known]
        is_new = not StaffUser.objects.filter(email=OPERATOR).exists()
        password = make_password(PASSWORD) if missing or is_new else ""
        if is_new:
            StaffUser.objects.create(email=OPERATOR, name="Platform operator", is_operator=True, password=password)
        for company in missing:
            _seed_isp(company, password)


def _seed_claim(isp: ISP, host: str, now: datetime) -> None:
    """A domain that is not done yet. Nobody looks at it again until somebody asks: the demo has no DNS of its own."""
    DnsTarget.objects.create(isp=isp)
    claim = Claim.objects.create(isp=isp, host=host, surface=Surface.PORTAL)
    for check, state, reason, value in [
        ("pointing", "bad", "proxied", "104.16.24.7"),
        ("ownership", "good", "found", ""),
        ("caa", "good", "free", ""),
    ]:
        seen = {"state": state, "reason": reason, "value": value}
        Finding.objects.create(claim=claim, check_name=check, since=now, checked_at=now, **seen)


def _seed_isp(company: Company, password: str) -> None:
    isp = ISP.objects.create(
        slug=company.slug,
        slug_skeleton=slugs.skeleton(company.slug),
        name=company.name,
        country=company.country,
        language=company.language,
        currency=company.currency,
        timezone=company.timezone,
    )
    create_schema(isp)
    now = timezone.now()
    stands_in = settings.PLATFORM_DOMAIN == "localhost"  # elsewhere people claim domains in earnest
    if stands_in:
        Domain.objects.create(isp=isp, host=company.portal_domain, surface=Surface.PORTAL, verified_at=now)
        Domain.objects.create(isp=isp, host=company.staff_domain, surface=Surface.DASHBOARD, verified_at=now)
    # Without a grace that ends: also an ISP with a free plan keeps the domains it is given here.
    Licence.objects.create(isp=isp, plan=company.plan)
    for role in Role:
        with translation.override(company.language):
            name = f"{role.label} {company.name}"
        user = StaffUser.objects.create(
            email=f"{ROLE_NAMES[role]}@{company.slug}.example",
            name=name,
            language=company.language,
            password=password,
        )
        Membership.objects.create(isp=isp, user=user, role=role)
    if stands_in and company.plan == Plan.PRO:
        _seed_claim(isp, f"internet.{company.staff_domain.partition('.')[2]}", now)
    with isp_scope(isp):
        _seed_company(company)
        _seed_subscribers(company, password)
        _seed_customers(company)
        seed_logins(company, password)
        _seed_suspensions(company, isp)
        seed_lists(company)
        seed_announcements(company)
        _seed_requests(company)
        _seed_billing(company, isp)
        if company.imports:
            _seed_import(company, isp)
        seed_preview(isp)
        _seed_consents(company, isp)
        seed_messages(company)
        seed_sendings(company)
        _seed_statement(company, isp)
        _seed_desk(company, isp)
        seed_payments(company, isp)


def _seed_company(company: Company) -> None:
    from core import uploads
    from demo.pictures import logo

    Profile(pk=1, display_name=company.name, **company.profile).save()
    stored = uploads.store(logo(company.name, company.colour), kinds={uploads.PNG})
    Branding(pk=1, colour=company.colour, logo=stored, welcome=company.welcome).save()
    PortalSettings(pk=1, identifier=company.identifier).save()
    DocumentRule.objects.bulk_create(DocumentRule(kind=kind, demand=how) for kind, how in company.documents.items())
    PaymentMethod.objects.bulk_create(
        PaymentMethod(name=name, portal_name=shown, kind=kind, instructions=text, position=position)
        for position, (name, shown, kind, text) in enumerate(company.methods)
    )


def _seed_subscribers(company: Company, password: str) -> None:
    fake, chance = _dice(company)
    zones = Zone.objects.bulk_create(Zone(name=name) for name in company.zones)
    tariffs = Tariff.objects.bulk_create(
        Tariff(name=name, download=down, upload=up, price=price) for name, down, up, price in company.tariffs
    )
    people = Subscriber.objects.bulk_create(
        Subscriber(number=1001 + n, zone=chance.choice(zones), **_person(company, fake, n))
        for n in range(company.subscribers)
    )
    states = [Service.State.ACTIVE] * 17 + [Service.State.SUSPENDED] * 2 + [Service.State.PENDING]
    Service.objects.bulk_create(
        Service(
            subscriber=person,
            number=5001 + 2 * n + extra,
            tariff=chance.choice(tariffs),
            state=chance.choice(states),
            address=person.address,
            ip_address=f"10.{20 + n // 250}.{n % 250}.{10 + extra}",
            started_on=date(2026, 11, 1) - timedelta(days=chance.randrange(30, 1500)),
        )
        for n, person in enumerate(people)
        for extra in range(2 if n % 23 == 0 else 1)
    )
    first = Service.objects.filter(subscriber=OuterRef("pk")).order_by("started_on").values("started_on")[:1]
    Subscriber.objects.update(created_at=Subquery(first))
    PortalUser.objects.bulk_create(
        PortalUser(
            subscriber=person,
            username=f"cliente{person.number}" if company.language == "es" else f"client{person.number}",
            email=person.email,
            password=password,
        )
        for n, person in enumerate(people)
        if n < PORTAL_LOGINS or n % 11
    )


def _dice(company: Company) -> tuple[Faker, random.Random]:
    """The same names and choices every time."""
    fake = Faker(company.locale)
    fake.seed_instance(company.slug)
    return fake, random.Random(company.slug)  # noqa: S311 - not for secrets


def _person(company: Company, fake: Faker, n: int) -> dict[str, Any]:
    first, last = fake.first_name(), fake.last_name()
    if company.country != "CZ":
        last = f"{last} {fake.last_name()}"
    plain = slugs.suggest(f"{first} {last.split()[0]}").replace("-", ".") or "persona"
    return {
        "first_name": first,
        "last_name": last,
        "id_number": f"{company.country}{8_100_000 + 37 * n}",
        "email": f"{plain}{n}@mail.example",
        "mobile": f"{company.phone}{(4000 + 7 * n) % 10000:04d}",
        "address": fake.street_address(),
        "district": company.zones[n % len(company.zones)],
        "city": company.city,
        "postcode": fake.postcode(),
    }


def _seed_import(company: Company, isp: ISP) -> None:
    from demo.imports import ROWS, seed_import

    with public_scope():
        owner = Membership.objects.select_related("user").get(isp=isp, role=Role.OWNER).user
    fake, _ = _dice(company)
    seed_import(company, isp, owner, [_person(company, fake, 5000 + n) for n in range(ROWS)])


def _seed_statement(company: Company, isp: ISP) -> None:
    from demo.statements import seed_statement

    with public_scope():
        clerk = Membership.objects.select_related("user").get(isp=isp, role=Role.BILLING).user
    seed_statement(company, isp, clerk)


def _seed_desk(company: Company, isp: ISP) -> None:
    from demo.desk import seed_desk

    seed_desk(company, isp, _dice(company)[1])


def _seed_consents(company: Company, isp: ISP) -> None:
    from demo.consents import seed_consents

    with public_scope():
        owner = Membership.objects.select_related("user").get(isp=isp, role=Role.OWNER).user
    seed_consents(company, isp, owner)


def _seed_customers(company: Company) -> None:
    from demo.customers import seed_customers

    seed_customers(company, *_dice(company))


def _seed_billing(company: Company, isp: ISP) -> None:
    from demo.billing import seed_billing

    with public_scope():
        clerk = Membership.objects.select_related("user").get(isp=isp, role=Role.BILLING).user
    seed_billing(company, isp, clerk, _dice(company)[1])


def _seed_suspensions(company: Company, isp: ISP) -> None:
    from demo.suspensions import seed_suspensions

    with public_scope():
        clerk = Membership.objects.select_related("user").get(isp=isp, role=Role.BILLING).user
    seed_suspensions(company, clerk)


def _seed_requests(company: Company) -> None:
    from demo.requests import seed_requests

    seed_requests(company, *_dice(company), person=_person)


def describe(port: int, mail: str) -> dict[str, Any]:
    """What the demo prints and writes to demo.json."""
    with public_scope():
        isps = list(ISP.objects.order_by("pk"))
        described = [_described(isp) for isp in isps]
    return {
        "port": port,
        "platform": platform_url("/"),
        "console": platform_url("/console/"),
        "dashboard": dashboard_url("/"),
        "shared_portal": shared_portal_url("/"),
        "mail": mail,
        "password": PASSWORD,
        "operator": {"email": OPERATOR, "password": PASSWORD},
        "isps": described,
    }


def _described(isp: ISP) -> dict[str, Any]:
    members = Membership.objects.filter(isp=isp).select_related("user").order_by("pk")
    staff = {member.role: {"email": member.user.email, "password": PASSWORD} for member in members}
    own, staff_home = portal_url(isp), staff_url(isp)
    with isp_scope(isp), transaction.atomic():
        link = str(isp.uuid) if PortalSettings.load().identifier == "uuid" else isp.slug
        # Of those whose password is that of the demo.
        owners = PortalUser.objects.filter(one_time="", valid_until=None, role="owner", blocks=None)
        users = owners.select_related("subscriber").order_by("pk")[:PORTAL_LOGINS]
        subscribers = [
            {"username": user.username, "password": PASSWORD, "name": user.subscriber.full_name} for user in users
        ]
    return {
        "name": isp.name,
        "slug": isp.slug,
        "uuid": str(isp.uuid),
        "country": isp.country,
        "portal": [own, base_url(slug_host(isp)) + "/"],
        "install_form": [f"{own}install/{link}/", shared_portal_url(f"/install/{link}/")],
        "dashboard": [staff_home, dashboard_url(f"/{isp.slug}/")],
        "staff": staff,
        "subscribers": subscribers,
    }


def _roles(isp: dict[str, Any]) -> str:
    return ", ".join(who["email"].split("@")[0] + "@" for role, who in isp["staff"].items() if role != Role.OWNER)


def welcome(described: dict[str, Any]) -> str:
    """The addresses and logins, for the terminal."""
    lines = [
        "",
        f"  Platform   {described['platform']}   operators: {described['console']}   {described['operator']['email']}",
        f"  Dashboard  {described['dashboard']}   staff of all ISPs",
        f"  Portal     {described['shared_portal']}   for who has only a link",
        f"  Mail       {described['mail']}   everything that was sent, SMS too",
        "  Cards      4242 4242 4242 4242 is paid, 4000 0000 0000 0002 refused, any later date, any code",
        f"  The password of every login is  {described['password']}",
        "",
    ]
    for isp in described["isps"]:
        if not isp["subscribers"]:
            continue
        lines += [
            f"  {isp['name']} ({isp['country']})",
            f"    portal    {isp['portal'][0]}   as {isp['subscribers'][0]['username']}",
            f"    form      {isp['install_form'][0]}",
            f"    staff     {isp['dashboard'][0]}   as {isp['staff']['owner']['email']}; other roles: {_roles(isp)}",
            "",
        ]
    return "\n".join(lines)
