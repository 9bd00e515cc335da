"""The organisation's records: lists, single ones, and many written at once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from integrations import api_filters, api_rows
from integrations.api_records import Envelope, bulk_serializer, read_records
from kpi_tracker.api import Pages, scope_of
from kpi_tracker.api_errors import ApiProblem, ErrorSerializer, RecordErrorSerializer, UnprocessableRecords
from kpi_tracker.orgs.models import Rep, Team, TeamAssignment
from kpi_tracker.orgs.permissions import OrganisationToken
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, StageChange
from kpi_tracker.sales.records import Kind
from kpi_tracker.sales.services import RecordProblems, records_upsert
from kpi_tracker.scope import Scope

MOST_BYTES = 20_000_000


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class Rows(GenericViewSet[Any]):
    """Rows of one table of the organisation. related: the tables that its serializer shows something of."""

    permission_classes = [OrganisationToken]
    pagination_class = Pages
    model: ClassVar[Any]
    related: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[type[api_filters.RowParameters]]

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn without a request
            return self.model.objects.none()  # type: ignore[no-any-return]
        return self.rows(scope_of(self.request))

    def rows(self, scope: Scope) -> QuerySet[Any]:
        return self.model.objects.within(scope).select_related(*self.related)  # type: ignore[no-any-return]

    def list(self, request: Request) -> Response:
        """A page of them, in the order in which they were made here. Follow `next` until it is null."""
        given = self.parameters(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        page = self.paginate_queryset(self.get_queryset().filter(given.condition(scope_of(request))))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        """One, by its id here."""
        return Response(self.get_serializer(get_object_or_404(self.get_queryset(), pk=pk)).data)


class Records(Rows):
    """Rows that also come from outside, many at a time."""

    kind: ClassVar[Kind]

    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Write up to 5,000 records, known by `source` and `external_id`: all of them or, where one is wrong, none."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge(_("Send at most %(most)d MB at once.") % {"most": MOST_BYTES // 1_000_000})
        envelope = Envelope(data=request.data)
        envelope.is_valid(raise_exception=True)
        records = read_records(self.kind, envelope.validated_data["records"])
        try:
            summary = records_upsert(
                organisation=scope_of(request).organisation, kind=self.kind, records=records,
                source=envelope.validated_data["source"], now=timezone.now(),
            )
        except RecordProblems as error:
            found = [ApiProblem("invalid", problem.message, problem.field, problem.index) for problem in error.problems]
            raise UnprocessableRecords(found) from error
        counts = {"created": summary.created, "updated": summary.updated, "unchanged": summary.unchanged}
        return Response({**counts, "also_made": dict(summary.also_made)})


READ_ERRORS = {400: ErrorSerializer, 401: ErrorSerializer, 403: ErrorSerializer}
WRITE_ERRORS = {**READ_ERRORS, 413: ErrorSerializer, 422: RecordErrorSerializer}


def described(view: type[Rows]) -> type[Rows]:
    """Tell the schema what the addresses of one table take and give."""
    row: Any = view.serializer_class
    operations = {
        "list": extend_schema(parameters=[view.parameters], responses={200: row(many=True), **READ_ERRORS}),
        "retrieve": extend_schema(responses={200: row, **READ_ERRORS, 404: ErrorSerializer}),
    }
    if issubclass(view, Records):
        responses = {200: api_rows.UpsertSerializer, **WRITE_ERRORS}
        operations["bulk"] = extend_schema(request=bulk_serializer(view.kind), responses=responses)
    return extend_schema_view(**operations)(view)


@described
class Teams(Rows):
    model = Team
    related = ("parent",)
    serializer_class = api_rows.TeamSerializer
    parameters = api_filters.TeamParameters


@described
class Reps(Records):
    kind = Kind.REPS
    model = Rep
    serializer_class = api_rows.RepSerializer
    parameters = api_filters.RepParameters

    def rows(self, scope: Scope) -> QuerySet[Any]:
        dated = TeamAssignment.objects.within(scope).select_related("team").order_by("valid_from")
        return super().rows(scope).prefetch_related(Prefetch("assignments", dated))


@described
class Customers(Records):
    kind = Kind.CUSTOMERS
    model = Customer
    related = ("parent", "owner", "added_by")
    serializer_class = api_rows.CustomerSerializer
    parameters = api_filters.CustomerParameters


@described
class Contacts(Records):
    kind = Kind.CONTACTS
    model = Contact
    related = ("customer", "added_by")
    serializer_class = api_rows.ContactSerializer
    parameters = api_filters.ContactParameters


@described
class Leads(Records):
    kind = Kind.LEADS
    model = Lead
    related = ("customer", "rep")
    serializer_class = api_rows.LeadSerializer
    parameters = api_filters.LeadParameters


@described
class Activities(Records):
    kind = Kind.ACTIVITIES
    model = Activity
    related = ("type", "rep", "customer", "contact", "deal")
    serializer_class = api_rows.ActivitySerializer
    parameters = api_filters.ActivityParameters


@described
class Deals(Records):
    kind = Kind.DEALS
    model = Deal
    related = ("customer", "lead", "product", "owner", "opened_by", "closed_by", "stage__pipeline")
    serializer_class = api_rows.DealSerializer
    parameters = api_filters.DealParameters


@described
class StageChanges(Records):
    kind = Kind.STAGE_CHANGES
    model = StageChange
    related = ("deal", "from_stage", "to_stage", "rep")
    serializer_class = api_rows.StageChangeSerializer
    parameters = api_filters.StageChangeParameters


@described
class Contracts(Records):
    kind = Kind.CONTRACTS
    model = Contract
    related = ("customer", "deal")
    serializer_class = api_rows.ContractSerializer
    parameters = api_filters.ContractParameters


@described
class Costs(Records):
    kind = Kind.COSTS
    model = Cost
    related = ("team", "rep")
    serializer_class = api_rows.CostSerializer
    parameters = api_filters.CostParameters
