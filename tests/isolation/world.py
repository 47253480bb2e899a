"""Two ISPs with the same primary keys and numbers, where every text and file holds a canary."""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.postgres.fields import ArrayField
from django.core.management.color import no_style
from django.db import connection, models
from django.utils import timezone
from PIL import Image

from billing.models import ListToken
from company import captcha_tests
from company.models import CaptchaTest
from core import tokens
from core.crypto import SecretField
from core.models import StoredFile
from core.scope import isp_scope, public_scope
from domains.models import Claim, DnsTarget, Domain, Finding
from payments.models import BalanceLink
from payments.services import lookup
from subscribers.models import AutoLoginLink, PortalToken, PortalUser, Subscriber
from subscribers.portal_roles import PortalRole
from tenants.models import ISP, DataExport, Licence, Membership, PlatformMail, SignUp, StaffToken, StaffUser
from tenants.roles import Role
from tenants.schemas import tenant_labels
from tests.isolation.canaries import canary

# Not filled: sessions come from signing in.
UNFILLED = {"sessions.session"}
# Columns that hold what nobody may ever be shown.
SECRETS = {"password", "digest", "token_digest", "secret_key", "sign_in_digest"}
FILES = 40  # row 1 is the logo, the last one a paper of subscriber 1, the others are private documents
VOUCHER = FILES - 1  # of the first payment report; the one before is that of the second
# Values that a model needs to make sense; everything else is filled by its kind.
GIVEN: dict[str, dict[str, Any]] = {
    "billing.invoice": {"net": 90, "tax": 10, "total": 100, "credited": 0, "written_off": 0},
    "billing.billingrun": {"state": "done", "report": {}},
    "billing.billingrunrow": {"odd": [], "reason": "failed"},
    "billing.discount": {"percent": 10, "amount": lambda mark: None, "ends_on": "2099-12-31"},
    "billing.groupbilling": {"billing_day": 5},
    "billing.billingsettings": {"billing_day": 5, "lead_days": 0, "hour": 6, "iban": ""},
    "billing.invoiceline": {"net": 90, "tax": 10, "amount": 100, "period_to": "2099-12-31"},
    "payments.payment": {"taken_back": 0},
    "payments.tablelayout": {"mapping": {}},
    "payments.statement": {
        "state": "done",
        "format": "table",
        "counts": {},
        "table": {"titles": []},
        "mapping": {},
        "trouble": {},
        "begins": date(2026, 1, 1),
    },
    "payments.bankline": {"booked": 0, "suggestions": [{"subscriber": 1, "number": 1, "reasons": [], "invoices": []}]},
    "billing.suspensionrule": {"is_on": True, "weekdays": [1, 2, 3, 4, 5, 6, 7], "begins": "00:00", "ends": "23:59"},
    "billing.suspension": {
        "snapshot": lambda mark: {"rule": mark, "days": 5, "begins": "09:00", "ends": "17:00", "least_debt": "0"},
        "debts": lambda mark: [{"number": mark, "kind": "invoice", "due_on": "2026-01-01", "amount": "10.00"}],
    },
    "billing.instalmentplan": {"state": "running"},
    "payments.paymentreport": {"voucher_id": VOUCHER, "state": "approved"},
    "payments.balancesettings": {"is_on": True, "title": "", "by_username": True},
    "payments.gatewayaccount": {"gateway": "stripe", "is_live": True, "problem": ""},
    "payments.checkout": {"lasts_until": "2099-01-01T00:00Z", "check_at": "2026-01-01T00:00Z"},
    "payments.refund": {"check_at": "2026-01-01T00:00Z"},
    "subscribers.announcement": {
        "audience": "subscriber",
        "zone_id": lambda mark: None,
        "group_id": lambda mark: None,
        "kind": "message",
        "begins_at": "2026-01-01T00:00Z",
        "ends_at": None,
    },
    "messaging.eventrule": {"media": ["email"]},
    "messaging.optout": {"kind": "bills"},
    # From the phone of the subscriber of the same row.
    "messaging.receivedmessage": {"sender": lambda mark: canary(mark[2], Subscriber, mark[5]), "word": ""},
    "messaging.owntext": {"event": "billing/reminder", "medium": "email"},
    "messaging.channelaccount": {
        "channel": "http_sms",
        "medium": "sms",
        "values": {},
        "secrets": lambda mark: json.dumps({"secret": f"{mark[:5]}s{mark[6:]}"}),
        "approved": [],
        "problem": "",
    },
    "company.branding": {"colour": "#123456"},
    "company.chatwidget": {"vendor": "crisp"},
    "company.routerlist": {"taken_at": "2026-01-01T00:00Z"},
    "subscribers.portaluser": {"language": "en", "valid_from": date(2026, 1, 1), "valid_until": date(2099, 12, 31)},
    "subscribers.autologinlink": {"expires_at": "2099-01-01T00:00Z"},
    "subscribers.portaltoken": {"purpose": "another"},
    "subscribers.loginrules": {"naming": "custom"},
    "subscribers.savedview": {"filters": {}, "columns": ["name", "email"], "sort": "name"},
    "subscribers.smsrules": {"is_on": True, "per_month": None, "per_day": 100, "segments": 3},
    "subscribers.listsettings": {"columns": ["name", "address"]},
    "subscribers.bulkrun": {"action": "suspend", "parameters": {}, "total": 1, "position": 1, "state": "done"},
    "subscribers.sending": {
        "audience": "everybody",
        "zone_id": lambda mark: None,
        "group_id": lambda mark: None,
        "medium": "email",
        "kind": "service",
        "state": "draft",
        "holes": [],
        "others": lambda mark: {"es": {"text": mark}},
    },
    "imports.batch": {
        "state": "done",
        "sheets": [],
        "columns": [{"name": "Nombre", "title": "Nombre", "date_order": "", "point": "."}],
        "mapping": {"0": "full_name"},
        "answers": {},
        "counts": {"bad": 1},
        "made": {},
        "trouble": {},
        "run_at": None,
    },
    "imports.row": {"verdict": "bad", "flaw": [], "problems": [], "made": {}, "before": {}, "kept": [], "leader": None},
    "imports.preset": {"titles": {"nombre": "full_name"}, "answers": {}},
    "preinstall.installrequest": {"language": "en"},
    "preinstall.draftupload": {"created_at": None},
    "subscribers.consentversion": {"published_at": "2026-01-01T00:00Z"},
    "subscribers.personalexport": {"state": "done"},
    "subscribers.profilechange": {"wanted": lambda mark: {"address": ["", mark]}},
}
# Row 2 where it is hidden from those who see row 1.
HIDDEN = {
    "billing.holiday": {"on": date(2099, 1, 1)},
    "billing.sentnotice": {"warning_id": None},
    "payments.paymentmethod": {"visible_in_portal": False},
    # One that a task works on, with a line that is asked to be booked.
    "payments.statement": {"state": "matching"},
    "payments.bankline": {"state": "wanted"},
    "payments.paymentreport": {"state": "pending", "payment_id": None, "voucher_id": VOUCHER - 1},
    "payments.gatewayaccount": {"gateway": "mercado_pago"},
    "messaging.channelaccount": {"channel": "twilio", "is_on": False},
    "imports.batch": {"state": "checking"},
    "subscribers.consentdocument": {"is_active": False},
    "subscribers.personalexport": {"state": "waiting", "file_id": None},
    # One run at a time.
    "subscribers.loginrun": {"state": "done"},
}
# What subscriber 1 may open in the portal, in contrast to the papers of others.
GIVEN_FIRST = {
    "billing.sentnotice": {"warning_id": None},
    "subscribers.subscriberdocument": {"in_portal": True, "file_id": FILES},
}
# Columns that are too short for a canary.
SHORT = {
    "language": "en",
    "last4": "4242",
    "expires": "12/2034",
    "country": "MX",
    "currency": "MXN",
    "timezone": "America/Mexico_City",
    "colour": "#123456",
}


