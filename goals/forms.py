"""The form of a goal: what was typed, as a Draft with its terms. Rules are the services' matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goals import choices, entry, form_people, form_values
from goals.asked import Draft
from goals.choices import CUSTOMER, OWN_DATES
from goals.form_people import People
from goals.kinds import as_offered, kinds_of
from goals.models import Distribution, Goal, Kind, State
from goals.selectors import settable_reps
from goals.shapes import RAMP, month_keys
from goals.smart_reading import Writing
from goals.terms import Terms
from kpi_tracker import formats
from kpi_tracker.errors import InternalError, InvalidInput, UserError
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import DAY, Period
from kpi_tracker.scope import Scope

STATES = {"draft": State.DRAFT, "propose": State.PROPOSED, "decide": State.AGREED}
T = TypeVar("T")


def _date(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class GoalForm(forms.Form):
    """Always bound, to what was typed or to first values. `writing` is what of it can be read, `draft` what all of it means.

    Errors of the services are shown beside their field by `refuse`.
    """

    kpi = forms.ChoiceField(label=_("KPI"))
    subject = forms.ChoiceField(label=_("For"))
    customer = forms.CharField(label=_("Customer"), required=False, max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    period = forms.ChoiceField(label=_("Period"))
    start = _date(_("First day"))
    end = _date(_("Last day"))
    carries_over = forms.BooleanField(label=_("Again each period"), required=False)
    target = forms.CharField(label=_("Target"), required=False, max_length=40)
    growth = forms.CharField(label=_("Growth"), required=False, max_length=20)
    baseline_start = _date(_("Baseline from"))
    baseline_end = _date(_("Baseline to"))
    stretch = forms.CharField(label=_("Stretch"), required=False, max_length=40)
    distribution = forms.ChoiceField(label=_("Spread over time"), required=False, widget=forms.RadioSelect)
    ramp_months = forms.CharField(label=_("Months until a joiner is asked in full"), required=False, max_length=3)
    prorated = forms.BooleanField(label=_("Days away are taken out"), required=False)
    participants = forms.Field(label=_("Taking part"), required=False)
    why = forms.CharField(label=_("Why it matters"), required=False, max_length=300)
    reason = forms.CharField(label=_("Why it changes"), required=False, max_length=300)

    def __init__(self, data: Mapping[str, Any], *, scope: Scope, today: dt.date, goal: Goal | None = None) -> None:
        super().__init__(data)
        self.scope, self.today, self.goal = scope, today, goal
        self.calendar = scope.organisation.calendar
        self.draft: Draft | None = None
        self.terms = Terms()
        self.reps = list(settable_reps(scope))
        self.chosen_kpi = self._chosen_kpi()
        kept = str(data.get("period") or "")
        offered = {
            "kpi": choices.kpi_choices(scope, goal.kpi if goal else ""), "subject": choices.subject_choices(scope, today, self.reps),
            "period": choices.period_choices(scope, today, kept), "kind": choices.kind_choices(self.chosen_kpi),
            "distribution": choices.spread_choices(),
        }
        for name, listed in offered.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                asked = name in ("kpi", "subject", "period") and not data.get(name)
                field.choices = [choices.nothing_chosen(), *listed] if asked else listed
        for name in ("target", "growth", "stretch", "ramp_months"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        self.fields["why"].widget.attrs |= {"placeholder": gettext("For example: it pays for the two sellers we hire in March")}
        self.fields["customer"].widget.attrs |= {"list": "customers", "autocomplete": "off"}
        self.people: People = form_people.read(self)
        self.writing = self._read()

    def _chosen_kpi(self) -> AnyKpi | None:
        key = str(self.data.get("kpi") or "")
        return next((kpi for kpi in registry.kpis_of(self.scope.organisation) if kpi.key == key), None)

    @property
    def kind_chosen(self) -> Kind:
        """The kind in the name under which the KPI offers it; its first where none, or none that fits, was chosen."""
        text = str(self.data.get("kind") or "")
        kind = Kind(text) if text in Kind.values else Kind.REACH
        if self.chosen_kpi is None:
            return kind
        kind = as_offered(kind, self.chosen_kpi)
        return kind if kind in kinds_of(self.chosen_kpi) else kinds_of(self.chosen_kpi)[0]

    @property
    def spread_chosen(self) -> Distribution:
        """Only what adds up can be spread."""
        text = str(self.data.get("distribution") or "")
        spreads = self.chosen_kpi is None or self.chosen_kpi.adds_up
        return Distribution(text) if spreads and text in Distribution.values else Distribution.WORKING_DAYS

    @property
    def months(self) -> list[form_values.Part]:
        """A field for each month of the period, for what is spread by hand."""
        period = self.try_(self.period_read)
        return form_values.month_parts(self.data, month_keys(period)) if period and len(period) <= form_values.LONGEST_BY_HAND else []

    @property
    def months_of(self) -> str:
        """Which months are shown, for the page to know when others are."""
        return ",".join(part.key for part in self.months)

    @property
    def weekdays(self) -> list[form_values.Part]:
        return form_values.weekday_parts(self.data)

    def clean(self) -> dict[str, Any]:
        """Django has checked the fields alone; here they are read together."""
        kpi = self.chosen_kpi
        if kpi is None or {"kpi", "subject", "period", "start", "end", "baseline_start", "baseline_end"} & set(self.errors):
            return self.cleaned_data
        typed_kind = str(self.data.get("kind") or "")
        kind = as_offered(Kind(typed_kind), kpi) if typed_kind in Kind.values else self.kind_chosen
        grows = kind is Kind.GROWTH
        subject, period = self._tried(self.subject_read), self._tried(self.period_read)
        target = None if grows else self._tried(self.target_read)
        stretch = self._tried(self.stretch_read)
        growth, baseline = self._tried(self.growth_read) if grows else None, self._tried(self.baseline_read) if grows else None
        if self.people.wrong:
            self.refuse(self.people.wrong)
        if self.data.get("people_of", self.people.listed_for) != self.people.listed_for:
            message = gettext("Other people take part now: look them over and save again.")
            self.refuse(InvalidInput(message, field="participants", code="others"))
        if self.errors or subject is None or period is None:
            return self.cleaned_data
        self.terms = Terms(
            kind=kind, growth=growth, baseline=baseline, stretch=None if grows else stretch, stretch_growth=stretch if grows else None,
            distribution=self.spread_chosen, shape=self.shape_typed(), prorated=self.cleaned_data["prorated"],
            carries_over=self.cleaned_data["carries_over"],
        )
        self.draft = Draft(kpi.key, subject, period, target, kind, self.spread_chosen, self.shape_typed())
        return self.cleaned_data

    def forget_errors(self) -> None:
        """First values are not what somebody typed: nothing is wrong with them yet."""
        self._errors = ErrorDict()

    def _tried(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except InvalidInput as wrong:
            self.refuse(wrong)
            return None

    def refuse(self, wrong: UserError) -> None:
        self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)

    def try_(self, read: Callable[[], T]) -> T | None:
        """What can be read already; nothing is said of what cannot."""
        try:
            return read()
        except InvalidInput:
            return None

    def written(self) -> dict[str, Any]:
        """A valid form's goal, as the services take it."""
        if self.draft is None:
            raise InternalError("written() of a form that is not valid")
        found: dict[str, Any] = {
            "kpi": self.draft.kpi, "subject": self.draft.subject, "period": self.draft.period, "target": self.draft.target,
            "why": self.cleaned_data["why"], "terms": self.terms,
        }
        if self.goal is None or "people_of" in self.data:
            found["participants"] = self.people.chosen
        if self.goal is None or self.data.get("do") in STATES:
            found["state"] = STATES.get(str(self.data.get("do")), State.AGREED)
        return found if self.goal is None else found | {"reason": self.cleaned_data["reason"]}

    def unit_sign(self) -> str:
        """What stands behind the field of the target: the sign of the chosen KPI's unit."""
        currency = self.scope.organisation.base_currency
        return entry.unit_sign(self.chosen_kpi.unit, formats.SYMBOLS.get(currency, currency)) if self.chosen_kpi else ""

    def _read(self) -> Writing:
        kpi = self.chosen_kpi
        grows = self.kind_chosen is Kind.GROWTH
        return Writing(
            kpi=kpi, subject=self.try_(self.subject_read), period=self.try_(self.period_read), kind=self.kind_chosen,
            target=None if grows or kpi is None else self.try_(self.target_read), growth=self.try_(self.growth_read) if grows else None,
            stretch=self.try_(self.stretch_read) if kpi else None, baseline=self.try_(self.baseline_read),
            distribution=self.spread_chosen, shape=self.shape_typed(), participants=self.people.chosen,
            teams=len([group for group in self.people.groups if any(one.chosen for one in group.rows)]), goal=self.goal,
        )

    def shape_typed(self) -> dict[str, str]:
        match self.spread_chosen:
            case Distribution.MONTHS:
                return form_values.typed_parts(self.months)
            case Distribution.WEEKDAYS:
                return form_values.typed_parts(self.weekdays)
            case Distribution.RAMP:
                return {RAMP: str(self.data.get("ramp_months") or "").strip()}
            case Distribution.LAST_YEAR if self.goal and self.goal.distribution == Distribution.LAST_YEAR:
                return dict(self.goal.shape)
            case _:
                return {}

    def _text(self, name: str) -> str:
        return str(self.data.get(name) or "").strip()

    def target_read(self) -> Decimal:
        if self.chosen_kpi is None:
            raise InvalidInput(gettext("Choose a KPI."), field="kpi", code="required")
        if not self._text("target"):
            raise InvalidInput(gettext("Say how much."), field="target", code="required")
        return entry.typed_target(self._text("target"), self.chosen_kpi.unit)

    def growth_read(self) -> Decimal | None:
        text = self._text("growth")
        if not text:
            raise InvalidInput(gettext("Say by how many percent it should grow."), field="growth", code="required")
        return entry.typed_percent(text, "growth")

    def stretch_read(self) -> Decimal | None:
        """In the KPI's unit; of a goal that grows, the growth."""
        text = self._text("stretch")
        if not text or self.chosen_kpi is None:
            return None
        if self.kind_chosen is Kind.GROWTH:
            return entry.typed_percent(text, "stretch")
        return entry.typed_target(text, self.chosen_kpi.unit, field="stretch")

    def subject_read(self) -> Subject:
        chosen = self._text("subject")
        if chosen == CUSTOMER:
            return Subject(SubjectKind.CUSTOMER, form_values.customer_named(self.scope, self._text("customer")).id)
        kind, _colon, found = chosen.partition(":")
        listed = {key for _label, group in self._listed("subject") for key in group}
        if not chosen or chosen not in listed:
            raise InvalidInput(gettext("Choose whom the goal is for."), field="subject", code="required")
        return Subject(SubjectKind(kind), int(found or 0))

    def _listed(self, name: str) -> list[tuple[str, list[str]]]:
        field = self.fields[name]
        offered: Any = field.choices if isinstance(field, forms.ChoiceField) else []
        return [(str(key), [one for one, _label in part] if isinstance(part, list) else [str(key)]) for key, part in offered]

    def period_read(self) -> Period:
        chosen = self._text("period")
        if chosen != OWN_DATES:
            known = choices.read_preset(self.calendar, chosen)
            if known is None:
                raise InvalidInput(gettext("Choose a period."), field="period", code="required")
            return known[1]
        return self._dates("start", "end", needed=True)

    def baseline_read(self) -> Period | None:
        """None: the usual one."""
        if not self._text("baseline_start") and not self._text("baseline_end"):
            return None
        return self._dates("baseline_start", "baseline_end", needed=False)

    def _dates(self, first: str, last: str, *, needed: bool) -> Period:
        start, end = form_values.typed_day(self.data.get(first)), form_values.typed_day(self.data.get(last))
        if needed and start is None and end is None:
            self._also(InvalidInput(gettext("Choose the last day."), field=last, code="required"))
        if start is None:
            raise InvalidInput(gettext("Choose the first day."), field=first, code="required")
        if end is None:
            raise InvalidInput(gettext("Choose the last day."), field=last, code="required")
        if end < start:
            raise InvalidInput(gettext("The last day lies before the first."), field=last, code="ends_before_start")
        return Period(start, end + DAY)

    def _also(self, wrong: InvalidInput) -> None:
        """A second thing that is wrong, told while the form is being checked."""
        if hasattr(self, "cleaned_data"):
            self.refuse(wrong)
