"""The form of a goal: what was typed, as a Draft. Rules are the services' matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from goals import entry, sentences
from goals.asked import Draft
from goals.models import Goal
from goals.selectors import settable_reps, settable_teams
from kpi_tracker import formats
from kpi_tracker.errors import InternalError, InvalidInput, UserError
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import Category, SubjectKind
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import DAY, Calendar, Grain, Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope

OWN_DATES = "own"
CUSTOMER = "customer"
Choices = list[tuple[Any, Any]]
# How many buckets are offered from the running one on.
OFFERED = {Grain.MONTH: 7, Grain.QUARTER: 5, Grain.WEEK: 5, Grain.YEAR: 2}


class GoalForm(forms.Form):
    """`draft` is what the valid form means; errors of the services are shown beside their field by `refuse`."""

    kpi = forms.ChoiceField(label=_("KPI"))
    subject = forms.ChoiceField(label=_("For"))
    customer = forms.CharField(label=_("Customer"), required=False, max_length=200)
    period = forms.ChoiceField(label=_("Period"))
    start = forms.DateField(label=_("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    end = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    target = forms.CharField(label=_("Target"), max_length=40)
    why = forms.CharField(label=_("Why it matters"), required=False, max_length=300)

    def __init__(self, *args: Any, scope: Scope, today: dt.date, goal: Goal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.today = scope, today
        self.draft: Draft | None = None
        choices = {
            "kpi": kpi_choices(scope, goal.kpi if goal else ""),
            "subject": subject_choices(scope, today),
            "period": period_choices(scope, today, str(self["period"].value() or "")),
        }
        for name, offered in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = offered
        self.fields["target"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        self.fields["why"].widget.attrs |= {"placeholder": gettext("For example: it pays for the two sellers we hire in March")}
        self.fields["customer"].widget.attrs |= {"list": "customers", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        made: dict[str, Any] = {"kpi": values.get("kpi")}
        for name, make in (("subject", self._subject), ("period", self._period), ("target", self._target)):
            if {name, "kpi"} & set(self.errors):
                continue
            try:
                made[name] = make()
            except InvalidInput as wrong:
                self.refuse(wrong)
        if not self.errors:
            self.draft = Draft(**made)
        return values

    def refuse(self, wrong: UserError) -> None:
        self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)

    def written(self) -> dict[str, Any]:
        """A valid form's goal, as the services take it."""
        if self.draft is None:
            raise InternalError("written() of a form that is not valid")
        return {"kpi": self.draft.kpi, "subject": self.draft.subject, "period": self.draft.period, "target": self.draft.target,
                "why": self.cleaned_data["why"]}

    def unit_sign(self) -> str:
        """What stands behind the field of the target: the sign of the chosen KPI's unit."""
        key = str(self["kpi"].value() or "")
        currency = self.scope.organisation.base_currency
        units = {kpi.key: kpi.unit for kpi in registry.kpis_of(self.scope.organisation)}
        return entry.unit_sign(units[key], formats.SYMBOLS.get(currency, currency)) if key in units else ""

    def partial(self) -> Draft | None:
        """What can be read of a form that is still being filled in; the target may be missing."""
        self.is_valid()
        if self.draft is not None:
            return self.draft
        try:
            if {"kpi", "subject", "customer", "period"} & set(self.errors):
                return None
            return Draft(self.cleaned_data["kpi"], self._subject(), self._period())
        except InvalidInput:
            return None

    def _target(self) -> Decimal:
        return entry.typed_target(self.cleaned_data["target"], registry.kpi(self.cleaned_data["kpi"], self.scope.organisation).unit)

    def _subject(self) -> Subject:
        chosen = self.cleaned_data["subject"]
        if chosen == CUSTOMER:
            return Subject(SubjectKind.CUSTOMER, customer_named(self.scope, self.cleaned_data.get("customer", "")).id)
        kind, _colon, found = chosen.partition(":")
        return Subject(SubjectKind(kind), int(found or 0))

    def _period(self) -> Period:
        chosen = self.cleaned_data["period"]
        if chosen != OWN_DATES:
            grain, _colon, start = chosen.partition(":")
            return self.scope.organisation.calendar.bucket(Grain(grain), dt.date.fromisoformat(start))
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start is None and end is None:
            self.refuse(InvalidInput(gettext("Choose the last day."), field="end", code="required"))
        if start is None:
            raise InvalidInput(gettext("Choose the first day."), field="start", code="required")
        if end is None:
            raise InvalidInput(gettext("Choose the last day."), field="end", code="required")
        if end < start:
            raise InvalidInput(gettext("The last day lies before the first."), field="end", code="ends_before_start")
        return Period(start, end + DAY)