class CannotFill(LookupError):
    """A new kind of column: teach `value_for`, or name the value in GIVEN."""


@dataclass
class Side:
    """One ISP with its rows, hosts and people."""

    name: str  # a or b
    isp: ISP
    files: Path
    rows: dict[str, dict[int, models.Model]] = field(default_factory=dict)
    staff: dict[Role, StaffUser] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    links: dict[str, AutoLoginLink] = field(default_factory=dict)  # by scope
    public: dict[str, models.Model] = field(default_factory=dict)
    # Other logins of subscriber 1 by their role; the owner is row 1.
    portal_users: dict[PortalRole, PortalUser] = field(default_factory=dict)
    private_files: Iterator[int] = field(default_factory=lambda: count(2))

    @property
    def slug_host(self) -> str:
        return f"{self.isp.slug}.{settings.PLATFORM_DOMAIN}"

    @property
    def custom_host(self) -> str:
        return f"clientes.{self.name}.example"

    @property
    def staff_host(self) -> str:
        return f"sistema.{self.name}.example"

    def row(self, label: str, number: int = 1) -> Any:
        return self.rows[label][number]

    @property
    def portal_user(self) -> PortalUser:
        return self.row("subscribers.portaluser")


@dataclass
class World:
    a: Side
    b: Side
    operator: StaffUser
    files: Path

    def side(self, name: str) -> Side:
        return self.a if name == "a" else self.b

    @property
    def sides(self) -> list[Side]:
        return [self.a, self.b]


