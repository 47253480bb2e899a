"""Numbers taken at the same time. Commits for real."""

import threading

from django.db import connection, transaction

from core.scope import isp_scope, public_scope
from subscribers.models import Counter, Subscriber
from subscribers.services import customers
from tenants.models import ISP

EACH, THREADS = 8, 4


def test_no_number_is_given_twice_to_those_who_take_one_at_the_same_time(committed):
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    taken, failures = [], []
    together = threading.Barrier(THREADS)

    def take():
        try:
            together.wait(timeout=20)
            with isp_scope(isp):
                for _ in range(EACH):
                    with transaction.atomic():
                        taken.append(customers.create_subscriber(by=None, first_name="R").number)
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(THREADS)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        assert sorted(taken) == list(range(min(taken), min(taken) + EACH * THREADS))
    finally:
        with isp_scope(isp), transaction.atomic():
            from core.models import AuditEntry

            Subscriber.objects.filter(first_name="R").delete()
            Counter.objects.all().delete()
            AuditEntry.objects.filter(verb="subscribers.subscriber.created").delete()
