"""Goals and how they stand, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from goals import sentences
from goals.models import Goal
from goals.progress import GoalProgress, progress
from goals.selectors import goal_get, goal_list
from goals.status import Status
from kpi_tracker.api import PAGE_PARAMETERS, Day, Days, Pages, Parameters, local_today, scope_of
from kpi_tracker.api_errors import ErrorSerializer
from kpi_tracker.orgs.permissions import OrganisationToken
from kpi_tracker.rollups.figures import exact, subject_seen, subject_text
from kpi_tracker.scope import Scope

ERRORS = {400: ErrorSerializer, 401: ErrorSerializer, 403: ErrorSerializer, 404: ErrorSerializer}


class ProgressSerializer(serializers.Serializer[Any]):
    today = serializers.DateField(help_text="The local day on which the goal stands like this.")
    status = serializers.ChoiceField(choices=[each.value for each in Status])
    why = serializers.CharField(help_text="The reason of the status, in a sentence.")
    actual = serializers.CharField(allow_null=True, help_text="The KPI from the goal's first day to today.")
    attainment = serializers.CharField(allow_null=True, help_text="actual ÷ target, as a fraction.")
    expected = serializers.CharField(allow_null=True, help_text="Due by now in working days; null for goals without a pace.")
    pace_index = serializers.CharField(allow_null=True, help_text="actual ÷ expected.")
    required_per_day = serializers.CharField(allow_null=True, help_text="For each working day that is left.")
    projected = serializers.CharField(allow_null=True, help_text="Where the period ends at the rate so far.")
    working_days = serializers.IntegerField()
    working_days_gone = serializers.IntegerField()


class GoalSerializer(Days):
    id = serializers.IntegerField()
    kpi = serializers.CharField()
    scope = serializers.CharField(help_text="Whom it is for: organisation, team:…, rep:… or customer:…, with the id.")
    scope_name = serializers.CharField()
    target = serializers.CharField(help_text="In the KPI's unit; percentages are fractions.")
    why = serializers.CharField(help_text="Why it matters.")
    changed_at = serializers.DateTimeField()
    progress = ProgressSerializer()


class GoalParameters(Parameters):
    passed_on = PAGE_PARAMETERS
    named = {
        "from": Day(required=False, help_text="Goals that still run on this day or later."),
        "to": Day(required=False, help_text="Goals that have begun by this day."),
    }
    kpi = serializers.CharField(required=False)
    scope = serializers.CharField(required=False, help_text="organisation, team:…, rep:… or customer:…, with an id or a name.")


class Goals(GenericAPIView[Goal]):
    permission_classes = [OrganisationToken]
    pagination_class = Pages
    serializer_class = GoalSerializer
    queryset = Goal.objects.none()

    @extend_schema(parameters=[GoalParameters], responses={200: GoalSerializer(many=True), **ERRORS}, operation_id="goals_list")
    def get(self, request: Request) -> Response:
        """A page of goals in force, each with how it stands today."""
        scope, asked = scope_of(request), GoalParameters.read(request)
        subject = subject_seen(scope, asked["scope"])[0] if "scope" in asked else None
        found = goal_list(scope, kpi=asked.get("kpi", ""), subject=subject, in_force=True)
        if "from" in asked:
            found = found.filter(ends_on__gt=asked["from"])
        if "to" in asked:
            found = found.filter(starts_on__lte=asked["to"])
        return self.get_paginated_response(_entries(scope, self.paginate_queryset(found) or []))


class OneGoal(GenericAPIView[Goal]):
    permission_classes = [OrganisationToken]
    serializer_class = GoalSerializer
    queryset = Goal.objects.none()

    @extend_schema(responses={200: GoalSerializer, **ERRORS}, operation_id="goals_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        """One goal in force, with how it stands today."""
        scope = scope_of(request)
        goal = goal_get(scope, pk, in_force=True)
        if goal is None:
            raise Http404
        return Response(_entries(scope, [goal])[0])


def _entries(scope: Scope, goals: Sequence[Goal]) -> list[dict[str, Any]]:
    standings = progress(scope.organisation, goals, today=local_today(scope))
    return [_entry(goal, standings[goal.pk]) for goal in goals]


def _entry(goal: Goal, standing: GoalProgress) -> dict[str, Any]:
    return {
        "id": goal.pk, "kpi": goal.kpi, "scope": subject_text(goal.subject), "scope_name": sentences.subject_name(goal),
        "from": goal.starts_on.isoformat(),
        "to": goal.period.last.isoformat(), "target": exact(goal.target), "why": goal.why, "changed_at": goal.changed_at.isoformat(),
        "progress": _progress(standing),
    }


def _progress(standing: GoalProgress) -> dict[str, Any]:
    pace = standing.pace
    return {
        "today": standing.today.isoformat(), "status": standing.verdict.status.value, "why": sentences.why(standing),
        "actual": exact(standing.actual), "attainment": exact(standing.attainment), "expected": exact(pace.expected if pace else None),
        "pace_index": exact(pace.index if pace else None), "required_per_day": exact(pace.required if pace else None),
        "projected": exact(standing.projected), "working_days": standing.clock.days, "working_days_gone": standing.clock.days_gone,
    }
