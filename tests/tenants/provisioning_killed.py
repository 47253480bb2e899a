"""Works at sign-ups, pool, template and sweep in a child process that it kills, again and again.

Run by test_provisioning_killed as a program of its own, since it forks: KILLS SEED SECONDS [careless]; each
child lives for as many seconds at most.
"""

import os
import random
import signal
import sys
import time

import django


def work(chance: random.Random) -> None:
    """Everything that makes or removes schemas, in any order, without end."""
    from django.db import transaction
    from django.utils import timezone

    from core.scope import public_scope
    from tenants import janitor, pool, template
    from tenants.models import ISP, SchemaTemplate, SignUp, SpareSchema
    from tenants.provisioning import provision

    with public_scope():
        while True:
            waiting = list(SignUp.objects.waiting().values_list("pk", flat=True))
            if waiting:
                provision(sign_up_id=chance.choice(waiting))
            lot = chance.random()
            if lot < 0.4:
                pool.refill(size=2)
            elif lot < 0.6:
                SpareSchema.objects.update(release="older")
                janitor.sweep(at=timezone.now())
            elif lot < 0.7 and ISP.objects.filter(slug__startswith="killed").exists():
                # Without a template an ISP takes longer than a child lives, so one is made before it goes.
                with transaction.atomic():
                    SchemaTemplate.objects.all().delete()
                template.build_template()


def work_carelessly(chance: random.Random) -> None:
    """The control: a schema, its tables and its row in a transaction each."""
    from core.scope import public_scope
    from tenants import schemas, template
    from tenants.models import SpareSchema, new_schema_name
    from tenants.releases import current_release

    with public_scope():
        while True:
            name = new_schema_name()
            schemas.create_empty(name)
            schemas.migrate_schema(template.Unowned(name))
            SpareSchema.objects.create(schema_name=name, release=current_release())


def main(kills: int, seed: int, seconds: float, *careless: str) -> None:
    """Raises an error where a child ended by itself: it must be the kill that ends it."""
    django.setup()
    chance = random.Random(seed)
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            try:
                (work_carelessly if careless else work)(random.Random(chance.random()))
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0.01, seconds))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit("A child ended before it was killed.")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
