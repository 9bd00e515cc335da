"""Every built-in KPI, one block each. What a number means is said here and nowhere else."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis.measures import Agg, Fact, Measure, Once, Quantity, Requirement, Unit
from kpi_tracker.kpis.metrics import AnyKpi, Category, Direction, GrowthKpi, Owner, RatioKpi, SimpleKpi

ACTIVITY_DATE = _("activity date")
CREATED_DATE = _("created date")
CLOSED_DATE = _("closed date")

NO_AMOUNT = Requirement(Q(amount__isnull=False), _("no amount"))
NO_RATE = Requirement(None, _("no exchange rate on that day"))
NO_CUSTOMER = Requirement(Q(customer__isnull=False), _("no customer"))
NO_START = Requirement(Q(first_contact_on__isnull=False) | Q(opened_on__isnull=False), _("neither first contact nor opening known"))
BACKWARDS = Requirement(
    Q(first_contact_on__isnull=True, opened_on__lte=F("closed_on")) | Q(first_contact_on__lte=F("closed_on")),
    _("closed before it began"),
)


NOT_DONE = ["planned", "cancelled"]


def activities(key: str, where: Q) -> Measure:
    """Actions that were taken: one that is only planned, or was cancelled, is none."""
    return Measure(key=key, fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=where & ~Q(outcome__in=NOT_DONE))


def closed_deals(key: str, where: Q, requires: tuple[Requirement, ...] = ()) -> Measure:
    return Measure(key=key, fact=Fact.DEAL, day="closed_on", rep="closed_by_id", where=where, requires=requires)


# Activity ------------------------------------------------------------------------------------------

CALLS = SimpleKpi(
    key="calls", label=_("Calls"), description=_("Calls made."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, measure=activities("calls", Q(kind="call")),
)
EMAILS = SimpleKpi(
    key="emails", label=_("E-mails"), description=_("E-mails sent."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, measure=activities("emails", Q(kind="email")),
)
CONVERSATIONS = SimpleKpi(
    key="conversations", label=_("Conversations"), description=_("Calls or meetings in which the person was reached."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT,
    measure=activities("conversations", Q(kind__in=["call", "meeting"], outcome="reached")),
)
SOCIAL_TOUCHES = SimpleKpi(
    key="social_touches", label=_("Social touches"), description=_("Social-selling actions."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, measure=activities("social_touches", Q(kind="social")),
)
REFERRALS_ASKED = SimpleKpi(
    key="referrals_asked", label=_("Referrals asked"), description=_("Times a customer was asked for a referral."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, measure=activities("referrals_asked", Q(kind="referral")),
)
COMPANIES_ADDED = SimpleKpi(
    key="companies_added", label=_("Companies added"), description=_("Companies new to the database; one per business id."),
    clock=CREATED_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT,
    measure=Measure(key="companies_added", fact=Fact.CUSTOMER, day="created_on", rep="added_by_id"),
)
CONTACTS_ADDED = SimpleKpi(
    key="contacts_added", label=_("Contacts added"), description=_("Contact persons new to the database."), clock=CREATED_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT,
    measure=Measure(key="contacts_added", fact=Fact.CONTACT, day="created_on", rep="added_by_id"),
)

# Result --------------------------------------------------------------------------------------------

MEETINGS_BOOKED = SimpleKpi(
    key="meetings_booked", label=_("Meetings booked"), description=_("Meetings booked, whatever became of them later."),
    clock=_("booking date"),
    category=Category.RESULT, owner=Owner.PROSPECTOR, unit=Unit.COUNT,
    measure=Measure(key="meetings_booked", fact=Fact.ACTIVITY, day="booked_on", rep="rep_id", where=Q(kind="meeting")),
)
MEETING_HELD = Q(kind="meeting", outcome="reached")
FIRST_MEETINGS_HELD = SimpleKpi(
    key="first_meetings_held", label=_("First meetings held"), description=_("First meetings that took place with a company."),
    clock=_("meeting date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT,
    measure=Measure(key="first_meetings_held", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETING_HELD,
                    requires=(NO_CUSTOMER,), once=Once(per="customer_id")),
)
FOLLOW_UP_MEETINGS_HELD = SimpleKpi(
    key="follow_up_meetings_held", label=_("Follow-up meetings held"), description=_("Later meetings that took place with a company."),
    clock=_("meeting date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT,
    measure=Measure(key="follow_up_meetings_held", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETING_HELD,
                    requires=(NO_CUSTOMER,), once=Once(per="customer_id", later=True)),
)
PROPOSALS_SENT = SimpleKpi(
    key="proposals_sent", label=_("Proposals sent"), description=_("Proposals (offers) sent."), clock=_("sent date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, measure=activities("proposals_sent", Q(kind="proposal")),
)
INBOUND_LEADS = SimpleKpi(
    key="inbound_leads", label=_("Inbound leads"), description=_("New inbound leads; a company counts again after 90 days without one."),
    clock=CREATED_DATE, category=Category.RESULT, owner=Owner.MANAGEMENT, unit=Unit.COUNT,
    measure=Measure(key="inbound_leads", fact=Fact.LEAD, day="created_on", rep="rep_id", where=Q(direction="inbound"),
                    once=Once(per="company_key", days=90)),
)
QUALIFIED_LEADS = SimpleKpi(
    key="qualified_leads", label=_("Qualified leads"),
    description=_("Leads that first became sales-qualified; later changes of status do not move them."),
    clock=_("first qualified"), category=Category.RESULT, owner=Owner.PROSPECTOR, unit=Unit.COUNT,
    measure=Measure(key="qualified_leads", fact=Fact.LEAD, day="qualified_on", rep="rep_id"),
)
OPPORTUNITIES_CREATED = SimpleKpi(
    key="opportunities_created", label=_("Opportunities created"), description=_("Deals opened."), clock=_("opened date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT,
    measure=Measure(key="opportunities_created", fact=Fact.DEAL, day="opened_on", rep="opened_by_id"),
)
DEALS_WON = SimpleKpi(
    key="deals_won", label=_("Deals won"), description=_("Deals closed as won."), clock=CLOSED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, measure=closed_deals("deals_won", Q(status="won")),
)
DEALS_LOST = SimpleKpi(
    key="deals_lost", label=_("Deals lost"), description=_("Deals closed as lost."), clock=CLOSED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, direction=Direction.DOWN,
    measure=closed_deals("deals_lost", Q(status="lost")),
)
REVENUE = SimpleKpi(
    key="revenue", label=_("Revenue"), description=_("Amount of deals won."), clock=CLOSED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.MONEY,
    measure=Measure(key="revenue", fact=Fact.DEAL, day="closed_on", rep="closed_by_id", agg=Agg.SUM, quantity=Quantity.AMOUNT,
                    unit=Unit.MONEY, where=Q(status="won"), requires=(NO_AMOUNT, NO_RATE)),
)
NEW_CUSTOMERS = SimpleKpi(
    key="new_customers", label=_("New customers"), description=_("Companies with their first won deal ever."), clock=_("first won date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT,
    measure=Measure(key="new_customers", fact=Fact.DEAL, day="closed_on", rep="closed_by_id", where=Q(status="won"),
                    requires=(NO_CUSTOMER,), once=Once(per="customer_id")),
)

# Efficiency ----------------------------------------------------------------------------------------

DEALS_CLOSED = closed_deals("deals_closed", Q(status__in=["won", "lost"]))
DEALS_WON_WITH_AMOUNT = closed_deals("deals_won_with_amount", Q(status="won"), requires=(NO_AMOUNT, NO_RATE))
CYCLE_DAYS = Measure(key="cycle_days", fact=Fact.DEAL, day="closed_on", rep="closed_by_id", agg=Agg.SUM, quantity=Quantity.CYCLE_DAYS,
                     unit=Unit.DAYS, where=Q(status="won"), requires=(NO_START, BACKWARDS))
DEALS_WON_WITH_CYCLE = closed_deals("deals_won_with_cycle", Q(status="won"), requires=(NO_START, BACKWARDS))

WIN_RATE = RatioKpi(
    key="win_rate", label=_("Win rate"), description=_("Deals won ÷ deals closed (won and lost). Open deals are left out."),
    clock=CLOSED_DATE,
    category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.PERCENT, numerator=DEALS_WON.measure, denominator=DEALS_CLOSED,
)
AVERAGE_DEAL_VALUE = RatioKpi(
    key="average_deal_value", label=_("Average deal value"),
    description=_("Revenue ÷ deals won. Won deals without an amount are left out and listed."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.MONEY,
    numerator=REVENUE.measure, denominator=DEALS_WON_WITH_AMOUNT,
)
SALES_CYCLE_DAYS = RatioKpi(
    key="sales_cycle_days", label=_("Sales cycle"),
    description=_(
        "Days from first contact (from opening where none is recorded) to closing, mean of deals won, with the median beside it."
    ),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.DAYS, direction=Direction.DOWN,
    numerator=CYCLE_DAYS, denominator=DEALS_WON_WITH_CYCLE, median=True,
)

# Organisation --------------------------------------------------------------------------------------

SALES_GROWTH = GrowthKpi(
    key="sales_growth", label=_("Sales growth"),
    description=_("Change of revenue against the period before; a running period is compared with as many working days."),
    clock=CLOSED_DATE, category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.PERCENT, of=REVENUE,
)

CATALOGUE: tuple[AnyKpi, ...] = (
    CALLS, EMAILS, CONVERSATIONS, SOCIAL_TOUCHES, REFERRALS_ASKED, COMPANIES_ADDED, CONTACTS_ADDED,
    MEETINGS_BOOKED, FIRST_MEETINGS_HELD, FOLLOW_UP_MEETINGS_HELD, PROPOSALS_SENT, INBOUND_LEADS, QUALIFIED_LEADS,
    OPPORTUNITIES_CREATED, DEALS_WON, DEALS_LOST, REVENUE, NEW_CUSTOMERS,
    WIN_RATE, AVERAGE_DEAL_VALUE, SALES_CYCLE_DAYS, SALES_GROWTH,
)
