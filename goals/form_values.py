"""Values of the form of a goal: those of one that exists, first ones from the address, and parts that are typed by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext

from goals import choices, entry
from goals.choices import CUSTOMER, OWN_DATES
from goals.form_people import people_values
from goals.kinds import as_offered
from goals.models import Distribution, Goal, Kind
from goals.selectors import settable_reps
from goals.shapes import RAMP
from goals.terms import stretch_growth
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import Calendar, Grain, Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope

LONGEST_BY_HAND = 800
MONDAY = dt.date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a month or weekday: its name, what it is called, the key that the shape has for it, and what was typed."""

    name: str
    label: str
    key: str
    value: str


def month_parts(data: Mapping[str, Any], keys: Iterable[str]) -> list[Part]:
    return [
        Part(f"month_{key}", formats.period_name(Grain.MONTH, Calendar().bucket(Grain.MONTH, dt.date.fromisoformat(f"{key}-01"))), key,
             str(data.get(f"month_{key}") or ""))
        for key in keys
    ]


def weekday_parts(data: Mapping[str, Any]) -> list[Part]:
    return [
        Part(f"weekday_{day}", formats.short_weekday(MONDAY + dt.timedelta(days=day)), str(day), str(data.get(f"weekday_{day}") or ""))
        for day in range(7)
    ]


def typed_parts(parts: Iterable[Part]) -> dict[str, str]:
    """A shape, its numbers as programs write them; what is no number stays as it was typed, to be refused."""
    found = {}
    for part in parts:
        if not part.value.strip():
            continue
        try:
            found[part.key] = f"{entry.typed_number(part.value):f}"
        except InvalidInput:
            found[part.key] = part.value
    return found


def typed_day(value: Any) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return parse_date(str(value or "").strip())
    except ValueError:
        return None


def customer_named(scope: Scope, text: str) -> Customer:
    """The customer whose name or business id was written."""
    text = text.strip()
    if not text:
        raise InvalidInput(gettext("Write the customer's name."), field="customer", code="required")
    seen = Customer.objects.within(scope)
    for found in (seen.filter(name=text), seen.filter(business_id=text), seen.filter(name__iexact=text)):
        matches = list(found[:2])
        if len(matches) == 1:
            customer: Customer = matches[0]
            return customer
        if matches:
            message = gettext("Several customers are called %(name)s: write the business id instead.") % {"name": text}
            raise InvalidInput(message, field="customer", code="several_customers")
    raise InvalidInput(gettext("There is no customer called %(name)s.") % {"name": text}, field="customer", code="unknown_customer")


def goal_values(goal: Goal) -> dict[str, Any]:
    """The form's values for a goal that exists."""
    kpi = registry.kpi(goal.kpi, goal.organisation)
    grows = goal.kind == Kind.GROWTH and goal.growth is not None and bool(goal.baseline)
    values = {
        "kpi": goal.kpi, "kind": as_offered(Kind(goal.kind), kpi).value, "target": entry.shown_target(goal.target, kpi.unit),
        "why": goal.why, "distribution": goal.distribution, "prorated": goal.prorated or "", "carries_over": goal.carries_over or "",
        "stretch": "" if goal.stretch is None else entry.shown_target(goal.stretch, kpi.unit),
        **subject_values(goal.subject, goal.customer), **period_values(goal.organisation.calendar, goal.period), **_shape_values(goal),
    }
    if grows and goal.growth is not None and goal.baseline and goal.baseline_period:
        values |= {"growth": entry.shown_percent(goal.growth), "target": "", "baseline_start": goal.baseline_from,
                   "baseline_end": goal.baseline_period.last}
        if (stretch := stretch_growth(goal)) is not None:
            values["stretch"] = entry.shown_percent(stretch)
    listed_for = f"{goal.subject.kind.value}:{goal.subject.id}"
    shares = dict(goal.participants.values_list("rep_id", "share"))
    return values | people_values(shares, goal.target, kpi, listed_for)


def _shape_values(goal: Goal) -> dict[str, str]:
    match goal.distribution:
        case Distribution.MONTHS:
            return {f"month_{key}": weight for key, weight in goal.shape.items()}
        case Distribution.WEEKDAYS:
            return {f"weekday_{key}": weight for key, weight in goal.shape.items()}
        case Distribution.RAMP:
            return {"ramp_months": str(goal.shape.get(RAMP, ""))}
        case _:
            return {}


def subject_values(subject: Subject, customer: Customer | None) -> dict[str, Any]:
    if customer is not None:
        twins = Customer.objects.filter(organisation_id=customer.organisation_id, name=customer.name).count()
        return {"subject": CUSTOMER, "customer": customer.business_id if twins > 1 and customer.business_id else customer.name}
    return {"subject": f"{subject.kind.value}:{subject.id}" if subject.id else subject.kind.value}


def period_values(calendar: Calendar, period: Period) -> dict[str, Any]:
    kind = choices.kind_of(calendar, period)
    return {"period": OWN_DATES if kind == OWN_DATES else choices.preset(kind, period), "start": period.start, "end": period.last}


def asked_values(scope: Scope, query: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    """First values of a new goal, from the address (`kpi`, `subject`, `start`, `end`); what cannot be read is left out."""
    calendar = scope.organisation.calendar
    subjects = choices.subject_choices(scope, today, list(settable_reps(scope)))[0]
    first = subjects[1][0][0] if isinstance(subjects[1], list) else subjects[0]
    month = choices.preset(Grain.MONTH, calendar.bucket(Grain.MONTH, today))
    values: dict[str, Any] = {"kpi": "revenue", "subject": first, "period": month, "distribution": Distribution.WORKING_DAYS.value}
    values |= {name: query[name] for name in ("kpi", "subject", "target", "why") if name in query}
    kind, _colon, found = query.get("subject", "").partition(":")
    if kind == SubjectKind.CUSTOMER and found.isdecimal():
        customer = Customer.objects.within(scope).filter(id=int(found)).first()
        values |= subject_values(Subject(SubjectKind.CUSTOMER, int(found)), customer)
    with suppress(KeyError, ValueError, InvalidInput):
        values |= period_values(calendar, Period(dt.date.fromisoformat(query["start"]), dt.date.fromisoformat(query["end"])))
    return values
