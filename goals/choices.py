"""What the form of a goal offers: KPIs, scopes, periods and kinds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext, pgettext

from goals import sentences
from goals.kinds import kinds_of
from goals.models import Distribution, Kind
from goals.selectors import settable_teams
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, Category, SubjectKind
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Calendar, Grain, Period, add_months
from kpi_tracker.scope import Scope

OWN_DATES = "own"
CUSTOMER = "customer"
HALF = "half"
Choices = list[tuple[Any, Any]]
# How many buckets are offered from the running one on.
OFFERED = {Grain.MONTH.value: 7, Grain.QUARTER.value: 5, HALF: 3, Grain.YEAR.value: 2, Grain.WEEK.value: 6}


def nothing_chosen() -> tuple[str, str]:
    return ("", gettext("Choose …"))


def kpi_choices(scope: Scope, kept: str) -> Choices:
    """KPIs by category, without those that the organisation switched off (except the one that the goal has)."""
    off = {one.kpi for one in registry.settings_of(scope.organisation) if not one.enabled} - {kept}
    kpis = registry.kpis_of(scope.organisation)
    return [
        (category.label, group)
        for category in Category
        if (group := [(kpi.key, kpi.label) for kpi in kpis if kpi.category is category and kpi.key not in off])
    ]


def subject_choices(scope: Scope, today: dt.date, reps: Sequence[Rep]) -> Choices:
    """The subjects whose goals this person may set. A customer is looked up by name beside it."""
    choices: Choices = []
    if scope.may_administer:
        choices.append((SubjectKind.ORGANISATION.value, scope.organisation.name))
    if teams := [(f"team:{team.id}", team.name) for team in settable_teams(scope, today)]:
        choices.append((gettext("Teams"), teams))
    if named := [(f"rep:{rep.id}", rep.name) for rep in reps]:
        choices.append((gettext("Reps"), named))
    return [*choices, (gettext("Customers"), [(CUSTOMER, gettext("A customer …"))])]


def kind_choices(kpi: AnyKpi | None) -> Choices:
    """The kinds that fit the KPI; all where none is chosen."""
    labels = {
        Kind.REACH: gettext("Reach"), Kind.GROWTH: gettext("Grow by a percentage over a frozen baseline"),
        Kind.ABOVE: gettext("Stay above"), Kind.BELOW: gettext("Stay below"),
    }
    return [(kind.value, labels[kind]) for kind in (kinds_of(kpi) if kpi else tuple(labels))]


def spread_choices() -> Choices:
    labels = {
        Distribution.WORKING_DAYS: gettext("Even per working day"), Distribution.LAST_YEAR: gettext("Last year’s shape"),
        Distribution.MONTHS: gettext("By hand per month"), Distribution.WEEKDAYS: gettext("By hand per weekday"),
        Distribution.RAMP: gettext("Ramp for joiners"),
    }
    return [(one.value, label) for one, label in labels.items()]


def period_choices(scope: Scope, today: dt.date, kept: str = "") -> Choices:
    """Buckets from the running one on, by kind; `kept` is offered too, wherever it lies."""
    calendar = scope.organisation.calendar
    names = {
        Grain.MONTH.value: gettext("Month"), Grain.QUARTER.value: gettext("Quarter"), HALF: gettext("Half-year"),
        Grain.YEAR.value: gettext("Year"), Grain.WEEK.value: gettext("Week"),
    }
    before = read_preset(calendar, kept)
    choices: Choices = []
    for kind, count in OFFERED.items():
        offered = [bucket(calendar, kind, today)]
        while len(offered) < count:
            offered.append(bucket(calendar, kind, offered[-1].end))
        if before is not None and before[0] == kind and before[1] not in offered:
            offered.append(before[1])
        choices.append((names[kind], [(preset(kind, one), period_name(calendar, kind, one)) for one in sorted(offered)]))
    return [*choices, (pgettext("period", "Other"), [(OWN_DATES, gettext("Own dates …"))])]


def bucket(calendar: Calendar, kind: str, day: dt.date) -> Period:
    """The period of that kind (a grain, or a half of the fiscal year) that `day` lies in."""
    if kind != HALF:
        return calendar.bucket(Grain(kind), day)
    year = calendar.bucket(Grain.YEAR, day)
    middle = add_months(year.start, 6)
    return Period(year.start, middle) if day < middle else Period(middle, year.end)


def period_name(calendar: Calendar, kind: str, period: Period) -> str:
    if kind != HALF:
        return sentences.period_words(calendar, period)
    year = calendar.bucket(Grain.YEAR, period.start)
    named = {"year": formats.period_name(Grain.YEAR, year, fiscal_month=calendar.fiscal_month)}
    first = period.start == year.start
    return (gettext("First half of %(year)s") if first else gettext("Second half of %(year)s")) % named


def kind_of(calendar: Calendar, period: Period) -> str:
    """Which kind of bucket `period` is, OWN_DATES for none."""
    grain = sentences.grain_of(calendar, period)
    if grain is not None:
        return grain.value
    return HALF if bucket(calendar, HALF, period.start) == period else OWN_DATES


def preset(kind: str, period: Period) -> str:
    return f"{kind}:{period.start.isoformat()}"


def read_preset(calendar: Calendar, text: str) -> tuple[str, Period] | None:
    kind, _colon, start = text.partition(":")
    try:
        day = dt.date.fromisoformat(start)
        found = bucket(calendar, kind, day)
    except (ValueError, OverflowError):
        return None
    return (kind, found) if found.start == day and kind != Grain.DAY else None