def tenant_models() -> list[type[models.Model]]:
    """Every model of every app of an ISP, those that others refer to first."""
    waiting = [
        model
        for label in sorted(tenant_labels())
        for model in apps.get_app_config(label).get_models()
        if model._meta.label_lower not in UNFILLED
    ]
    ordered: list[type[models.Model]] = []
    while waiting:
        ready = [model for model in waiting if not _needs(model) - set(ordered)]
        assert ready, f"These refer to one another in a circle: {waiting}"
        ordered += ready
        waiting = [model for model in waiting if model not in ready]
    return ordered


def _needs(model: type[models.Model]) -> set[type[models.Model]]:
    return {key.related_model for key in model._meta.concrete_fields if key.is_relation} - {model}


def build(a: ISP, b: ISP, files: Path) -> World:
    """Fill both ISPs and the platform, in the current transaction."""
    sides = []
    for name, isp in (("a", a), ("b", b)):
        side = Side(name, isp, files)
        with public_scope():
            fill_platform(side)
        with isp_scope(isp):
            for model in tenant_models():
                fill(side, model, files)
            fill_link(side)
            with connection.cursor() as cursor:
                for statement in connection.ops.sequence_reset_sql(no_style(), tenant_models()):
                    cursor.execute(statement)
            fill_logins(side)
        sides.append(side)
    with public_scope():
        operator = StaffUser.objects.create(
            email="operator@example.org", name="Operator", is_operator=True, password=make_password("operator")
        )
    return World(*sides, operator, files)


def fill(side: Side, model: type[models.Model], files: Path) -> None:
    """Two rows of a model, or the one that it can have; of files one for each row that wants its own."""
    label = model._meta.label_lower
    side.rows[label] = {}
    rows = FILES if model is StoredFile else 2
    for number in (1,) if any(c.name.endswith("_one_row") for c in model._meta.constraints) else range(1, rows + 1):
        values = {key.attname: value_for(side, key, number) for key in model._meta.concrete_fields if not key.generated}
        mark = canary(side.name, model, min(number, 2))
        given = {name: value for name, value in GIVEN.get(label, {}).items() if value is not None}
        values |= {name: value(mark) if callable(value) else value for name, value in given.items()}
        values |= HIDDEN.get(label, {}) if number == 2 else GIVEN_FIRST.get(label, {}) if number == 1 else {}
        if model is StoredFile:
            values |= _file(side, number, files)
        if model is PortalUser:
            # The same in both ISPs: nothing but the isolation keeps a session of one from opening the other.
            values["password"] = SAME_PASSWORD
        row = model(**values)
        row.save(force_insert=True)
        side.rows[label][number] = row


