"""Whether this process lives, and whether it can do its work: for load balancers and monitors."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from core.access import View, public_page
from core.celery import app
from core.scope import public_scope

logger = logging.getLogger(__name__)
BROKER_SECONDS = 2


class LiveSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["live"])


class PartsSerializer(serializers.Serializer[Any]):
    database = serializers.ChoiceField(choices=["ok", "failing"])
    cache = serializers.ChoiceField(choices=["ok", "failing"])
    broker = serializers.ChoiceField(choices=["ok", "failing"])


class ReadySerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ready", "not ready"])
    parts = PartsSerializer()


def no_database(view: View) -> View:
    """The request opens no transaction and no session; the view works when PostgreSQL does not."""
    view.no_database = True  # type: ignore[attr-defined]
    return view


@no_database
@public_page
@extend_schema(operation_id="health_live", tags=["health"], responses={200: LiveSerializer})
@api_view(["GET"])
def live(request: Request) -> Response:
    """The process answers. Nothing else is asked."""
    return _not_kept(Response({"status": "live"}))


@no_database
@public_page
@extend_schema(operation_id="health_ready", tags=["health"], responses={200: ReadySerializer, 503: ReadySerializer})
@api_view(["GET"])
def ready(request: Request) -> Response:
    """Database, cache and broker answer; 503 names the part that does not."""
    with public_scope():
        parts = {name: _state(name, check) for name, check in CHECKS.items()}
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ready" if is_ready else "not ready", "parts": parts}
    return _not_kept(Response(body, status=200 if is_ready else 503))


def _not_kept(response: Response) -> Response:
    response["Cache-Control"] = "no-store"
    return response


def _state(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:
        # What is wrong is for the log; the answer is public.
        logger.error("Not ready: %s: %s", name, type(error).__name__)
        return "failing"
    return "ok"


def check_database() -> None:
    """Raise unless PostgreSQL answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_cache() -> None:
    """Raise unless Redis keeps a value."""
    cache.set("health", "1", timeout=10)
    if cache.get("health") != "1":
        raise RuntimeError("The cache lost a value.")


def check_broker() -> None:
    """Raise unless tasks can be sent."""
    with app.connection_for_write(connect_timeout=BROKER_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_SECONDS)


CHECKS: dict[str, Callable[[], None]] = {"database": check_database, "cache": check_cache, "broker": check_broker}
