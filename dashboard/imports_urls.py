"""Addresses of the import, behind `<slug>/import/`."""

from django.urls import path

from dashboard.views import imports, imports_steps

urlpatterns = [
    path("", imports.imports, name="imports"),
    path("example/", imports.example, name="import-example"),
    path("mappings/<uuid:preset>/remove/", imports.remove_preset, name="import-preset-remove"),
    path("<uuid:batch>/", imports.page, name="import"),
    path("<uuid:batch>/progress/", imports.progress, name="import-progress"),
    path("<uuid:batch>/rejects/", imports.rejects, name="import-rejects"),
    path("<uuid:batch>/undo/", imports.undo, name="import-undo"),
    path("<uuid:batch>/discard/", imports.discard, name="import-discard"),
    path("<uuid:batch>/read-again/", imports_steps.read_again, name="import-read-again"),
    path("<uuid:batch>/columns/", imports_steps.columns, name="import-columns"),
    path("<uuid:batch>/mapping/", imports_steps.use_preset, name="import-preset"),
    path("<uuid:batch>/mapping/save/", imports_steps.save_preset, name="import-preset-save"),
    path("<uuid:batch>/questions/", imports_steps.questions, name="import-questions"),
    path("<uuid:batch>/run/", imports_steps.run, name="import-run"),
]
