"""What the parts of formulas are called, and what is to be said beside a formula. Texts only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext, ngettext, pgettext_lazy

from goals.sentences import in_sentence
from kpi_tracker import formats
from kpi_tracker.kpis.measures import Measure, Term
from kpi_tracker.kpis.metrics import AnyKpi, Limit, RatioKpi
from kpi_tracker.kpis.query import FactorValue
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period

# By the term's key. A term that is a KPI by itself is called like the KPI.
WORDS = {
    "deals_closed": pgettext_lazy("part", "deals closed"),
    "deals_won_with_amount": pgettext_lazy("part", "deals won with an amount"),
    "cycle_days": pgettext_lazy("part", "days from start to closing"),
    "deals_won_with_cycle": pgettext_lazy("part", "deals won with a known start"),
    "opened_and_won": pgettext_lazy("part", "deals won by now"),
    "stages_passed": pgettext_lazy("part", "deals that entered the next stage"),
    "stages_entered": pgettext_lazy("part", "deals that entered the stage"),
    "won_after_first_meeting": pgettext_lazy("part", "deals won with them later"),
    "won_after_first_contact": pgettext_lazy("part", "companies that bought later"),
    "first_contacts": pgettext_lazy("part", "companies first contacted"),
    "leads_converted": pgettext_lazy("part", "leads converted by now"),
    "meetings_held": pgettext_lazy("part", "meetings held"),
    "meetings_due": pgettext_lazy("part", "meetings that were due"),
    "expected_pipeline": pgettext_lazy("part", "open deals expected to close"),
    "remaining_target": pgettext_lazy("part", "still missing of the revenue goal"),
    "weighted_pipeline": pgettext_lazy("part", "open deals, each times the win rate of its stage"),
    "open_opportunities": pgettext_lazy("part", "open qualified deals"),
    "qualified_won": pgettext_lazy("part", "qualified deals won"),
    "qualified_closed": pgettext_lazy("part", "qualified deals closed"),
    "qualified_revenue": pgettext_lazy("part", "revenue from qualified deals"),
    "qualified_won_with_amount": pgettext_lazy("part", "qualified deals won with an amount"),
    "qualified_cycle_days": pgettext_lazy("part", "days from start to closing"),
    "qualified_won_with_cycle": pgettext_lazy("part", "qualified deals won with a known start"),
    "inbound_lead_revenue": pgettext_lazy("part", "revenue won from these leads by now"),
    "cost": pgettext_lazy("part", "cost of sales and marketing"),
    "customers_lost": pgettext_lazy("part", "customers lost"),
    "customers_at_start": pgettext_lazy("part", "customers at the start"),
    "margin_revenue": pgettext_lazy("part", "yearly gross margin × days of each contract"),
    "customer_years": pgettext_lazy("part", "days on which customers were covered"),
}


def part_words(kpi: AnyKpi, term: Term, labels: Mapping[str, str]) -> str:
    """What a term is called within a sentence. labels: of the KPIs that are one term each, by the term's key."""
    if term.key in WORDS:
        return str(WORDS[term.key])
    if term.key in labels:
        return in_sentence(labels[term.key])
    if isinstance(kpi, RatioKpi):
        return _side_words(kpi, term)
    return in_sentence(str(kpi.label))


def _side_words(kpi: RatioKpi, term: Term) -> str:
    """Of a KPI that the organisation made: an average takes both sides from the same records."""
    above, below = kpi.numerator, kpi.denominator
    match above, below:
        case Measure(), Measure() if (above.fact, above.day, above.where) == (below.fact, below.day, below.where):
            return gettext("sum over the records") if term is above else gettext("number of the records")
    return gettext("what counts above the line") if term is above else gettext("what counts below the line")


def counted(*, adds: bool) -> str:
    return gettext("The sum of what the records below add") if adds else gettext("The number of the records below")


def choose_factor() -> str:
    return gettext("Choose a factor to see how it is made, and its records.")


def at_the_end(day: str) -> str:
    return gettext("at the end of %(day)s") % {"day": day}


def share_of(above: Decimal, below: Decimal) -> str:
    return gettext("%(part)s of %(whole)s") % {"part": formats.number(above), "whole": formats.number(below)}


def whose(name: str, member: str) -> str:
    return gettext("%(member)s within %(whole)s") % {"member": member, "whole": name} if member else name


# The list ------------------------------------------------------------------------------------------

def list_title(part: str, when: str, *, left: bool) -> str:
    values = {"part": part, "when": when}
    return gettext("Left out of %(part)s, %(when)s") % values if left else gettext("Counted as %(part)s, %(when)s") % values


def listed_here() -> str:
    return gettext("Listed here")


def not_listed() -> str:
    return gettext("Not listed, because of the filters")


def not_yours() -> str:
    return gettext("Not yours to see")


