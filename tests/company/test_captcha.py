from django.utils import timezone

from company.captcha import captcha_domains, recaptcha_keys_for
from core.scope import isp_scope, public_scope
from domains.models import Domain, Surface
from tests.factories.company import CaptchaKeysFactory


def test_the_keys_of_the_longest_domain_hold_and_cover_what_is_below(in_isp):
    wide, narrow = CaptchaKeysFactory(domain="mega.example"), CaptchaKeysFactory(domain="clientes.mega.example")
    assert recaptcha_keys_for("mega.example") == wide
    assert recaptcha_keys_for("otro.mega.example") == wide
    assert recaptcha_keys_for("clientes.mega.example") == narrow
    assert recaptcha_keys_for("www.clientes.mega.example") == narrow
    assert recaptcha_keys_for("notmega.example") is None
    assert recaptcha_keys_for("example") is None


def test_keys_are_found_with_one_query_and_their_secret_can_be_used(in_isp, count_queries):
    CaptchaKeysFactory(domain="mega.example", secret_key="6Ltop-secret-of-wispmega-0000000000000000")
    with count_queries() as queries:
        keys = recaptcha_keys_for("a.b.c.mega.example")
    assert len(queries) == 1
    assert keys.secret_key == "6Ltop-secret-of-wispmega-0000000000000000"


def test_another_isp_has_no_part_in_keys(isp, other_isp):
    with isp_scope(isp):
        CaptchaKeysFactory(domain="mega.example")
    with isp_scope(other_isp):
        assert recaptcha_keys_for("mega.example") is None


def test_only_proved_portal_domains_of_the_isp_can_have_keys(isp, other_isp):
    with public_scope():
        for owner, host, surface, proved in [
            (isp, "clientes.mega.example", Surface.PORTAL, True),
            (isp, "not-yet.mega.example", Surface.PORTAL, False),
            (isp, "sistema.mega.example", Surface.DASHBOARD, True),
            (other_isp, "clientes.andina.example", Surface.PORTAL, True),
        ]:
            Domain.objects.create(
                isp=owner, host=host, surface=surface, is_primary=proved, verified_at=timezone.now() if proved else None
            )
    assert captcha_domains(isp) == ["clientes.mega.example", "wispmega.localhost"]
