"""Currencies: the rates, and the records that lack one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum
from django.utils.translation import gettext, pgettext

from goals.models import DefaultTarget, Goal
from goals.turning import turn_defaults, turn_round
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.orgs.rates import base_currency_change, known_rates
from kpi_tracker.periods import DAY
from kpi_tracker.sales.models import Contract, Cost, Deal, DealStatus
from kpi_tracker.scope import Scope


@dataclass(frozen=True, slots=True)
class Rates:
    """One currency's rates, the newest first."""

    currency: str
    rows: tuple[ExchangeRate, ...]

    @property
    def newest(self) -> ExchangeRate:
        return self.rows[0]


def rates_by_currency(scope: Scope) -> list[Rates]:
    rows: dict[str, list[ExchangeRate]] = defaultdict(list)
    for row in ExchangeRate.objects.within(scope).order_by("currency", "-day"):
        rows[row.currency].append(row)
    return [Rates(currency, tuple(found)) for currency, found in rows.items()]


@dataclass(frozen=True, slots=True)
class Lacking:
    """Records of one kind and currency whose day has no rate. first, last: their first and last such day, both included."""

    kind: str
    currency: str
    records: int
    days: int
    first: dt.date
    last: dt.date
    amount: Decimal


def lacking(scope: Scope) -> list[Lacking]:
    """All that is left out of money figures for want of a rate; the most records first."""
    deals = Deal.objects.within(scope).filter(amount__isnull=False)
    won = deals.filter(status=DealStatus.WON)
    found = _lacking(scope, won, pgettext("lacking a rate", "won deals, when they closed"), "closed_on", "amount")
    found += _lacking(scope, deals, pgettext("lacking a rate", "deals, when they opened"), "opened_on", "amount")
    if scope.sees_organisation:
        contracts = Contract.objects.within(scope)
        found += _lacking(scope, contracts, pgettext("lacking a rate", "contracts, when they start"), "starts_on", "yearly_amount")
        found += _costs(scope)
    return sorted(found, key=lambda one: (-one.records, one.currency, one.kind))


def _lacking(scope: Scope, rows: QuerySet[Any], kind: str, day: str, amount: str) -> list[Lacking]:
    known = ExchangeRate.objects.within(scope).filter(currency=OuterRef("currency"), day__lte=OuterRef(day))
    rows = rows.filter(~Exists(known), **{f"{day}__isnull": False}).exclude(currency=scope.organisation.base_currency)
    sums = rows.order_by().values("currency").annotate(
        records=Count("pk"), days=Count(day, distinct=True), first=Min(day), last=Max(day), total=Sum(amount)
    )
    return [Lacking(kind, one["currency"], one["records"], one["days"], one["first"], one["last"], one["total"]) for one in sums]


def _costs(scope: Scope) -> list[Lacking]:
    """Costs of which some days lack a rate; their amount is the share of those days."""
    organisation = scope.organisation
    starts = {currency: rates[0][0] for currency, rates in known_rates(organisation).items()}
    parts: dict[str, list[tuple[dt.date, dt.date, Decimal]]] = defaultdict(list)
    rows = Cost.objects.within(scope).exclude(currency=organisation.base_currency)
    for currency, amount, first, end in rows.values_list("currency", "amount", "starts_on", "ends_on"):
        until = min(end, starts.get(currency, end))
        if first < until:
            share = (amount * (until - first).days / (end - first).days).quantize(Decimal("0.01"))
            parts[currency].append((first, until, share))
    found = []
    for currency, costs in parts.items():
        days = {first + n * DAY for first, until, _amount in costs for n in range((until - first).days)}
        total = sum((amount for _first, _until, amount in costs), Decimal(0))
        kind = pgettext("lacking a rate", "costs, on their days")
        found.append(Lacking(kind, currency, len(costs), len(days), min(days), max(days), total))
    return found


def used_currencies(scope: Scope) -> list[str]:
    """The currencies other than the base that any record has or that have a rate, for the form's list."""
    found: set[str] = set()
    for model in (Deal, Contract, Cost, ExchangeRate):
        found |= set(model.objects.within(scope).order_by().values_list("currency", flat=True).distinct())
    return sorted(found - {scope.organisation.base_currency})


def money_kpis(organisation: Organisation) -> list[str]:
    return [kpi.key for kpi in registry.kpis_of(organisation) if kpi.unit is Unit.MONEY]


def money_goals(organisation: Organisation) -> QuerySet[Goal]:
    """Goals whose target is an amount in the base currency."""
    found: QuerySet[Goal] = Goal.objects.filter(organisation=organisation, kpi__in=money_kpis(organisation))
    return found


@transaction.atomic
def change(scope: Scope, *, base: str, display: str, today: dt.date) -> int:
    """Save both currencies. Where the base is another, rates and money goals are turned round; how many goals were."""
    organisation = scope.organisation
    before = organisation.base_currency
    base_currency_change(organisation=organisation, currency=base)
    turned = 0
    if organisation.base_currency != before:
        turned = _turn_goals(organisation, known_rates(organisation).get(before, []), today)
    if display == organisation.base_currency:
        raise InvalidInput(gettext("The second currency is the base currency; leave it empty."), field="display_currency")
    organisation.display_currency = display
    organisation.save(update_fields=["display_currency"])
    return turned


def _turn_goals(organisation: Organisation, rates: list[tuple[dt.date, Decimal]], today: dt.date) -> int:
    """A goal is turned at the rate of its last day, of today while it runs; at the first rate known where that is later."""
    goals = list(money_goals(organisation).select_for_update())
    defaults = list(DefaultTarget.objects.filter(organisation=organisation, kpi__in=money_kpis(organisation)))
    if not rates and not goals and not defaults:
        return 0
    if not rates:
        message = gettext("There are goals in money, and no rate to turn them round; add a rate of the new currency first.")
        raise InvalidInput(message, field="base_currency")

    def rate_on(day: dt.date) -> Decimal:
        return next((rate for first, rate in reversed(rates) if first <= day), rates[0][1])

    turn_round(organisation, goals, {goal.pk: rate_on(min(goal.ends_on - DAY, today)) for goal in goals})
    turn_defaults(defaults, rate_on(today))
    return len(goals)
