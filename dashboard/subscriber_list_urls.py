"""Addresses of the list of subscribers and of what is done from it."""

from django.urls import path

from dashboard.views import bulk, subscriber_export, subscriber_list, subscriber_views

urlpatterns = [
    path("", subscriber_list.subscriber_list, name="subscribers"),
    path("columns/", subscriber_list.choose_columns, name="subscriber-columns"),
    path("export/<slug:kind>/", subscriber_export.export, name="subscriber-export"),
    path("views/", subscriber_views.saved_views, name="subscriber-views"),
    path("views/save/", subscriber_views.save_view, name="subscriber-view-save"),
    path("views/default/", subscriber_views.default_view, name="subscriber-view-default"),
    path("views/<uuid:view>/", subscriber_views.change_view, name="subscriber-view"),
    path("views/<uuid:view>/delete/", subscriber_views.delete_view, name="subscriber-view-delete"),
    path("bulk/", bulk.runs, name="bulk-runs"),
    path("bulk/begin/", bulk.begin, name="bulk-begin"),
    path("bulk/<uuid:run>/", bulk.run_page, name="bulk-run"),
    path("bulk/<uuid:run>/confirm/", bulk.confirm, name="bulk-confirm"),
    path("bulk/<uuid:run>/stop/", bulk.stop, name="bulk-stop"),
]