def fill_logins(side: Side) -> None:
    """A login of subscriber 1 for each role, and links that are good."""
    owner = side.portal_user
    side.portal_users[PortalRole.OWNER] = owner
    for number, role in enumerate(PortalRole, start=10):
        if role != PortalRole.OWNER:
            mark = canary(side.name, PortalUser, 1)
            side.portal_users[role] = PortalUser.objects.create(
                pk=number,
                subscriber=owner.subscriber,
                username=f"{mark}.{role}",
                email=f"{role}-{mark}@example.com",
                password=SAME_PASSWORD,
                language="en",
                role=role,
            )
    life = timedelta(days=1)
    side.secrets["portal-set-password"] = tokens.issue(
        PortalToken, purpose="set-password", life=life, portal_user=owner
    )
    for name, scope in (("auto-login", "everything"), ("pay-link", "pay")):
        side.secrets[name] = f"{side.name}-{name}"
        row = AutoLoginLink.objects.create(
            portal_user=owner,
            digest=tokens.digest(side.secrets[name]),
            scope=scope,
            by_name=canary(side.name, AutoLoginLink, 1),
            expires_at=timezone.now() + life,
        )
        side.links[scope] = row


SAME_PASSWORD = "argon2$argon2id$v=19$m=64,t=1,p=1$c2FtZXNhbHRzYW1l$c2FtZQ"


def value_for(side: Side, key: models.Field, number: int) -> Any:
    """A value for a column, with a canary where it can hold one. Raises CannotFill."""
    model = key.model
    is_secret = isinstance(key, SecretField) or key.name in SECRETS
    mark = canary(side.name, model, "s" if is_secret else min(number, 2))
    if key.unique and number > (1 if is_secret else 2):
        mark += str(number)
    match key:
        case models.ForeignKey():
            return _reference(side, key, number)
        case _ if key.primary_key:
            return number
        case ArrayField():
            return [number]
        case _ if key.choices:
            return _choice(key, number)
        case models.UUIDField():
            return uuid4()
        case models.EmailField():
            return f"{mark}@example.com"
        case models.URLField():
            return f"https://{mark}.example.com/"
        case models.CharField() | models.TextField() if (key.max_length or 99) >= len(mark):
            return mark
        case models.CharField() if key.name in SHORT:
            return SHORT[key.name]
        case models.JSONField():
            return {"note": mark}
        case models.BooleanField():
            return key.get_default() if key.has_default() else True
        case models.DateTimeField():
            return None if key.null else timezone.now()
        case models.TimeField():
            return None if key.null else timezone.now().time()
        case models.DateField():
            return timezone.now().date()
        case models.DecimalField():
            return 100 + number
        case models.GenericIPAddressField():
            return f"10.0.0.{number}"
        case models.IntegerField():
            return number
    raise CannotFill(f"{key} ({type(key).__name__})")


def _choice(key: models.Field, number: int) -> Any:
    values = [value for value, _ in key.flatchoices]
    if key.unique:
        return values[number - 1]
    return key.get_default() if key.has_default() and key.get_default() in values else values[0]


def _reference(side: Side, key: models.Field, number: int) -> Any:
    """Row 1 of another model belongs to row 1; of files only the logo is public, all documents are private."""
    label = key.related_model._meta.label_lower
    if key.related_model is StoredFile:
        is_logo = key.model._meta.label_lower == "company.branding"
        number = 1 if is_logo else next(side.private_files)
    rows = side.rows.get(label, {})
    if number in rows:
        return rows[number].pk
    if key.null:
        return None
    raise CannotFill(f"{key} refers to {label}, which is not there.")


def _file(side: Side, number: int, files: Path) -> dict[str, Any]:
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    rows = {FILES: "p", VOUCHER: "v", VOUCHER - 1: "v"}
    mark = canary(side.name, StoredFile, rows.get(number, min(number, 2)))
    data = picture.getvalue() + mark.encode()
    path = f"{side.isp.uuid}/{number:032x}"
    (files / path).parent.mkdir(parents=True, exist_ok=True)
    (files / path).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    name = f"{mark}.png"
    return {"path": path, "name": name, "content_type": "image/png", "size": len(data), "sha256": digest}


