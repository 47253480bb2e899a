"""Two at once at what works once. Commits for real."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core import tokens
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from subscribers.models import PortalToken, PortalUser, Subscriber
from subscribers.services import passwords
from tenants.models import ISP

AT = timezone.now()


@pytest.fixture
def together(committed):
    """`together(act)` has two threads do it at once in WispMega, each in a transaction; what each of them returned."""
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")

    def run(act):
        gate, results = threading.Barrier(2), []

        def one(n):
            try:
                with isp_scope(isp), transaction.atomic():
                    results.append(act(n, gate))
            except Exception as failure:
                results.append(failure)
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return results

    run.isp = isp
    yield run
    with isp_scope(isp), transaction.atomic():
        Subscriber.objects.filter(first_name="Race").delete()
        AuditEntry.objects.filter(target_type="subscribers.portaluser").delete()


@pytest.fixture
def user(together):
    with isp_scope(together.isp), transaction.atomic():
        subscriber = Subscriber.objects.create(number=990001, first_name="Race")
        return PortalUser.objects.create(subscriber=subscriber, username="race", password="!")


def set_by_link(secret):
    def act(n, gate):
        gate.wait(timeout=20)
        passwords.set_password_by_link(secret=secret, password=f"tres tristes tigres {n}", on=AT.date())
        return n

    return act


def issue(together, user):
    with isp_scope(together.isp), transaction.atomic():
        life = timedelta(days=1)
        return tokens.issue(PortalToken, purpose=passwords.SET_PASSWORD, life=life, portal_user=user)


def test_of_two_who_use_one_link_at_once_one_wins(together, user):
    for _ in range(4):
        results = together(set_by_link(issue(together, user)))
        [winner] = [each for each in results if isinstance(each, int)]
        [loser] = [each for each in results if not isinstance(each, int)]
        assert isinstance(loser, passwords.LinkGone)
        with isp_scope(together.isp), transaction.atomic():
            assert PortalUser.objects.get(pk=user.pk).check_password(f"tres tristes tigres {winner}")


def test_without_looking_again_under_the_lock_both_win(together, user, monkeypatch):
    """The control: the token is the one that was found before the lock."""
    real, gate, seen = passwords._good, threading.Barrier(2), {}

    def stale(secret, *, on, lock=False):
        me = threading.get_ident()
        if not lock:
            seen[me] = real(secret, on=on)
            gate.wait(timeout=20)
        return seen[me]

    monkeypatch.setattr(passwords, "_good", stale)
    assert sorted(together(set_by_link(issue(together, user)))) == [0, 1]


def use(n, gate):
    found = PortalUser.objects.select_related("subscriber").get(username="race")
    gate.wait(timeout=20)
    return passwords.use_one_time(user=found, password="lamu-defo-fipa-372", on=AT.date(), at=AT)


def dictate(together, user):
    with isp_scope(together.isp), transaction.atomic():
        user.set_password("lamudefofipa372")
        user.one_time, user.one_time_until = "dictated", AT + timedelta(days=1)
        user.save()


def test_of_two_who_use_one_password_at_once_one_gets_in(together, user):
    for _ in range(4):
        dictate(together, user)
        results = together(use)
        assert sorted(result is None for result in results) == [False, True]
        assert [result for result in results if result] == [user]


def test_without_the_lock_both_get_in(together, user, monkeypatch):
    """The control: the row as it was read before, by both."""
    dictate(together, user)
    gate = threading.Barrier(2)
    rows = passwords.PortalUser.objects

    class Unlocked:
        def select_for_update(self, **options):
            found = rows.select_related("subscriber").get(username="race")
            gate.wait(timeout=20)
            return type("Rows", (), {"select_related": lambda self, *names: self, "get": lambda self, pk: found})()

        def __getattr__(self, name):
            return getattr(rows, name)

    class Model:
        objects = Unlocked()
        OneTime = PortalUser.OneTime

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "PortalUser", Model)
        results = together(use)
    assert [result is None for result in results] == [False, False]
