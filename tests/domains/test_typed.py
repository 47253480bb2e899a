"""What people type or paste as a domain: understood, or refused with a sentence in their language."""

import pytest
from django.utils import translation

from core.scope import public_scope
from domains import claims
from domains.models import Claim, Surface
from domains.services import CannotAdd

HOST = "clientes.wispmega.example"


def claimed(isp, typed):
    with public_scope():
        return claims.claim_domain(isp=isp, host=typed, surface=Surface.PORTAL, by=None)


@pytest.mark.parametrize(
    "typed",
    [
        HOST,
        f"https://{HOST}",
        f"HTTP://{HOST}/",
        f"//{HOST}",
        f"{HOST}/portal/login?next=%2F#top",
        f"https://{HOST}:8443/portal",
        f"{HOST}:443",
        f"  {HOST}\t",
        f"\n{HOST}\r\n",
        HOST.upper(),
        f"{HOST}.",
        f"https://{HOST.title()}./",
    ],
)
def test_what_is_understood(isp, typed):
    assert claimed(isp, typed).host == HOST


@pytest.mark.parametrize(
    ("typed", "host", "shown"),
    [
        ("señal.mx", "xn--seal-hqa.mx", "señal.mx"),
        ("SEÑAL.MX.", "xn--seal-hqa.mx", "señal.mx"),
        ("xn--seal-hqa.mx", "xn--seal-hqa.mx", "señal.mx"),
        ("https://clientes.señal.mx:443/a b", "clientes.xn--seal-hqa.mx", "clientes.señal.mx"),
        ("připojení。cz", "xn--pipojen-eza97g.cz", "připojení.cz"),
    ],
)
def test_international_names_are_kept_in_ascii_and_shown_as_written(isp, typed, host, shown):
    claim = claimed(isp, typed)
    assert (claim.host, claim.shown_host) == (host, shown)


REFUSED = [
    ("", "no es un nombre de dominio"),
    ("   ", "no es un nombre de dominio"),
    (f"{'a' * 300}.mx", "demasiado largo"),
    ("x" * 301, "demasiado largo"),
    (f"{'a' * 64}.mx", "no es un nombre de dominio"),
    (".".join(["abcdefghij"] * 25), "no es un nombre de dominio"),
    ("😀.mx", "caracteres"),
    ("clientes wispmega.example", "no es un nombre de dominio"),
    ("clientes..wispmega.example", "no es un nombre de dominio"),
    ("-a.example", "no es un nombre de dominio"),
    ("a_b.wispmega.example", "no es un nombre de dominio"),
    ("olga@wispmega.example", "no es un nombre de dominio"),
    ("https://olga:secret@wispmega.example/", "no es un nombre de dominio"),
    ("a.example\x00", "no es un nombre de dominio"),
    (f"{HOST}:99999", "puerto"),
    ("http://[", "no es un nombre de dominio"),
    ("192.0.2.1", "IP"),
    ("https://192.0.2.1:80/", "IP"),
    ("[2001:db8::1]", "IP"),
    ("2001:db8::1", "IP"),
    ("*.wispmega.example", "comodín"),
    ("com.mx", "no pertenece a nadie"),
    ("github.io", "no pertenece a nadie"),
    ("mx", "al menos dos partes"),
    ("localhost", "al menos dos partes"),
    ("portal.localhost", "pertenece a la plataforma"),
    ("lastmile-login.example", "parece"),
    ("my-lastmile.example", "parece"),
]


@pytest.mark.parametrize(("typed", "says"), REFUSED)
def test_what_is_refused_with_a_sentence_in_the_readers_language(isp, typed, says):
    with translation.override("es"), pytest.raises(CannotAdd) as refused:
        claimed(isp, typed)
    sentence = str(refused.value)
    assert says.lower() in sentence.lower()
    assert sentence.endswith(".")
    assert "xn--" not in sentence
    with public_scope():
        assert not Claim.objects.exists()


def test_names_in_sentences_are_as_people_write_them(isp, other_isp):
    from django.utils import timezone

    from domains.models import Domain

    with public_scope():
        Domain.objects.create(isp=other_isp, host="xn--seal-hqa.mx", surface="portal", verified_at=timezone.now())
    with pytest.raises(CannotAdd, match=r"^señal\.mx is in use already\.$"):
        claimed(isp, "señal.mx")
    with pytest.raises(CannotAdd, match=r"^www\.señal\.mx is in use already\.$"):
        claimed(isp, "www.señal.mx")