def kpi_choices(scope: Scope, kept: str) -> Choices:
    """KPIs by category, without those that the organisation switched off (except the one that the goal has)."""
    off = set(KpiSetting.objects.within(scope).filter(enabled=False).values_list("kpi", flat=True)) - {kept}
    kpis = registry.kpis_of(scope.organisation)
    return [
        (category.label, group)
        for category in Category
        if (group := [(kpi.key, kpi.label) for kpi in kpis if kpi.category is category and kpi.key not in off])
    ]


def subject_choices(scope: Scope, today: dt.date) -> Choices:
    """The subjects whose goals this person may set. A customer is looked up by name beside it."""
    choices: Choices = []
    if scope.may_administer:
        choices.append((SubjectKind.ORGANISATION.value, scope.organisation.name))
    if teams := [(f"team:{team.id}", team.name) for team in settable_teams(scope, today)]:
        choices.append((gettext("Teams"), teams))
    if reps := [(f"rep:{rep.id}", rep.name) for rep in settable_reps(scope)]:
        choices.append((gettext("Reps"), reps))
    return [*choices, (gettext("Customers"), [(CUSTOMER, gettext("A customer …"))])]


def period_choices(scope: Scope, today: dt.date, kept: str = "") -> Choices:
    """Buckets from the running one on, by kind; `kept` is offered too, wherever it lies."""
    calendar = scope.organisation.calendar
    names = {
        Grain.MONTH: gettext("Month"), Grain.QUARTER: gettext("Quarter"), Grain.WEEK: gettext("Week"), Grain.YEAR: gettext("Year"),
    }
    before = read_preset(calendar, kept)
    choices: Choices = []
    for grain, count in OFFERED.items():
        first = calendar.bucket(grain, today)
        offered = [calendar.shift(grain, first, step) for step in range(count)]
        if before is not None and before[0] is grain and before[1] not in offered:
            offered.insert(0, before[1])
        choices.append((names[grain], [(preset(grain, bucket), sentences.period_words(calendar, bucket)) for bucket in sorted(offered)]))
    return [*choices, (pgettext("period", "Other"), [(OWN_DATES, gettext("Own dates …"))])]


def preset(grain: Grain, bucket: Period) -> str:
    return f"{grain.value}:{bucket.start.isoformat()}"


def read_preset(calendar: Calendar, text: str) -> tuple[Grain, Period] | None:
    grain, _colon, start = text.partition(":")
    try:
        day = dt.date.fromisoformat(start)
        bucket = calendar.bucket(Grain(grain), day)
    except (ValueError, OverflowError):
        return None
    return (Grain(grain), bucket) if bucket.start == day else None


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
    return {
        "kpi": goal.kpi, "target": entry.shown_target(goal.target, registry.kpi(goal.kpi, goal.organisation).unit), "why": goal.why,
        **subject_values(goal.subject, goal.customer), **period_values(goal.organisation.calendar, goal.period),
    }


def subject_values(subject: Subject, customer: Customer | None) -> dict[str, Any]:
    if customer is not None:
        twins = Customer.objects.filter(organisation_id=customer.organisation_id, name=customer.name).count()
        return {"subject": CUSTOMER, "customer": customer.business_id if twins > 1 and customer.business_id else customer.name}
    return {"subject": f"{subject.kind.value}:{subject.id}" if subject.id else subject.kind.value}


def period_values(calendar: Calendar, period: Period) -> dict[str, Any]:
    grain = sentences.grain_of(calendar, period)
    return {"period": preset(grain, period) if grain else OWN_DATES, "start": period.start, "end": period.last}


def asked_values(scope: Scope, query: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    """First values of a new goal, from the address (`kpi`, `subject`, `start`, `end`); what cannot be read is left out."""
    calendar = scope.organisation.calendar
    subjects = subject_choices(scope, today)[0]
    first = subjects[1][0][0] if isinstance(subjects[1], list) else subjects[0]
    values: dict[str, Any] = {"kpi": "revenue", "subject": first, "period": preset(Grain.MONTH, calendar.bucket(Grain.MONTH, today))}
    values |= {name: query[name] for name in ("kpi", "subject", "target", "why") if name in query}
    kind, _colon, found = query.get("subject", "").partition(":")
    if kind == SubjectKind.CUSTOMER and found.isdecimal():
        customer = Customer.objects.within(scope).filter(id=int(found)).first()
        values |= subject_values(Subject(SubjectKind.CUSTOMER, int(found)), customer)
    with suppress(KeyError, ValueError, InvalidInput):
        values |= period_values(calendar, Period(dt.date.fromisoformat(query["start"]), dt.date.fromisoformat(query["end"])))
    return values
