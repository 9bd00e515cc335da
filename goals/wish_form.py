"""From a sentence to the form: who and what can be meant here, and what was read, field by field."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext

from goals import choices, entry
from goals.form_values import period_values, subject_values
from goals.models import Distribution, Kind
from goals.selectors import settable_reps, settable_teams
from goals.sentences import in_sentence, period_words
from goals.wish import Named, Part, Vocabulary, Wish, read
from goals.wish_text import Text, any_of
from goals.wish_words import DEPARTMENT, SALES
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope

MOST_CUSTOMERS = 60
LONGEST_SENTENCE = 300


@dataclass(frozen=True, slots=True)
class WishPage:
    """read: what was read, in the words of the form. asked: what is to be chosen, as sentences. unread: words without a meaning here."""

    sentence: str
    read: tuple[str, ...]
    asked: tuple[str, ...]
    unread: tuple[str, ...]
    values: dict[str, Any]

    @property
    def read_words(self) -> str:
        return " · ".join(self.read)


def read_wish(scope: Scope, sentence: str, *, today: dt.date) -> WishPage | None:
    """None without a sentence."""
    sentence = " ".join(sentence.split())[:LONGEST_SENTENCE]
    if not sentence:
        return None
    customers = _customers(scope, sentence)
    words = vocabulary(scope, customers, today=today)
    wish = read(sentence, words, today=today)
    names = {one.key: one.name for one in words.subjects}
    return WishPage(
        sentence, _read_as(scope, wish, names), tuple(_asked(part, wish) for part in wish.missing), wish.unread,
        _values(scope, wish, {f"customer:{one.id}": one for one in customers}),
    )


def vocabulary(scope: Scope, customers: list[Customer], *, today: dt.date) -> Vocabulary:
    """Whoever this person may set goals for, and the KPIs that are switched on."""
    teams = [Named(f"team:{team.id}", team.name) for team in settable_teams(scope, today)]
    reps = [
        Named(f"rep:{rep.id}", rep.name, by_first=True)
        for rep in settable_reps(scope) if rep.ended_on is None or rep.ended_on >= today
    ]
    everybody = [Named(SubjectKind.ORGANISATION.value, scope.organisation.name, by_first=True)] if scope.may_administer else []
    selling = [team for team in teams if Text(team.name).find(any_of(f"{SALES}, {DEPARTMENT}"))]
    company = SubjectKind.ORGANISATION.value if scope.may_administer else teams[0].key if len(teams) == 1 else ""
    sales = selling if len(selling) == 1 else [*everybody, *selling] if selling else everybody or teams[:1] if company else []
    off = {one.kpi for one in registry.settings_of(scope.organisation) if not one.enabled}
    kpis = tuple(kpi for kpi in registry.kpis_of(scope.organisation) if kpi.key not in off)
    named = [Named(f"customer:{one.id}", one.name, by_first=True) for one in customers]
    return Vocabulary(kpis, (*everybody, *teams, *reps, *named), scope.organisation.calendar, sales=tuple(sales), company=company)


def _customers(scope: Scope, sentence: str) -> list[Customer]:
    """Those whose name may stand in the sentence: it begins like one of its words with a capital."""
    words = {word.text for word in Text(sentence).words[1:] if word.text[:1].isupper() and len(word.text) > 2}
    words |= {word.text for word in Text(sentence).words[:1] if len(word.text) > 2}
    # An ending may hang on: Acmes, Acmen.
    starts = {start for word in words for start in (word, word[:-1], word[:-2]) if len(start) > 2}
    if not starts:
        return []
    wanted = Q()
    for start in sorted(starts):
        wanted |= Q(name__startswith=start)
    found = Customer.objects.within(scope).filter(wanted).order_by("name", "id")[:MOST_CUSTOMERS]
    return [one for one in found if any(word.startswith(one.name.split(" ")[0]) for word in words)]


def _values(scope: Scope, wish: Wish, customers: dict[str, Customer]) -> dict[str, Any]:
    """The form's values; what was not read stays empty, to be chosen."""
    values: dict[str, Any] = {
        "kpi": wish.kpi or "", "subject": wish.subject or "", "period": "", "kind": wish.kind.value if wish.kind else "",
        "distribution": Distribution.WORKING_DAYS.value, "carries_over": "on" if wish.when and wish.when.again else "",
    }
    if wish.subject in customers:
        customer = customers[wish.subject]
        values |= subject_values(Subject(SubjectKind.CUSTOMER, customer.id), customer)
    if wish.when is not None:
        values |= period_values(scope.organisation.calendar, wish.when.period)
    if wish.amount is not None and wish.kind is Kind.GROWTH:
        values["growth"] = entry.shown_percent(wish.amount)
    elif wish.amount is not None and wish.kpi:
        values["target"] = entry.shown_target(wish.amount, registry.kpi(wish.kpi, scope.organisation).unit)
    return values


def _read_as(scope: Scope, wish: Wish, names: dict[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    kpi = registry.kpi(wish.kpi, scope.organisation) if wish.kpi else None
    if kpi is not None:
        found.append(in_sentence(str(kpi.label)))
    if wish.subject:
        found.append(names.get(wish.subject, scope.organisation.name))
    if wish.kind is Kind.GROWTH and wish.amount is not None:
        found.append(gettext("grow by %(percent)s") % {"percent": formats.percent(wish.amount)})
    elif wish.kind and wish.amount is not None and kpi is not None:
        kinds = dict(choices.kind_choices(kpi))
        figure = formats.kpi_value(kpi, wish.amount, scope.organisation.base_currency)
        found.append(f"{in_sentence(str(kinds.get(wish.kind, wish.kind.label)))} {figure}")
    if wish.when is not None:
        found.append(period_words(scope.organisation.calendar, wish.when.period, in_sentence=True))
        if wish.when.again:
            found.append(gettext("again each period"))
    return tuple(found)


def _asked(part: Part, wish: Wish) -> str:
    """What is to be chosen; where several things may be meant, which."""
    options = wish.choices.get(part, ())
    if options:
        values = {"choices": ", ".join(options)}
        match part:
            case Part.KPI:
                return gettext("Which KPI is meant: %(choices)s?") % values
            case Part.SUBJECT:
                return gettext("Who is meant: %(choices)s?") % values
            case Part.AMOUNT:
                return gettext("Which figure is meant: %(choices)s?") % values
            case Part.PERIOD:
                return gettext("Which period is meant: %(choices)s?") % values
    match part:
        case Part.KPI:
            return gettext("No KPI was read: choose one.")
        case Part.SUBJECT:
            return gettext("Whom it is for was not read: choose.")
        case Part.AMOUNT:
            return gettext("How much was not read: write it.")
        case Part.PERIOD:
            return gettext("No period was read: choose one.")
