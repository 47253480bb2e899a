from company.models import Profile
from core.scope import isp_scope, public_scope
from tenants.models import ISP


def test_two(isp, other_isp):
    with isp_scope(isp):
        Profile(pk=1, display_name="A").save()
        with public_scope():
            assert ISP.objects.count() == 2
        assert Profile.load().display_name == "A"
    with isp_scope(other_isp):
        assert Profile.load().display_name == ""


def test_host(at):
    r = at("wispmega.localhost").get("/nothing/")
    assert r.status_code == 404, r.content
    r = at("nobody.localhost").get("/nothing/")
    assert b"Nothing here" in r.content
