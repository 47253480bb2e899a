"""The description of the interface, in OpenAPI."""

from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView

from core.access import public_page


class Schema(SpectacularAPIView):
    """All endpoints for machines, as an OpenAPI 3 document in JSON."""

    urlconf = "api.urls"
    renderer_classes = [OpenApiJsonRenderer]


schema = public_page(Schema.as_view())