def fill_platform(side: Side) -> None:
    """The ISP's rows in the platform's own tables: people, domains, links that were mailed."""
    mark = {model: canary(side.name, model, 1) for model in (ISP, StaffUser, SignUp, PlatformMail, StaffToken)}
    ISP.objects.filter(pk=side.isp.pk).update(name=mark[ISP])
    side.isp.name = mark[ISP]
    now = timezone.now()
    for surface, host in (("portal", side.custom_host), ("dashboard", side.staff_host)):
        Domain.objects.create(isp=side.isp, host=host, surface=surface, verified_at=now)
    DnsTarget.objects.create(isp=side.isp, label=canary(side.name, DnsTarget, 1))
    claim = Claim.objects.create(isp=side.isp, host=f"{canary(side.name, Claim, 1)}.example", surface="portal")
    seen = {"state": "bad", "reason": "wrong_target", "value": canary(side.name, Finding, 1), "since": now}
    Finding.objects.create(claim=claim, check_name="pointing", checked_at=now, **seen)
    side.public["claim"] = claim
    password = make_password("staff")
    for role in Role:
        user = StaffUser.objects.create(
            email=f"{role.value}-{mark[StaffUser]}@example.com",
            name=f"{role.label} {mark[StaffUser]}",
            password=password,
        )
        Membership.objects.create(isp=side.isp, user=user, role=role)
        side.staff[role] = user
    owner = side.staff[Role.OWNER]
    life = timedelta(days=1)
    side.secrets["invitation"] = tokens.issue(
        StaffToken,
        purpose="invitation",
        life=life,
        isp=side.isp,
        email=f"{mark[StaffToken]}@example.com",
        role=Role.SUPPORT,
        created_by=owner,
    )
    side.secrets["set-password"] = tokens.issue(StaffToken, purpose="set-password", life=life, user=owner)
    side.secrets["sign-up"] = f"{side.name}-sign-up"
    side.public["sign-up"] = SignUp.objects.create(
        company=mark[SignUp],
        slug=f"neu{side.name}{side.name}",
        country="MX",
        language="en",
        currency="MXN",
        timezone="America/Mexico_City",
        name=mark[SignUp],
        email=f"{mark[SignUp]}@example.com",
        password=canary(side.name, SignUp, "s"),
        token_digest=tokens.digest(side.secrets["sign-up"]),
    )
    # Holds no text that a canary fits into.
    Licence.objects.create(isp=side.isp, plan="pro", by=owner)
    side.public["export"] = fill_export(side, owner)
    PlatformMail.objects.create(
        to=f"{mark[PlatformMail]}@example.com", subject=mark[PlatformMail], text=mark[PlatformMail]
    )


def fill_link(side: Side) -> None:
    """Links: to a try of reCAPTCHA keys, to the list for routers, to what subscriber 1 owes."""
    side.secrets["cut-off-list"] = f"{side.name}-cut-off-list"
    ListToken.objects.create(pk=3, digest=tokens.digest(side.secrets["cut-off-list"]))
    mark = canary(side.name, CaptchaTest, 2)
    keys, host, life = side.row("company.captchakeys"), side.custom_host, timedelta(days=1)
    side.secrets["captcha-test"] = tokens.issue(
        CaptchaTest, purpose=captcha_tests.PURPOSE, life=life, keys=keys, host=host, by_name=mark, pk=3
    )
    side.secrets["balance"] = tokens.issue(BalanceLink, purpose=lookup.PURPOSE, life=life, keys=[1], pk=3)


def fill_export(side: Side, owner: StaffUser) -> DataExport:
    """A finished export. Its file holds the canary of a private document."""
    export = DataExport.objects.create(isp=side.isp, asked_by=owner, state="done", size=8)
    path = side.files / "exports" / str(side.isp.uuid) / f"{export.uuid}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(canary(side.name, StoredFile, 2))
    return export
