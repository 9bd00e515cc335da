"""What to measure people on: a small set for each job, with reasons; and what is wrong with what somebody is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpi_tracker.kpis.measures import Fact, Measure
from kpi_tracker.kpis.metrics import AnyKpi, Category, Owner, SimpleKpi, SubjectKind

# More than this nobody keeps in mind.
MOST_KPIS = 7


class Job(StrEnum):
    """What somebody does in the sales process. It is not the role that says what a member of the organisation may see."""

    PROSPECTOR = "prospector"
    CLOSER = "closer"
    FULL_CYCLE = "full_cycle"
    MANAGER = "manager"
    MANAGEMENT = "management"

    @property
    def label(self) -> Any:
        return _JOB_LABELS[self]

    @property
    def does(self) -> Any:
        return _JOB_DOES[self]

    @property
    def subject(self) -> SubjectKind:
        """Whom the goals of such a person are for."""
        return _JOB_SUBJECTS.get(self, SubjectKind.REP)


_JOB_LABELS = {
    Job.PROSPECTOR: pgettext_lazy("job", "Prospector"),
    Job.CLOSER: pgettext_lazy("job", "Closer"),
    Job.FULL_CYCLE: pgettext_lazy("job", "Full cycle"),
    Job.MANAGER: pgettext_lazy("job", "Sales manager"),
    Job.MANAGEMENT: pgettext_lazy("job", "Management"),
}
_JOB_DOES = {
    Job.PROSPECTOR: _("Finds companies, talks to people and books meetings for others."),
    Job.CLOSER: _("Takes the meetings that others have booked, and closes the deals."),
    Job.FULL_CYCLE: _("Does all of it: finds companies, books and takes the meetings, closes the deals."),
    Job.MANAGER: _("Leads a team: sees early whether it will make its target, and helps where a step is weak."),
    Job.MANAGEMENT: _("Answers for whether the way of selling pays, and can grow."),
}
_JOB_SUBJECTS = {Job.MANAGER: SubjectKind.TEAM, Job.MANAGEMENT: SubjectKind.ORGANISATION}


# By these the job of a rep is told: what somebody found, and what somebody closed.
FINDING = ("companies_added", "contacts_added", "qualified_leads")
CLOSING = ("deals_won", "deals_lost")


def job_of(kind: SubjectKind, *, found: int = 0, closed: int = 0) -> Job:
    """Whose goals these are. A rep's job is told by what was found and closed lately; where neither tells, it may be all of it.

    Who found less than one company, contact or lead for four deals got most of them from others.
    """
    match kind:
        case SubjectKind.ORGANISATION:
            return Job.MANAGEMENT
        case SubjectKind.TEAM:
            return Job.MANAGER
        case SubjectKind.REP | SubjectKind.CUSTOMER:
            if found and not closed:
                return Job.PROSPECTOR
            return Job.CLOSER if found * 4 < closed else Job.FULL_CYCLE
        case _:
            assert_never(kind)


def is_work(kpi: AnyKpi) -> bool:
    """Whether somebody can just do it, tomorrow: calls, conversations, meetings, proposals."""
    if kpi.category is Category.ACTIVITY:
        return True
    return isinstance(kpi, SimpleKpi) and isinstance(kpi.measure, Measure) and kpi.measure.fact is Fact.ACTIVITY


def can_move(job: Job, kpi: AnyKpi) -> bool:
    """Whether such a person can move the KPI in the daily work, by who owns it and for whom it is measured."""
    if job.subject not in kpi.subjects:
        return False
    match job:
        case Job.PROSPECTOR:
            return kpi.owner is Owner.PROSPECTOR
        case Job.CLOSER:
            return kpi.owner is Owner.CLOSER or kpi.category is Category.ACTIVITY
        case Job.FULL_CYCLE:
            return kpi.owner is not Owner.MANAGEMENT
        case Job.MANAGER | Job.MANAGEMENT:
            return True
        case _:
            assert_never(job)


# Of what each can move: what tells the most, with the reason. Activities first, then what follows from them.
PROPOSED: Mapping[Job, Mapping[str, Any]] = {
    Job.PROSPECTOR: {
        "conversations": _("It is what the day is for. Calls alone reward dialling; only somebody who was reached can say yes."),
        "companies_added": _("A list that nobody renews runs dry, and the next meetings come from companies that are new to us."),
        "referrals_asked": _("A recommended company meets us sooner. Asking costs a minute, and is forgotten unless it is counted."),
        "meetings_booked": _("It is what the others live on, and wholly in the prospector's own hands."),
        "show_rate": _("A meeting that is booked but not held helps nobody; it says whether they are booked well."),
        "qualified_leads": _("It keeps the meetings good: a meeting with nobody who needs the offer helps nobody."),
    },
    Job.CLOSER: {
        "first_meetings_held": _("It is where a deal begins, and the activity that everything else on this list follows from."),
        "proposals_sent": _("Nothing is won without one, and it falls weeks before revenue does."),
        "win_rate": _("It says how good the work in the meetings is, however many of them others book."),
        "average_deal_value": _("It says whether time goes to the right companies, and whether prices hold."),
        "sales_cycle_days": _("A deal that is not kept moving takes the time of the next one."),
        "revenue": _("It is what the work is for; beside the others it says what, and they say why."),
    },
    Job.FULL_CYCLE: {
        "conversations": _("When deals need attention, prospecting stops first; the gap shows a cycle later."),
        "meetings_booked": _("It fills the person's own calendar for the weeks to come."),
        "first_meetings_held": _("It is the link between finding and closing: booked is not met."),
        "meeting_hit_rate": _("It says whether the meetings are the right ones, and well led: deals won for each company met."),
        "average_deal_value": _("It says whether the companies that were chosen are the right ones."),
        "sales_cycle_days": _("It gets shorter when companies are met at the right time and deals are kept moving."),
        "revenue": _("It is what the work is for; beside the others it says what, and they say why."),
    },
    Job.MANAGER: {
        "revenue": _("It is what the team owes this month."),
        "pipeline_coverage": _("It says early whether the target can still be made with the deals that are open."),
        "first_meetings_held": _("It is the activity that says most about the next quarter; here help still comes in time."),
        "stage_conversion": _("It says at which step the team loses deals, and so what to train."),
        "win_rate": _("It says whether the team works on the right deals."),
        "sales_cycle_days": _("It says whether deals move on, or are only kept."),
        "sales_velocity": _("It puts the four factors into one figure: money per day, at the pace of today."),
    },
    Job.MANAGEMENT: {
        "sales_velocity": _("It is what the whole sales organisation brings in a day; the four factors say why it changed."),
        "sales_growth_ytd": _("It says where the year goes, without the noise of single months."),
        "cac": _("It says what a new customer costs, salaries included; a model that buys its customers too dearly cannot grow."),
        "clv_to_cac": _("A customer must be worth more than it costs to win one; the pay-back time says how much money growth ties up."),
        "churn_rate": _("Customers who leave have to be won again before anything grows."),
        "revenue_per_inbound_lead": _("It says which interest becomes revenue, and ties marketing to sales."),
    },
}


@dataclass(frozen=True, slots=True)
class Proposal:
    kpi: AnyKpi
    reason: str


def proposed(job: Job, kpis: Iterable[AnyKpi]) -> list[Proposal]:
    """The set for `job` out of `kpis`: those that such a person can move, in the order in which work leads to results."""
    known = {kpi.key: kpi for kpi in kpis if can_move(job, kpi)}
    return [Proposal(known[key], str(reason)) for key, reason in PROPOSED[job].items() if key in known]


class CautionKind(StrEnum):
    TOO_MANY = "too_many"
    OUT_OF_REACH = "out_of_reach"
    RESULTS_ONLY = "results_only"


@dataclass(frozen=True, slots=True)
class Caution:
    """What is wrong with what somebody is measured on.

    kpis: of OUT_OF_REACH the ones that cannot be moved, else all. instead: of TOO_MANY those to keep, else what to measure on
    instead or as well.
    """

    kind: CautionKind
    kpis: tuple[AnyKpi, ...]
    instead: tuple[AnyKpi, ...] = ()


def cautions(job: Job, own: Sequence[AnyKpi], shared: Sequence[AnyKpi] = (), *, offered: Iterable[AnyKpi]) -> list[Caution]:
    """own: the KPIs of the person's own goals; shared: of the team's; offered: the organisation's KPIs, to propose from.

    A team or a person without goals of their own gets none.
    """
    if not own:
        return []
    measured = list({kpi.key: kpi for kpi in (*own, *shared)}.values())
    keys = {kpi.key for kpi in measured}
    small = [one.kpi for one in proposed(job, offered)]
    found = []
    if out := tuple(kpi for kpi in {kpi.key: kpi for kpi in own}.values() if not can_move(job, kpi)):
        within = [kpi for kpi in small if kpi.key not in keys]
        found.append(Caution(CautionKind.OUT_OF_REACH, out, _nearest(out, within)))
    if len(measured) > MOST_KPIS:
        found.append(Caution(CautionKind.TOO_MANY, tuple(measured), tuple(kpi for kpi in small if kpi.key in keys)))
    if job is not Job.MANAGEMENT and not any(is_work(kpi) for kpi in measured):
        found.append(Caution(CautionKind.RESULTS_ONLY, tuple(measured), tuple(kpi for kpi in small if is_work(kpi))))
    return found


def _nearest(out: Sequence[AnyKpi], within: Sequence[AnyKpi]) -> tuple[AnyKpi, ...]:
    """Of what the person can move, what moves the same factors of sales velocity; anything else where nothing does."""
    wanted = frozenset[Any]().union(*(kpi.levers for kpi in out))
    near = [kpi for kpi in within if kpi.levers & wanted]
    return tuple(near or within)[:2]
