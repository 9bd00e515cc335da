"""How each KPI moves sales velocity, and how people move the KPI. A KPI that has no words of its own here gets those of its levers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis.metrics import AnyKpi, Direction, Lever


@dataclass(frozen=True, slots=True)
class Guidance:
    """moves: one sentence, how it moves sales velocity; empty where it moves no factor of it. influence: what to do about it."""

    moves: Any
    influence: Any


GUIDANCE: Mapping[str, Guidance] = {
    "calls": Guidance(
        _("Each call may become a conversation, and some conversations become opportunities."),
        _("Keep fixed hours for calling, and make the list of companies the day before."),
    ),
    "emails": Guidance(
        _("E-mails that are answered become meetings, and meetings become opportunities."),
        _("Write to fewer people about what happens in their company, rather than one text to many."),
    ),
    "conversations": Guidance(
        _("Only a person who was reached can say yes to a meeting; more conversations make more opportunities."),
        _("Call when people answer, and vary the hours of your attempts."),
    ),
    "social_touches": Guidance(
        _("People who know your name take the call, so that more companies become opportunities."),
        _("Comment on what prospects write before you contact them."),
    ),
    "referrals_asked": Guidance(
        _("A company to which we were recommended opens the door, and becomes an opportunity more easily."),
        _("Ask each satisfied customer for one name when the delivery is done."),
    ),
    "companies_added": Guidance(
        _("New companies are where the next opportunities come from."),
        _("Add companies that look like your best customers, above all where something has just changed."),
    ),
    "contacts_added": Guidance(
        _("More people in a company make it likelier to find who needs the offer and who decides."),
        _("Find at least three persons in each company: who uses, who pays, who decides."),
    ),
    "meetings_booked": Guidance(
        _("Every opportunity begins with a meeting; more booked meetings make more opportunities."),
        _("Propose two times in every conversation, and book while the person is still on the phone."),
    ),
    "first_meetings_held": Guidance(
        _("A first meeting that takes place is where an opportunity begins."),
        _("Confirm the day before, and say what the other side gets out of the meeting."),
    ),
    "follow_up_meetings_held": Guidance(
        _("Each follow-up takes the deal a step on: it is won more often, and sooner."),
        _("Never leave a meeting without a date for the next one."),
    ),
    "proposals_sent": Guidance(
        _("Nothing is won without a proposal: each one turns an opportunity into a yes or no."),
        _("Send it within two days, and go through it together instead of waiting for an answer."),
    ),
    "inbound_leads": Guidance(
        _("People who ask by themselves become opportunities without prospecting."),
        _("Marketing brings them in; agree with them on what a good lead is, and call back the same day."),
    ),
    "qualified_leads": Guidance(
        _("A qualified lead is nearly an opportunity: only the deal has to be opened."),
        _("Ask early about need, budget, decision and time; let go what has none of them."),
    ),
    "opportunities_created": Guidance(
        _("It is the first factor itself: what is opened now can be won later."),
        _("Open a deal as soon as there is a need and somebody who decides, and not before."),
    ),
    "deals_won": Guidance(
        _("More of the opportunities that are open end in a yes."),
        _("Look at the step before: more opportunities, or a better win rate."),
    ),
    "deals_lost": Guidance(
        _("Each deal that is lost lowers the win rate; one that is lost late has cost the most."),
        _("Write down why, and let go early what cannot be won."),
    ),
    "revenue": Guidance(
        _("It is what sales velocity brings in: opportunities that are won, times their value."),
        _("Nobody does revenue: choose the factor that is weakest, and an activity that moves it."),
    ),
    "new_customers": Guidance(
        _("Companies that buy for the first time come from new opportunities that are won."),
        _("Keep time for companies that have never bought; the ones you know fill every week by themselves."),
    ),
    "win_rate": Guidance(
        _("It is the second factor itself: the same opportunities bring in more."),
        _("Work on fewer, better qualified deals, and meet everybody who decides."),
    ),
    "win_rate_cohort": Guidance(
        _("It is the win rate of what was opened, deals still open included: it shows whether better opportunities are let in."),
        _("Qualify harder before a deal is opened, and decide what becomes of old ones."),
    ),
    "stage_conversion": Guidance(
        _("The win rate is the product of these steps: the weakest one holds back all others."),
        _("Find the stage at which most deals stop, and agree on what must be known before it."),
    ),
    "meeting_hit_rate": Guidance(
        _("The more of the first meetings end in a deal, the higher the win rate."),
        _("Meet companies for which the time is right, and prepare each meeting."),
    ),
    "contact_hit_rate": Guidance(
        _("The more of the companies that were contacted buy, the fewer contacts a target needs."),
        _("Choose companies that look like those that bought before, and try more than once."),
    ),
    "lead_conversion": Guidance(
        _("The more of the qualified leads become customers, the more each lead is worth."),
        _("Hand a lead over within the day, with what was said, to somebody who has time for it."),
    ),
    "show_rate": Guidance(
        _("A meeting that does not take place is an opportunity that was nearly there."),
        _("Send an agenda, remind the day before, and book soon: the longer the wait, the more is cancelled."),
    ),
    "average_deal_value": Guidance(
        _("It is the third factor itself: the same number of deals brings in more."),
        _("Choose companies of the right size, offer the whole solution, and explain a price before you lower it."),
    ),
    "annual_contract_value": Guidance(
        _("What a contract brings in a year is the part of the deal value that comes again."),
        _("Offer subscriptions and longer terms before one-time work."),
    ),
    "sales_cycle_days": Guidance(
        _("It is the fourth factor itself: a cycle that is a tenth shorter makes velocity a ninth higher."),
        _("Find companies when the time is right, agree on dates for each step, and bring in who decides early."),
    ),
    "cac": Guidance(
        _("All factors of velocity move it: the same cost wins more customers."),
        _("Put money and time where new customers come from, and stop what brings none."),
    ),
    "clv": Guidance(
        _("Larger deals raise it, and so does keeping the customers."),
        _("Keep the customers you have, and sell more of what they can use."),
    ),
    "clv_to_cac": Guidance(
        _("All factors of velocity move it through the cost of a customer, and deal value through what the customer is worth."),
        _("Below 3, find out whether winning costs too much or customers leave too soon; far above it, grow faster."),
    ),
    "revenue_per_inbound_lead": Guidance(
        _("It says how much of the interest that marketing wakes becomes deals, and how large they are."),
        _("Share with marketing which sources became revenue, and answer leads the same day."),
    ),
    "sales_growth": Guidance(
        _("It is the change of what all four factors bring in."),
        _("Look which of the four factors changed, and act on that one."),
    ),
    "sales_growth_ytd": Guidance(
        _("It is the change of what all four factors bring in, over the year so far."),
        _("Look which of the four factors changed since last year, and act on that one."),
    ),
    "sales_velocity": Guidance(
        _("It is the product itself: opportunities × win rate × deal value ÷ cycle."),
        _("Improve the factor that is furthest below your own best, not all four at once."),
    ),
    "open_pipeline": Guidance(
        _("It is what the opportunities of today are worth together."),
        _("Open enough new deals each week to replace those that are closed, and close the dead ones."),
    ),
    "weighted_pipeline": Guidance(
        _("It is what the open deals are worth at the win rates of their stages: more of them, larger, and further on."),
        _("Bring deals on to the next stage; adding early ones hardly changes it."),
    ),
    "pipeline_coverage": Guidance(
        _("It says whether there are enough opportunities for what is still missing to the target."),
        _("If it is below the need, prospect now: in a cycle's time it is too late."),
    ),
    "churn_rate": Guidance(
        "",
        _("Call customers well before their contract ends, and those who have gone quiet first."),
    ),
}

_LEVER_UP = {
    Lever.OPPORTUNITIES: _("More of it means more open opportunities."),
    Lever.WIN_RATE: _("More of it means that more of the opportunities are won."),
    Lever.DEAL_VALUE: _("More of it means that each deal is worth more."),
    Lever.CYCLE: _("More of it means that deals are closed sooner."),
}
_LEVER_DOWN = {
    Lever.OPPORTUNITIES: _("Less of it means more open opportunities."),
    Lever.WIN_RATE: _("Less of it means that more of the opportunities are won."),
    Lever.DEAL_VALUE: _("Less of it means that each deal is worth more."),
    Lever.CYCLE: _("Less of it means that deals are closed sooner."),
}
MOVES_NOTHING = _("It moves no factor of sales velocity directly.")
LOOK_AT_PARTS = _("Look at its parts and the records behind it, and find the part that is weakest.")


def moves(kpi: AnyKpi) -> str:
    """How the KPI moves sales velocity, in a sentence or two."""
    known = GUIDANCE.get(kpi.key)
    if known is not None and known.moves:
        return str(known.moves)
    sentences = _LEVER_UP if kpi.direction is Direction.UP else _LEVER_DOWN
    return " ".join(str(sentences[lever]) for lever in Lever if lever in kpi.levers) or str(MOVES_NOTHING)


def influence(kpi: AnyKpi) -> str:
    """What people can do about the KPI."""
    known = GUIDANCE.get(kpi.key)
    return str(known.influence if known is not None else LOOK_AT_PARTS)
