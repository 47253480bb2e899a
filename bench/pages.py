"""The page that requests are measured with: a number of simple queries, the same for all peers."""

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from core.access import public_page
from core.urls.nowhere import handler400, handler403, handler404, handler500
from subscribers.models import Zone

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@public_page
def read(request: HttpRequest, queries: int) -> HttpResponse:
    """Read one row by its key, that many times."""
    names = ["", *(Zone.objects.get(pk=1).name for _ in range(queries))]
    return HttpResponse(names[-1])


def tenant_models() -> list[type]:
    """The models whose tables each ISP has."""
    labels = {config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS}
    return [model for model in apps.get_models() if model._meta.app_label in labels]


@public_page
def walk(request: HttpRequest, begin: int) -> HttpResponse:
    """Read from ten of an ISP's tables, beginning with the table of that number; all tables in the end."""
    models = tenant_models()
    found = 0
    for number in range(begin, begin + 10):
        found += len(models[number % len(models)].objects.all()[:5])  # type: ignore[attr-defined]
    return HttpResponse(str(found))


urlpatterns = [
    path("read/<int:queries>/", read),
    path("walk/<int:begin>/", walk),
]
