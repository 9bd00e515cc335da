"""The API's own description, and the answer to addresses that it does not have."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.authentication import ApiTokenAuthentication
from kpi_tracker.orgs.permissions import OrganisationToken, SignedInOrToken


class JsonErrors(APIView):
    """Errors are JSON here too, whatever the answer itself would be."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.exception:
            response.accepted_renderer, response.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return response


class Schema(JsonErrors, SpectacularAPIView):
    authentication_classes = [ApiTokenAuthentication, SessionAuthentication]
    permission_classes = [SignedInOrToken]


class Docs(JsonErrors, SpectacularSwaggerSplitView):
    """Swagger UI from the project's own static files; its script has an address of its own, as the CSP wants."""

    url_name = "api:schema"
    authentication_classes = [ApiTokenAuthentication, SessionAuthentication]
    permission_classes = [SignedInOrToken]


class Nothing(APIView):
    """Addresses that do not exist answer as the others do, not with a page."""

    permission_classes = [OrganisationToken]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise NotFound

    post = put = patch = delete = get
