"""KPI values and series for programs: the figures of the pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kpi_tracker.api import Days, PeriodParameters, local_today, period_of, scope_of
from kpi_tracker.api_errors import ErrorSerializer
from kpi_tracker.errors import InvalidInput, NothingThere
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Dimension, Unit
from kpi_tracker.kpis.metrics import AnyKpi, Category, Course, Direction, Lever, Owner, RatioKpi, SubjectKind
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.orgs.permissions import OrganisationToken
from kpi_tracker.periods import Grain
from kpi_tracker.rollups.figures import Question, figures, subject_seen
from kpi_tracker.scope import Scope

# Three years of days; a breakdown has a figure for each member in each bucket.
MOST_BUCKETS, MOST_BUCKETS_OF_BREAKDOWN = 1100, 370
SHORTEST = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 28, Grain.QUARTER: 90, Grain.YEAR: 365}
ERRORS = {400: ErrorSerializer, 401: ErrorSerializer, 403: ErrorSerializer, 404: ErrorSerializer}


class KpiSerializer(serializers.Serializer[Any]):
    kpi = serializers.CharField(help_text="The key; it never changes its meaning without a new version.")
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    clock = serializers.CharField(help_text="The date that puts a record in a period.")
    category = serializers.ChoiceField(choices=[each.value for each in Category])
    unit = serializers.ChoiceField(choices=[each.value for each in Unit], help_text="Percentages are fractions: 0.25 is 25 %.")
    currency = serializers.CharField(allow_null=True, help_text="Of money.")
    direction = serializers.ChoiceField(choices=[each.value for each in Direction], help_text="Which way is better.")
    subjects = serializers.ListField(child=serializers.ChoiceField(choices=[each.value for each in SubjectKind]))
    version = serializers.IntegerField()
    enabled = serializers.BooleanField(help_text="Whether the organisation's pages show it.")
    own_label = serializers.CharField(help_text="What the organisation calls it; empty: as `label`.")
    owner = serializers.ChoiceField(choices=[each.value for each in Owner], help_text="Who normally answers for it.")
    levers = serializers.ListField(
        child=serializers.ChoiceField(choices=[each.value for each in Lever]), help_text="The factors of sales velocity that it moves."
    )
    course = serializers.ChoiceField(
        choices=[each.value for each in Course],
        help_text="fills: adds up; levels: a ratio of sums; stands: is what it is at the end; whole: for whole periods only.",
    )
    cohort = serializers.BooleanField(help_text="Whether it tells what became of the period's records, and may change later.")


class FigureSerializer(Days):
    member_id = serializers.IntegerField(required=False, help_text="With `by`: the team, rep or customer.")
    member = serializers.CharField(required=False, help_text="Its name.")
    value = serializers.CharField(
        allow_null=True, help_text="Decimal; ratios have 12 places, everything else is exact. Null: none to give, as the denominator is 0."
    )
    numerator = serializers.CharField()
    denominator = serializers.CharField(allow_null=True, help_text="Null for KPIs that are not ratios.")
    immature = serializers.BooleanField(required=False, help_text="Of cohorts: not settled yet.")
    count = serializers.IntegerField(help_text="Records in the numerator.")
    median = serializers.CharField(required=False, allow_null=True, help_text="Of the records' own values, for KPIs that have one.")


class FiguresSerializer(Days):
    kpi = serializers.CharField()
    unit = serializers.ChoiceField(choices=[each.value for each in Unit])
    currency = serializers.CharField(allow_null=True, help_text="Of money.")
    scope = serializers.CharField()
    scope_name = serializers.CharField()
    grain = serializers.ChoiceField(choices=[each.value for each in Grain], allow_null=True)
    by = serializers.ChoiceField(choices=[each.value for each in Dimension], allow_null=True)
    rows = FigureSerializer(many=True)


class ValueParameters(PeriodParameters):
    scope = serializers.CharField(default="organisation", help_text="organisation, team:…, rep:… or customer:…, with an id or a name.")
    grain = serializers.ChoiceField(
        choices=[each.value for each in Grain], required=False, help_text="One figure for each; left out: one for the whole time."
    )
    by = serializers.ChoiceField(choices=[each.value for each in Dimension], required=False, help_text="One figure for each member.")


class Kpis(APIView):
    permission_classes = [OrganisationToken]

    @extend_schema(responses={200: KpiSerializer(many=True), 401: ErrorSerializer}, operation_id="kpis_list")
    def get(self, request: Request) -> Response:
        """Every KPI: what it means and whom it is measured for."""
        scope = scope_of(request)
        own = {setting.kpi: setting for setting in KpiSetting.objects.within(scope)}
        return Response([_entry(scope, kpi, own.get(kpi.key)) for kpi in registry.kpis_of(scope.organisation)])


class KpiValues(APIView):
    permission_classes = [OrganisationToken]

    @extend_schema(parameters=[ValueParameters], responses={200: FiguresSerializer, **ERRORS}, operation_id="kpis_values")
    def get(self, request: Request, key: str) -> Response:
        """The KPI over a time: one figure, or a series by `grain`, or a breakdown by `by`, or both."""
        scope, asked = scope_of(request), ValueParameters.read(request)
        if key not in {kpi.key for kpi in registry.kpis_of(scope.organisation)}:
            raise NothingThere(_("There is no KPI “%(key)s”.") % {"key": key}, field="kpi", code="unknown_kpi")
        subject, name = subject_seen(scope, asked["scope"])
        question = Question(
            kpi=key, subject=subject, period=period_of(asked), grain=Grain(asked["grain"]) if "grain" in asked else None,
            by=Dimension(asked["by"]) if "by" in asked else None,
        )
        _limit(question)
        found = figures(scope.organisation, question, today=local_today(scope), member_ids=True)
        currency = _currency(scope, registry.kpi(key, scope.organisation))
        return Response({**found, "currency": currency, "scope_name": name, "by": asked.get("by")})


def _limit(question: Question) -> None:
    most = MOST_BUCKETS_OF_BREAKDOWN if question.by else MOST_BUCKETS
    if question.grain and len(question.period) > most * SHORTEST[question.grain]:
        message = _("That makes more than %(most)d periods; ask for less time or a longer grain.")
        raise InvalidInput(message % {"most": most}, field="grain", code="too_many")


def _currency(scope: Scope, kpi: AnyKpi) -> str | None:
    return scope.organisation.base_currency if kpi.unit in (Unit.MONEY, Unit.MONEY_PER_DAY) else None


def _entry(scope: Scope, kpi: AnyKpi, own: KpiSetting | None) -> dict[str, Any]:
    return {
        "kpi": kpi.key, "label": str(kpi.label), "unit": kpi.unit.value, "version": kpi.version, "currency": _currency(scope, kpi),
        "description": str(kpi.description), "clock": str(kpi.clock), "category": kpi.category.value,
        "direction": kpi.direction.value, "subjects": sorted(kpi.subjects), "enabled": own.enabled if own else True,
        "own_label": own.label if own else "", "owner": kpi.owner.value, "levers": sorted(kpi.levers), "course": kpi.course.value,
        "cohort": isinstance(kpi, RatioKpi) and kpi.cohort,
    }
