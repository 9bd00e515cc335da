"""Every built-in KPI, one block each. What a number means is said here and nowhere else."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis.facts import deals_won_after
from kpi_tracker.kpis.measures import (
    Agg,
    Aside,
    Direct,
    DirectKind,
    Fact,
    Measure,
    Once,
    Quantity,
    Requirement,
    Stock,
    Unit,
)
from kpi_tracker.kpis.metrics import (
    ORGANISATION_ONLY,
    PEOPLE,
    Against,
    AnyKpi,
    Category,
    Direction,
    Factor,
    FormulaKpi,
    GrowthKpi,
    Lever,
    Limit,
    Owner,
    RatioKpi,
    SimpleKpi,
    Window,
)
from kpi_tracker.sales.models import Stage, StageChange

ACTIVITY_DATE = _("activity date")
CREATED_DATE = _("created date")
OPENED_DATE = _("opened date")
CLOSED_DATE = _("closed date")
MEETING_DATE = _("meeting date")
FIRST_QUALIFIED = _("first qualified")
END_OF_PERIOD = _("end of the period")

MORE_OPPORTUNITIES = frozenset({Lever.OPPORTUNITIES})
BETTER_WIN_RATE = frozenset({Lever.WIN_RATE})
LARGER_DEALS = frozenset({Lever.DEAL_VALUE})
SHORTER_CYCLE = frozenset({Lever.CYCLE})
EVERY_LEVER = frozenset(Lever)

NO_AMOUNT_REASON = _("no amount")
NO_RATE_REASON = _("no exchange rate on that day")
NO_AMOUNT = Requirement(Q(amount__isnull=False), NO_AMOUNT_REASON)
NO_RATE = Requirement(None, NO_RATE_REASON)
NO_CUSTOMER = Requirement(Q(customer__isnull=False), _("no customer"))
NO_TERM = Requirement(Q(term_months__isnull=False), _("no term"))
NO_START = Requirement(Q(first_contact_on__isnull=False) | Q(opened_on__isnull=False), _("neither first contact nor opening known"))
BACKWARDS = Requirement(
    Q(first_contact_on__isnull=True, opened_on__lte=F("closed_on")) | Q(first_contact_on__lte=F("closed_on")),
    _("closed before it began"),
)
STILL_OPEN = Aside(Q(status="open"), _("still open"), day="opened_on", rep="owner_id")
NO_OPENING = Aside(Q(opened_on__isnull=True), _("no opening day"), rep="opened_by_id")
NOT_DONE = ["planned", "cancelled"]


def activities(key: str, where: Q) -> Measure:
    """Actions that were taken: one that is only planned, or was cancelled, is none."""
    asides = (
        Aside(where & Q(outcome="planned"), _("only planned"), day="occurred_on"),
        Aside(where & Q(outcome="cancelled"), _("cancelled"), day="occurred_on"),
    )
    return Measure(key=key, fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=where & ~Q(outcome__in=NOT_DONE), asides=asides)


def closed_deals(
    key: str, where: Q, requires: tuple[Requirement, ...] = (), *, quantity: Quantity | None = None, unit: Unit = Unit.COUNT,
    asides: tuple[Aside, ...] = (),
) -> Measure:
    return Measure(
        key=key, fact=Fact.DEAL, day="closed_on", rep="closed_by_id", where=where, requires=requires, quantity=quantity,
        agg=Agg.SUM if quantity else Agg.COUNT, unit=unit, asides=asides,
    )


def standing_deals(key: str, entered: str, requires: tuple[Requirement, ...], quantity: Quantity | None, unit: Unit) -> Stock:
    """Deals that have come in by the day `entered` and are not closed; held by the owner, once closed by who closed them."""
    known = Requirement(Q(**{f"{entered}__isnull": False}), _("no opening day"))
    in_order = Requirement(Q(closed_on__isnull=True) | Q(closed_on__gte=F(entered)), _("closed before it opened"))
    needs = (known, in_order, *requires)

    def flow(suffix: str, day: str, rep: str, where: Q) -> Measure:
        return Measure(
            key=f"{key}_{suffix}", fact=Fact.DEAL, day=day, rep=rep, where=where, requires=needs, rate_day=entered, quantity=quantity,
            agg=Agg.SUM if quantity else Agg.COUNT, unit=unit,
        )

    still, closed = Q(status="open"), ~Q(status="open")
    coming = (flow("open", entered, "owner_id", still), flow("since_closed", entered, "closed_by_id", closed))
    return Stock(key=key, unit=unit, inflows=coming, outflows=(flow("closed", "closed_on", "closed_by_id", closed),))


# Activity ------------------------------------------------------------------------------------------

CALLS = SimpleKpi(
    key="calls", label=_("Calls"), description=_("Calls made."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=activities("calls", Q(kind="call")),
)
EMAILS = SimpleKpi(
    key="emails", label=_("E-mails"), description=_("E-mails sent."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=activities("emails", Q(kind="email")),
)
CONVERSATIONS_MEASURE = activities("conversations", Q(kind__in=["call", "meeting"], outcome="reached"))
CONVERSATIONS = SimpleKpi(
    key="conversations", label=_("Conversations"), description=_("Calls or meetings in which the person was reached."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=CONVERSATIONS_MEASURE,
)
SOCIAL_TOUCHES = SimpleKpi(
    key="social_touches", label=_("Social touches"), description=_("Social-selling actions."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=activities("social_touches", Q(kind="social")),
)
REFERRALS_ASKED = SimpleKpi(
    key="referrals_asked", label=_("Referrals asked"), description=_("Times a customer was asked for a referral."), clock=ACTIVITY_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=activities("referrals_asked", Q(kind="referral")),
)
COMPANIES_ADDED = SimpleKpi(
    key="companies_added", label=_("Companies added"), description=_("Companies new to the database; one per business id."),
    clock=CREATED_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="companies_added", fact=Fact.CUSTOMER, day="created_on", rep="added_by_id"),
)
CONTACTS_ADDED = SimpleKpi(
    key="contacts_added", label=_("Contacts added"), description=_("Contact persons new to the database."), clock=CREATED_DATE,
    category=Category.ACTIVITY, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="contacts_added", fact=Fact.CONTACT, day="created_on", rep="added_by_id"),
)

# Result --------------------------------------------------------------------------------------------

MEETINGS_BOOKED = SimpleKpi(
    key="meetings_booked", label=_("Meetings booked"), description=_("Meetings booked, whatever became of them later."),
    clock=_("booking date"), category=Category.RESULT, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="meetings_booked", fact=Fact.ACTIVITY, day="booked_on", rep="rep_id", where=Q(kind="meeting")),
)
MEETING_HELD = Q(kind="meeting", outcome="reached")
FIRST_MEETING = Once(key="first_meeting", per=("customer_id",), reason=_("not the first meeting with the company"))
FIRST_MEETINGS_HELD = SimpleKpi(
    key="first_meetings_held", label=_("First meetings held"), description=_("First meetings that took place with a company."),
    clock=MEETING_DATE, category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="first_meetings_held", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETING_HELD,
                    requires=(NO_CUSTOMER,), once=FIRST_MEETING),
)
FOLLOW_UP_MEETINGS_HELD = SimpleKpi(
    key="follow_up_meetings_held", label=_("Follow-up meetings held"), description=_("Later meetings that took place with a company."),
    clock=MEETING_DATE, category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, levers=frozenset({Lever.WIN_RATE, Lever.CYCLE}),
    measure=Measure(key="follow_up_meetings_held", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETING_HELD,
                    requires=(NO_CUSTOMER,),
                    once=Once(key="later_meeting", per=("customer_id",), reason=_("the first meeting with the company"), later=True)),
)
PROPOSALS_SENT = SimpleKpi(
    key="proposals_sent", label=_("Proposals sent"), description=_("Proposals (offers) sent."), clock=_("sent date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, levers=BETTER_WIN_RATE,
    measure=activities("proposals_sent", Q(kind="proposal")),
)
INBOUND_LEADS = SimpleKpi(
    key="inbound_leads", label=_("Inbound leads"), description=_("New inbound leads; a company counts again after 90 days without one."),
    clock=CREATED_DATE, category=Category.RESULT, owner=Owner.MANAGEMENT, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="inbound_leads", fact=Fact.LEAD, day="created_on", rep="rep_id", where=Q(direction="inbound"),
                    once=Once(key="inbound_lead", per=("company_key",), days=90,
                              reason=_("the company had a lead within the 90 days before"))),
)
QUALIFIED_LEADS = SimpleKpi(
    key="qualified_leads", label=_("Qualified leads"),
    description=_("Leads that first became sales-qualified; later changes of status do not move them."),
    clock=FIRST_QUALIFIED, category=Category.RESULT, owner=Owner.PROSPECTOR, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="qualified_leads", fact=Fact.LEAD, day="qualified_on", rep="rep_id"),
)
OPPORTUNITIES_CREATED = SimpleKpi(
    key="opportunities_created", label=_("Opportunities created"), description=_("Deals opened."), clock=OPENED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=Measure(key="opportunities_created", fact=Fact.DEAL, day="opened_on", rep="opened_by_id", asides=(NO_OPENING,)),
)
WON_MEASURE = closed_deals("deals_won", Q(status="won"))
DEALS_WON = SimpleKpi(
    key="deals_won", label=_("Deals won"), description=_("Deals closed as won."), clock=CLOSED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, levers=BETTER_WIN_RATE,
    measure=WON_MEASURE,
)
DEALS_LOST = SimpleKpi(
    key="deals_lost", label=_("Deals lost"), description=_("Deals closed as lost."), clock=CLOSED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, direction=Direction.DOWN, levers=BETTER_WIN_RATE,
    measure=closed_deals("deals_lost", Q(status="lost")),
)
REVENUE_MEASURE = closed_deals("revenue", Q(status="won"), (NO_AMOUNT, NO_RATE), quantity=Quantity.AMOUNT, unit=Unit.MONEY)
REVENUE = SimpleKpi(
    key="revenue", label=_("Revenue"), description=_("Amount of deals won."), clock=CLOSED_DATE,
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.MONEY, levers=frozenset({Lever.WIN_RATE, Lever.DEAL_VALUE}),
    measure=REVENUE_MEASURE,
)
NEW_CUSTOMERS = SimpleKpi(
    key="new_customers", label=_("New customers"), description=_("Companies with their first won deal ever."), clock=_("first won date"),
    category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, levers=frozenset({Lever.OPPORTUNITIES, Lever.WIN_RATE}),
    measure=Measure(key="new_customers", fact=Fact.DEAL, day="closed_on", rep="closed_by_id", where=Q(status="won"),
                    requires=(NO_CUSTOMER,),
                    once=Once(key="first_won", per=("customer_id",), reason=_("not the first deal won with the company"))),
)

# Efficiency ----------------------------------------------------------------------------------------

DEALS_CLOSED = closed_deals("deals_closed", Q(status__in=["won", "lost"]), asides=(STILL_OPEN,))
DEALS_WON_WITH_AMOUNT = closed_deals("deals_won_with_amount", Q(status="won"), (NO_AMOUNT, NO_RATE))
CYCLE_DAYS = closed_deals("cycle_days", Q(status="won"), (NO_START, BACKWARDS), quantity=Quantity.CYCLE_DAYS, unit=Unit.DAYS)
DEALS_WON_WITH_CYCLE = closed_deals("deals_won_with_cycle", Q(status="won"), (NO_START, BACKWARDS))

WIN_RATE = RatioKpi(
    key="win_rate", label=_("Win rate"), description=_("Deals won ÷ deals closed (won and lost). Open deals are left out."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.PERCENT, share=True, levers=BETTER_WIN_RATE,
    numerator=DEALS_WON.measure, denominator=DEALS_CLOSED,
)
WIN_RATE_COHORT = RatioKpi(
    key="win_rate_cohort", label=_("Win rate of deals opened"),
    description=_("Deals won by now ÷ all deals opened in the period. Not settled until the usual sales cycle has passed."),
    clock=OPENED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.PERCENT, share=True, levers=BETTER_WIN_RATE, cohort=True,
    numerator=Measure(key="opened_and_won", fact=Fact.DEAL, day="opened_on", rep="opened_by_id", where=Q(status="won")),
    denominator=OPPORTUNITIES_CREATED.measure,
)

ENTERED_BY = StageChange.objects.filter(organisation_id=OuterRef("organisation_id"), deal_id=OuterRef("deal_id"))
NEXT_STAGE = Stage.objects.filter(
    Q(position__gt=OuterRef("to_stage__position")) | Q(position=OuterRef("to_stage__position"), id__gt=OuterRef("to_stage_id")),
    organisation_id=OuterRef("organisation_id"), pipeline_id=OuterRef("to_stage__pipeline_id"), kind__in=["open", "won"],
).order_by("position", "id")
HAS_NEXT_STAGE = Q(to_stage__kind="open") & Q(Exists(NEXT_STAGE))
WENT_ON = Q(
    Exists(
        ENTERED_BY.filter(
            changed_at__gte=OuterRef("changed_at"),
            to_stage_id=Subquery(
                Stage.objects.filter(
                    Q(position__gt=OuterRef(OuterRef("to_stage__position")))
                    | Q(position=OuterRef(OuterRef("to_stage__position")), id__gt=OuterRef(OuterRef("to_stage_id"))),
                    organisation_id=OuterRef(OuterRef("organisation_id")), pipeline_id=OuterRef(OuterRef("to_stage__pipeline_id")),
                    kind__in=["open", "won"],
                ).order_by("position", "id").values("id")[:1]
            ),
        )
    )
)
FIRST_ENTRY = Once(
    key="first_entry", per=("deal_id", "to_stage_id"), order="changed_at", reason=_("the deal had been in the stage before")
)
STAGE_CONVERSION = RatioKpi(
    key="stage_conversion", label=_("Stage conversion"),
    description=_("Deals that later entered the next stage ÷ deals that entered the stage; one value for each pair of stages."),
    clock=_("day the stage was entered"), category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.PERCENT, share=True,
    levers=BETTER_WIN_RATE, cohort=True,
    numerator=Measure(key="stages_passed", fact=Fact.STAGE, day="changed_on", rep="rep_id", where=HAS_NEXT_STAGE, once=FIRST_ENTRY,
                      only=WENT_ON),
    denominator=Measure(key="stages_entered", fact=Fact.STAGE, day="changed_on", rep="rep_id", where=HAS_NEXT_STAGE, once=FIRST_ENTRY),
)
MEETING_HIT_RATE = RatioKpi(
    key="meeting_hit_rate", label=_("Deals won per first meeting"),
    description=_("Deals won later with the companies first met in the period ÷ first meetings held."),
    clock=MEETING_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.PERCENT, levers=BETTER_WIN_RATE, cohort=True,
    numerator=Measure(key="won_after_first_meeting", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETING_HELD,
                      requires=(NO_CUSTOMER,), once=FIRST_MEETING, only=Q(Exists(deals_won_after())), agg=Agg.SUM,
                      quantity=Quantity.DEALS_WON_AFTER),
    denominator=FIRST_MEETINGS_HELD.measure,
)
CONTACT_MADE = ~Q(kind="other") & ~Q(outcome__in=NOT_DONE)
FIRST_CONTACT = Once(key="first_contact", per=("customer_id",), reason=_("not the first contact with the company"))
CONTACT_HIT_RATE = RatioKpi(
    key="contact_hit_rate", label=_("Companies won per first contact"),
    description=_("Companies that bought later ÷ companies first contacted in the period."),
    clock=_("first contact date"), category=Category.EFFICIENCY, owner=Owner.PROSPECTOR, unit=Unit.PERCENT, share=True,
    levers=frozenset({Lever.OPPORTUNITIES, Lever.WIN_RATE}), cohort=True,
    numerator=Measure(key="won_after_first_contact", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=CONTACT_MADE,
                      requires=(NO_CUSTOMER,), once=FIRST_CONTACT, only=Q(Exists(deals_won_after()))),
    denominator=Measure(key="first_contacts", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=CONTACT_MADE,
                        requires=(NO_CUSTOMER,), once=FIRST_CONTACT),
)
LEAD_CONVERSION = RatioKpi(
    key="lead_conversion", label=_("Lead conversion"),
    description=_("Leads converted by now, to a deal or customer, ÷ leads first qualified in the period."),
    clock=FIRST_QUALIFIED, category=Category.EFFICIENCY, owner=Owner.PROSPECTOR, unit=Unit.PERCENT, share=True,
    levers=MORE_OPPORTUNITIES, cohort=True,
    numerator=Measure(key="leads_converted", fact=Fact.LEAD, day="qualified_on", rep="rep_id", where=Q(converted_on__isnull=False)),
    denominator=QUALIFIED_LEADS.measure,
)
MEETINGS_DUE = Q(kind="meeting") & ~Q(outcome="cancelled")
SHOW_RATE = RatioKpi(
    key="show_rate", label=_("Show rate"), description=_("Meetings held ÷ meetings that were due. Cancelled ones are left out."),
    clock=MEETING_DATE, category=Category.EFFICIENCY, owner=Owner.PROSPECTOR, unit=Unit.PERCENT, share=True, levers=MORE_OPPORTUNITIES,
    until_today=True,
    numerator=Measure(key="meetings_held", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETING_HELD),
    denominator=Measure(key="meetings_due", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=MEETINGS_DUE,
                        asides=(Aside(Q(kind="meeting", outcome="cancelled"), _("cancelled"), day="occurred_on"),)),
)
AVERAGE_DEAL_VALUE = RatioKpi(
    key="average_deal_value", label=_("Average deal value"),
    description=_("Revenue ÷ deals won. Won deals without an amount are left out and listed."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.MONEY, levers=LARGER_DEALS,
    numerator=REVENUE_MEASURE, denominator=DEALS_WON_WITH_AMOUNT,
)
ANNUAL_CONTRACT_VALUE = SimpleKpi(
    key="annual_contract_value", label=_("Annual contract value"),
    description=_("Of deals won, what recurs in a year: amount without the one-time part ÷ term in years (a shorter term counts as one)."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.MONEY, levers=LARGER_DEALS,
    measure=closed_deals("annual_contract_value", Q(status="won"), (NO_AMOUNT, NO_RATE, NO_TERM), quantity=Quantity.YEARLY_AMOUNT,
                         unit=Unit.MONEY),
)
SALES_CYCLE_DAYS = RatioKpi(
    key="sales_cycle_days", label=_("Sales cycle"),
    description=_(
        "Days from first contact (from opening where none is recorded) to closing, mean of deals won, with the median beside it."
    ),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.DAYS, direction=Direction.DOWN, levers=SHORTER_CYCLE,
    numerator=CYCLE_DAYS, denominator=DEALS_WON_WITH_CYCLE, median=True,
)

# Organisation --------------------------------------------------------------------------------------

OPEN_PIPELINE_STOCK = standing_deals("open_pipeline", "opened_on", (NO_AMOUNT, NO_RATE), Quantity.AMOUNT, Unit.MONEY)
OPEN_PIPELINE = SimpleKpi(
    key="open_pipeline", label=_("Open pipeline"), description=_("Amount of the deals that are open at the end of the period."),
    clock=END_OF_PERIOD, category=Category.ORGANISATION, owner=Owner.CLOSER, unit=Unit.MONEY, levers=MORE_OPPORTUNITIES,
    measure=OPEN_PIPELINE_STOCK,
)
WEIGHTED_PIPELINE = SimpleKpi(
    key="weighted_pipeline", label=_("Weighted pipeline"),
    description=_("Amount of the open deals, each times the share of deals won that had been in its stage."),
    clock=END_OF_PERIOD, category=Category.ORGANISATION, owner=Owner.CLOSER, unit=Unit.MONEY, levers=MORE_OPPORTUNITIES,
    measure=Direct(DirectKind.WEIGHTED_PIPELINE, Unit.MONEY),
)
PIPELINE_COVERAGE = RatioKpi(
    key="pipeline_coverage", label=_("Pipeline coverage"),
    description=_("Open pipeline expected to close in the period ÷ what is still missing of the revenue goal. Needed is 1 ÷ win rate."),
    clock=_("day expected to close"), category=Category.ORGANISATION, owner=Owner.CLOSER, unit=Unit.TIMES, subjects=PEOPLE,
    levers=MORE_OPPORTUNITIES,
    numerator=Direct(DirectKind.EXPECTED_PIPELINE, Unit.MONEY), denominator=Direct(DirectKind.REMAINING_TARGET, Unit.MONEY),
)

QUALIFIED = Q(qualified_on__isnull=False)
QUALIFIED_CLOSED = closed_deals("qualified_closed", QUALIFIED & ~Q(status="open"))
QUALIFIED_WON = closed_deals("qualified_won", QUALIFIED & Q(status="won"))
OPEN_OPPORTUNITIES = SimpleKpi(
    key="open_opportunities", label=_("Open qualified opportunities"), description=_("Qualified deals open at the end of the period."),
    clock=END_OF_PERIOD, category=Category.ORGANISATION, owner=Owner.CLOSER, unit=Unit.COUNT, levers=MORE_OPPORTUNITIES,
    measure=standing_deals("open_opportunities", "qualified_on", (), None, Unit.COUNT),
)
QUALIFIED_WIN_RATE = RatioKpi(
    key="qualified_win_rate", label=_("Win rate of qualified deals"), description=_("Qualified deals won ÷ qualified deals closed."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.PERCENT, share=True, levers=BETTER_WIN_RATE,
    numerator=QUALIFIED_WON, denominator=QUALIFIED_CLOSED,
)
QUALIFIED_DEAL_VALUE = RatioKpi(
    key="qualified_deal_value", label=_("Average value of qualified deals"),
    description=_("Revenue from qualified deals ÷ qualified deals won with an amount."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.MONEY, levers=LARGER_DEALS,
    numerator=closed_deals("qualified_revenue", QUALIFIED & Q(status="won"), (NO_AMOUNT, NO_RATE), quantity=Quantity.AMOUNT,
                           unit=Unit.MONEY),
    denominator=closed_deals("qualified_won_with_amount", QUALIFIED & Q(status="won"), (NO_AMOUNT, NO_RATE)),
)
QUALIFIED_CYCLE = RatioKpi(
    key="qualified_cycle", label=_("Sales cycle of qualified deals"), description=_("Mean days to closing of qualified deals won."),
    clock=CLOSED_DATE, category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.DAYS, direction=Direction.DOWN, levers=SHORTER_CYCLE,
    numerator=closed_deals("qualified_cycle_days", QUALIFIED & Q(status="won"), (NO_START, BACKWARDS), quantity=Quantity.CYCLE_DAYS,
                           unit=Unit.DAYS),
    denominator=closed_deals("qualified_won_with_cycle", QUALIFIED & Q(status="won"), (NO_START, BACKWARDS)),
)
SALES_VELOCITY = FormulaKpi(
    key="sales_velocity", label=_("Sales velocity"),
    description=_("Open qualified opportunities × win rate × average deal value ÷ sales cycle: what selling brings in a day."),
    clock=END_OF_PERIOD, category=Category.ORGANISATION, owner=Owner.CLOSER, unit=Unit.MONEY_PER_DAY, levers=EVERY_LEVER,
    times=(Factor(OPEN_OPPORTUNITIES), Factor(QUALIFIED_WIN_RATE, Window.TRAILING), Factor(QUALIFIED_DEAL_VALUE, Window.TRAILING)),
    over=(Factor(QUALIFIED_CYCLE, Window.TRAILING, Limit.ONE_OR_MORE),),
)
SALES_GROWTH = GrowthKpi(
    key="sales_growth", label=_("Sales growth"),
    description=_("Change of revenue against the period before; a running period is compared with as many working days."),
    clock=CLOSED_DATE, category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.PERCENT, of=REVENUE,
)
SALES_GROWTH_YTD = GrowthKpi(
    key="sales_growth_ytd", label=_("Sales growth this year"),
    description=_("Change of revenue since the fiscal year began, against as much of the year before."),
    clock=CLOSED_DATE, category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.PERCENT, of=REVENUE,
    against=Against.YEAR_BEFORE,
)
REVENUE_PER_INBOUND_LEAD = RatioKpi(
    key="revenue_per_inbound_lead", label=_("Revenue per inbound lead"),
    description=_("Revenue won by now from the inbound leads of the period ÷ inbound leads."),
    clock=CREATED_DATE, category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.MONEY, subjects=ORGANISATION_ONLY, cohort=True,
    numerator=Measure(key="inbound_lead_revenue", fact=Fact.DEAL, day="lead__created_on", rep="lead__rep_id", rate_day="closed_on",
                      agg=Agg.SUM, quantity=Quantity.AMOUNT, unit=Unit.MONEY, where=Q(status="won", lead__direction="inbound"),
                      requires=(NO_AMOUNT, NO_RATE)),
    denominator=INBOUND_LEADS.measure,
)
CAC = RatioKpi(
    key="cac", label=_("Customer acquisition cost"),
    description=_("Cost of sales and marketing, spread over the days it is for, ÷ new customers."),
    clock=_("each day of a cost; first won date"), category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.MONEY,
    direction=Direction.DOWN, subjects=ORGANISATION_ONLY, lagged=True, until_today=True,
    numerator=Direct(DirectKind.COST, Unit.MONEY), denominator=NEW_CUSTOMERS.measure,
)
CHURN_RATE = RatioKpi(
    key="churn_rate", label=_("Churn rate"), description=_("Customers lost in the period ÷ customers at its start."),
    clock=_("contract end without renewal"), category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.PERCENT, share=True,
    direction=Direction.DOWN, subjects=ORGANISATION_ONLY,
    numerator=Direct(DirectKind.CUSTOMERS_LOST, Unit.COUNT), denominator=Direct(DirectKind.CUSTOMERS_AT_START, Unit.COUNT),
)
MARGIN_PER_CUSTOMER = RatioKpi(
    key="margin_per_customer", label=_("Gross margin per customer and year"),
    description=_("Yearly amount × gross margin of the contracts, weighted by their days ÷ days on which customers were covered."),
    clock=_("each day of a contract"), category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.MONEY,
    subjects=ORGANISATION_ONLY,
    numerator=Direct(DirectKind.MARGIN_REVENUE, Unit.MONEY), denominator=Direct(DirectKind.CUSTOMER_YEARS, Unit.DAYS),
)
CUSTOMER_LIFETIME = RatioKpi(
    key="customer_lifetime", label=_("Expected lifetime of a customer, in years"),
    description=_("1 ÷ yearly churn: customers at the start of the last twelve months ÷ customers lost in them."),
    clock=_("contract end without renewal"), category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.COUNT,
    subjects=ORGANISATION_ONLY,
    numerator=Direct(DirectKind.CUSTOMERS_AT_START, Unit.COUNT), denominator=Direct(DirectKind.CUSTOMERS_LOST, Unit.COUNT),
)
CLV = FormulaKpi(
    key="clv", label=_("Customer lifetime value"),
    description=_("Gross margin per customer and year × expected lifetime of a customer (1 ÷ yearly churn, within a limit)."),
    clock=_("each day of a contract"), category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.MONEY,
    subjects=ORGANISATION_ONLY,
    times=(Factor(MARGIN_PER_CUSTOMER), Factor(CUSTOMER_LIFETIME, Window.YEAR, Limit.CUSTOMER_LIFETIME)),
)
CLV_TO_CAC = FormulaKpi(
    key="clv_to_cac", label=_("Lifetime value to acquisition cost"),
    description=_("Customer lifetime value ÷ customer acquisition cost, with the months that it takes to earn the cost back."),
    clock=_("each day of a contract and cost"), category=Category.ORGANISATION, owner=Owner.MANAGEMENT, unit=Unit.TIMES,
    subjects=ORGANISATION_ONLY, times=(Factor(CLV),), over=(Factor(CAC),),
)

CATALOGUE: tuple[AnyKpi, ...] = (
    CALLS, EMAILS, CONVERSATIONS, SOCIAL_TOUCHES, REFERRALS_ASKED, COMPANIES_ADDED, CONTACTS_ADDED,
    MEETINGS_BOOKED, FIRST_MEETINGS_HELD, FOLLOW_UP_MEETINGS_HELD, PROPOSALS_SENT, INBOUND_LEADS, QUALIFIED_LEADS,
    OPPORTUNITIES_CREATED, DEALS_WON, DEALS_LOST, REVENUE, NEW_CUSTOMERS,
    WIN_RATE, WIN_RATE_COHORT, STAGE_CONVERSION, MEETING_HIT_RATE, CONTACT_HIT_RATE, LEAD_CONVERSION, SHOW_RATE,
    AVERAGE_DEAL_VALUE, ANNUAL_CONTRACT_VALUE, SALES_CYCLE_DAYS,
    CAC, CLV, CLV_TO_CAC, REVENUE_PER_INBOUND_LEAD, SALES_GROWTH, SALES_GROWTH_YTD, SALES_VELOCITY,
    OPEN_PIPELINE, WEIGHTED_PIPELINE, PIPELINE_COVERAGE, CHURN_RATE,
)
