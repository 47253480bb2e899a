"""Two processes hand out due work at the same time, with real commits."""

import threading

from django.db import connection, transaction
from django.utils import timezone

from core import periodic
from core.scope import public_scope
from tenants.models import ISP, DueWork
from tenants.services import due_work


def test_two_pollers_never_hand_out_the_same_work(committed):
    """The second one passes over what the first one has in hand, and does not wait for it."""
    taken, holding, go_on = [], threading.Event(), threading.Event()

    def poll_and_hold():
        with public_scope():
            with transaction.atomic():
                taken.append(due_work.hand_out())
                holding.set()
                go_on.wait(10)
                transaction.set_rollback(True)
            connection.close()

    with public_scope():
        due_work.plan_what_lacks()
        DueWork.objects.update(due_at=timezone.now())
        try:
            first = threading.Thread(target=poll_and_hold)
            first.start()
            assert holding.wait(10)
            with transaction.atomic():
                assert due_work.hand_out() == 0
                due_work.bring_forward(isp_id=ISP.objects.first().pk, kind="mail", at=timezone.now())
                transaction.set_rollback(True)
            go_on.set()
            first.join()
            assert taken == [ISP.objects.count() * len(periodic.kinds())]
        finally:
            go_on.set()
            first.join()
            DueWork.objects.all().delete()
