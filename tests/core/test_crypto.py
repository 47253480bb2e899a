"""Secrets at rest."""

import pytest
from django.db import connection, transaction

from company.models import CaptchaKeys
from core import crypto
from core.scope import NoScope, isp_scope, public_scope

SECRET = "6Lsecret-ñ-☎"


def test_a_secret_opens_for_its_isp_and_purpose_only(isp, other_isp):
    with isp_scope(isp):
        kept = crypto.encrypt(SECRET, purpose="one")
        assert SECRET not in kept
        assert crypto.encrypt(SECRET, purpose="one") != kept
        assert crypto.decrypt(kept, purpose="one") == SECRET
        for wrong in (kept[:-2] + "AA", "", "x"):
            with pytest.raises(ValueError, match="not encrypted here"):
                crypto.decrypt(wrong, purpose="one")
    for scope, purpose in ((isp_scope(isp), "two"), (isp_scope(other_isp), "one"), (public_scope(), "one")):
        with scope, pytest.raises(ValueError, match="not encrypted here"):
            crypto.decrypt(kept, purpose=purpose)
    with pytest.raises(NoScope):
        crypto.decrypt(kept, purpose="one")


def test_an_older_key_still_opens(isp, settings):
    with isp_scope(isp):
        kept = crypto.encrypt(SECRET, purpose="one")
        old, settings.SECRET_KEY = settings.SECRET_KEY, "another key " * 5
        with pytest.raises(ValueError, match="not encrypted here"):
            crypto.decrypt(kept, purpose="one")
        settings.SECRET_KEY_FALLBACKS = [old]
        assert crypto.decrypt(kept, purpose="one") == SECRET


def test_a_secret_field_is_encrypted_in_the_table_and_bound_to_its_column(isp, other_isp):
    with isp_scope(isp), transaction.atomic():
        CaptchaKeys.objects.create(domain="a.example", site_key="site", secret_key=SECRET)
        assert CaptchaKeys.objects.get().secret_key == SECRET
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret_key FROM company_captchakeys")
            (stored,) = cursor.fetchone()
        assert SECRET not in stored
        assert crypto.decrypt(stored, purpose="company.captchakeys.secret_key") == SECRET
        CaptchaKeys.objects.update(secret_key="")
        assert CaptchaKeys.objects.get().secret_key == ""
    with isp_scope(other_isp), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO company_captchakeys VALUES (1, 'b.example', 's', %s, now())", [stored])
        with pytest.raises(ValueError, match="not encrypted here"):
            CaptchaKeys.objects.get()