def in_all() -> str:
    return gettext("In all, as in the figure")


# Notes ---------------------------------------------------------------------------------------------

def standing(span: Period) -> str:
    """What a stock counts."""
    return gettext("Deals that came in by %(day)s and were not closed by then.") % {"day": formats.day(span.last)}


def not_settled(cycle: int | None) -> str:
    if cycle is None:
        return gettext("Not settled yet: how long a sale usually takes is not known, as no deal was won in the last 12 months.")
    return ngettext(
        "Not settled yet: a sale usually takes %(days)s day, and the last records of this period have not had that long.",
        "Not settled yet: a sale usually takes %(days)s days, and the last records of this period have not had that long.", cycle,
    ) % {"days": formats.number(cycle)}


def settled(cycle: int) -> str:
    return ngettext(
        "Settled: all records of this period have had the %(days)s day that a sale usually takes.",
        "Settled: all records of this period have had the %(days)s days that a sale usually takes.", cycle,
    ) % {"days": formats.number(cycle)}


def median(value: Decimal | None, text: str) -> str:
    """Beside the mean."""
    return gettext("Half of them took no longer than %(median)s (the median); the mean is %(mean)s.") % {
        "median": formats.days(value), "mean": text,
    }


def begins_at_opening() -> str:
    return gettext("Where no first contact is recorded, the days count from the deal's opening.")


def limited(found: FactorValue, organisation: Organisation) -> str:
    """Why a factor is reckoned with another value than its own."""
    if found.factor.limit is Limit.ONE_OR_MORE:
        return gettext("A sales cycle of less than one day counts as one day.")
    years = Decimal(organisation.most_customer_years)
    values = {"years": formats.number(years, 0 if years == years.to_integral_value() else 1)}
    if found.value.value is None:
        return gettext(
            "No customer was lost in these 12 months, so the lifetime is limited to %(years)s years, a setting of the organisation."
        ) % values
    values["found"] = formats.number(found.value.value, 1)
    return gettext(
        "1 ÷ yearly churn would be %(found)s years; the lifetime is limited to %(years)s years, a setting of the organisation."
    ) % values


def compared(now: Period, before: Period | None, *, running: bool) -> str:
    values = {"now": formats.day_range(now), "before": formats.day_range(before) if before else ""}
    if before is None:
        return gettext("There are no days before %(now)s to compare with.") % values
    if running:
        return gettext("%(now)s, compared with as many working days before: %(before)s.") % values
    return gettext("%(now)s, compared with %(before)s.") % values


def lagged(days: int) -> str:
    return ngettext(
        "The costs are those of %(days)s day earlier, as long as a sale usually takes: a setting of the organisation.",
        "The costs are those of %(days)s days earlier, as long as a sale usually takes: a setting of the organisation.", days,
    ) % {"days": formats.number(days)}


def days(value: Decimal) -> str:
    """With the decimals that it takes to reckon with them."""
    return ngettext("%(days)s day", "%(days)s days", 2) % {"days": formats.number(value, 2)}


def need(win_rate: Decimal, months: int) -> str:
    """How much coverage it takes."""
    return ngettext(
        "Needed is %(need)s ×: 1 ÷ %(rate)s, the win rate of the last %(months)s month.",
        "Needed is %(need)s ×: 1 ÷ %(rate)s, the win rate of the last %(months)s months.", months,
    ) % {"need": formats.number(1 / win_rate, 1), "rate": formats.percent(win_rate), "months": formats.number(months)}


def payback(months: Decimal, cost: str, margin: str) -> str:
    return gettext("A new customer pays back after %(months)s months: %(cost)s ÷ (%(margin)s ÷ 12).") % {
        "months": formats.number(months, 1), "cost": cost, "margin": margin,
    }


def so_far(span: Period) -> str:
    return gettext("What lies after today does not count yet: up to %(day)s.") % {"day": formats.day(span.last)}


# Where there is no value ---------------------------------------------------------------------------

def not_begun(span: Period) -> str:
    return gettext("There is no value: the period begins on %(day)s.") % {"day": formats.day(span.start)}


def nothing_below(label: str) -> str:
    return gettext("There is no value: nothing to divide by, for %(part)s: none.") % {"part": label}


def no_goal() -> str:
    return gettext("There is no value: no revenue goal is set for exactly this period.")


def target_reached() -> str:
    return gettext("There is no value, because the revenue goal is reached: nothing is missing any more.")


def new() -> str:
    return gettext("There is no percentage: there was nothing before, so all of it is new.")


def below_nothing(difference: str) -> str:
    return gettext("There is no percentage, as there was less than nothing before; the difference is %(difference)s.") % {
        "difference": difference,
    }


def factor_missing(label: str) -> str:
    return gettext("There is no value, because a factor has none: %(factor)s.") % {"factor": label}
