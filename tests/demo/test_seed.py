"""What the demo is filled with."""

from datetime import timedelta

from django.utils import timezone

from core.scope import public_scope
from demo.companies import COMPANIES
from demo.seed import seed
from domains import plans
from domains.models import Domain
from tenants.models import ISP, Licence
from tenants.plans import Plan, plan_of


def test_the_isp_with_the_free_plan_keeps_its_domains(isp, other_isp):
    """The two that have the slugs of the suite's own are there already, so the third alone is made."""
    [company] = [each for each in COMPANIES if each.plan == Plan.FREE]
    assert {each.plan for each in COMPANIES} == set(Plan)
    seed()
    with public_scope():
        free = ISP.objects.get(slug=company.slug)
        assert plan_of(free) == Plan.FREE
        plans.look_after(licence_id=Licence.objects.get(isp=free).pk, at=timezone.now() + timedelta(days=400))
        live = set(Domain.objects.live().filter(isp=free).values_list("host", flat=True))
        assert live == {company.portal_domain, company.staff_domain}
        assert (plans.usage(free).is_over, plans.usage(free).ends_at) == (True, None)
