"""Addresses of the catalogue, behind /<slug>/catalogue/."""

from django.urls import URLPattern, path

from dashboard.views import catalogue, catalogue_groups


def _kind(name: str, noun: str, *, can_retire: bool) -> list[URLPattern]:
    kind, one = {"kind": name}, f"{name}/<uuid:{noun}>/"
    return [
        path(f"{name}/", catalogue.listing, kind, name=f"catalogue-{name}"),
        path(f"{name}/add/", catalogue.add, kind, name=f"catalogue-{name}-add"),
        path(f"{one}change/", catalogue.change, kind, name=f"catalogue-{name}-change"),
        path(f"{one}delete/", catalogue.delete, kind, name=f"catalogue-{name}-delete"),
        *([path(f"{one}switch/", catalogue.switch, kind, name=f"catalogue-{name}-switch")] if can_retire else []),
    ]


urlpatterns = [
    path("", catalogue.index, name="catalogue"),
    *_kind("tariffs", "tariff", can_retire=True),
    *_kind("zones", "zone", can_retire=False),
    *_kind("routers", "router", can_retire=True),
    path("routers/<uuid:router>/", catalogue.router, name="catalogue-router"),
    path("groups/", catalogue.listing, {"kind": "groups"}, name="catalogue-groups"),
    path("groups/add/", catalogue_groups.add, name="catalogue-groups-add"),
    path("groups/<uuid:group>/change/", catalogue_groups.change, name="catalogue-groups-change"),
    path("groups/<uuid:group>/delete/", catalogue.delete, {"kind": "groups"}, name="catalogue-groups-delete"),
    path("groups/<uuid:group>/logo/", catalogue_groups.logo, name="catalogue-groups-logo"),
    path("groups/<uuid:group>/logo/remove/", catalogue_groups.remove_logo, name="catalogue-groups-remove-logo"),
    path("groups/<uuid:group>/default/", catalogue_groups.make_default, name="catalogue-groups-default"),
]
