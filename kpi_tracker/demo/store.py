"""Writes the demo organisation: few statements, one transaction, no saves one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models

from goals.models import Goal
from kpi_tracker.demo import offer
from kpi_tracker.demo.records import Act, Company, ContractPlan, DealPlan, LeadPlan, Seller
from kpi_tracker.demo.staff import Staff
from kpi_tracker.demo.world import World
from kpi_tracker.sales.models import (
    Activity,
    ActivityType,
    Contact,
    Contract,
    Cost,
    Customer,
    Deal,
    Lead,
    Pipeline,
    Product,
    Stage,
    StageChange,
    lead_company_key,
)

BATCH = 2_000
# SQLite takes 32,766 values in a statement.
RAW_BATCH = 1_000
ACTIVITY_FIELDS = (
    "organisation", "source", "external_id", "kind", "type", "outcome", "subject", "rep", "customer", "contact", "deal",
    "occurred_at", "occurred_on", "booked_on", "duration_s",
)
# Called with what is being written, how many of it are done, and how many there are.
Progress = Callable[[str, int, int], None]
M = TypeVar("M", bound=models.Model)


def is_late(act: Act) -> bool:
    return act.late or (act.deal is not None and act.deal.late)


class Store:
    """Turns plans into rows; keeps which row became of which plan."""

    def __init__(self, world: World, staff: Staff, progress: Progress) -> None:
        self.world = world
        self.staff = staff
        self.organisation = staff.organisation
        self.progress = progress
        self.customers: dict[Company, Customer] = {}
        self.contacts: dict[Company, int] = {}
        self.deals: dict[DealPlan, int] = {}
        self.midnights: dict[dt.date, dt.datetime] = {}
        self.days: dict[dt.date, Any] = {}

    def write(self) -> None:
        """All but what was entered weeks afterwards."""
        world = self.world
        self._offer()
        self._customers()
        self._leads()
        self._deals([plan for plan in world.deals if not plan.late])
        acts = [act for act in world.acts if not is_late(act)]
        self._activities([*acts, *self._twice()])
        self._contracts([plan for plan in world.contracts if not (plan.deal and plan.deal.late)])
        self._costs()
        self._goals()

    def write_late(self) -> None:
        """What was entered weeks afterwards, and what was put right then: prices, and calls that stood there twice."""
        world = self.world
        self._deals([plan for plan in world.deals if plan.late], what="late deals")
        self._activities([act for act in world.acts if is_late(act)], what="late activities")
        self._contracts([plan for plan in world.contracts if plan.deal and plan.deal.late], what="late contracts")
        for plan in world.deals:
            if plan.said is not None:
                Deal.objects.filter(pk=self.deals[plan]).update(amount=plan.amount)
        for act in self._twice():
            moment = self.moment(act.day, act.second)
            doubled = Activity.objects.filter(organisation=self.organisation, rep_id=self._rep(act.by), kind=act.kind, occurred_at=moment)
            Activity.objects.filter(pk=doubled.order_by("-pk").values_list("pk", flat=True)[0]).delete()

    def _twice(self) -> list[Act]:
        """Calls that were entered a second time by mistake, in months that have ended."""
        month = self.world.today.replace(day=1)
        calls = [act for act in self.world.acts if act.kind == "call" and act.outcome == "reached" and act.day < month and not is_late(act)]
        return sorted(calls, key=lambda act: (act.day, act.second))[-40:-400:-70]

    def _insert(self, what: str, model: type[M], rows: Iterable[M], total: int) -> list[M]:
        made: list[M] = []
        rows = iter(rows)
        while batch := list(islice(rows, BATCH)):
            made += model._default_manager.bulk_create(batch, batch_size=BATCH)
            self.progress(what, len(made), total)
        return made

    def moment(self, day: dt.date, second: int) -> dt.datetime:
        """`second` of the local day, counted from its noon: clocks are changed in the night."""
        if day not in self.midnights:
            noon = dt.datetime.combine(day, dt.time(12), tzinfo=self.organisation.zone)
            self.midnights[day] = noon.astimezone(dt.UTC) - dt.timedelta(hours=12)
        return self.midnights[day] + dt.timedelta(seconds=second)

    def _rep(self, seller: Seller | None) -> int:
        return self.staff.reps[seller].pk if seller is not None else self.staff.unassigned.pk

    def _offer(self) -> None:
        org = self.organisation
        pipeline = Pipeline.objects.create(organisation=org, name=offer.PIPELINE)
        self.stages = {
            name: Stage.objects.create(organisation=org, pipeline=pipeline, name=name, position=place, kind=kind, is_qualified=qualified).pk
            for place, (name, kind, qualified) in enumerate(offer.STAGES)
        }
        self.products = {
            product.name: Product.objects.create(organisation=org, name=product.name, family=product.family).pk
            for product in offer.PRODUCTS
        }
        self.types = {name: ActivityType.objects.create(organisation=org, name=name, kind=kind).pk for name, kind in offer.TYPES.items()}

    def _customers(self) -> None:
        companies = sorted(self.world.companies, key=lambda company: company.created_on)
        rows = (
            Customer(
                organisation=self.organisation, name=company.name, business_id=company.business_id, country=company.country,
                segment=company.segment, owner_id=self._rep(company.owner), added_by_id=self._rep(company.added_by),
                created_on=company.created_on,
            )
            for company in companies
        )
        self.customers = dict(zip(companies, self._insert("customers", Customer, rows, len(companies)), strict=True))
        people = [(company, name, email, day) for company in companies for name, email, day in company.contacts]
        contacts = (
            Contact(organisation=self.organisation, customer_id=self.customers[company].pk, name=name, email=email,
                    added_by_id=self._rep(company.added_by), created_on=day)
            for company, name, email, day in people
        )
        for (company, *_), contact in zip(people, self._insert("contacts", Contact, contacts, len(people)), strict=True):
            self.contacts.setdefault(company, contact.pk)

    def _leads(self) -> None:
        def rows() -> Iterator[Lead]:
            for lead in self._leads_in_order():
                customer = self.customers[lead.company].pk if lead.company else None
                yield Lead(
                    organisation=self.organisation, customer_id=customer, company=lead.company_name,
                    company_key=lead_company_key(customer, lead.company_name), name=lead.person, channel=lead.channel,
                    direction=Lead.Direction.INBOUND if lead.inbound else Lead.Direction.OUTBOUND, status=lead.status,
                    rep_id=self._rep(lead.by), created_on=lead.created_on, qualified_on=lead.qualified_on, converted_on=lead.converted_on,
                )

        leads = self._insert("leads", Lead, rows(), len(self.world.leads))
        self.leads = {plan.deal: lead.pk for plan, lead in zip(self._leads_in_order(), leads, strict=True) if plan.deal}

    def _leads_in_order(self) -> list[LeadPlan]:
        return sorted(self.world.leads, key=lambda lead: lead.created_on)

    def _deals(self, deals: list[DealPlan], what: str = "deals") -> None:
        plans = sorted(deals, key=lambda plan: plan.opened_on)
        rows = (self._deal(plan) for plan in plans)
        for plan, deal in zip(plans, self._insert(what, Deal, rows, len(plans)), strict=True):
            self.deals[plan] = deal.pk

        def changes() -> Iterator[StageChange]:
            for plan in plans:
                before = None
                for step in plan.steps:
                    yield StageChange(
                        organisation=self.organisation, deal_id=self.deals[plan], from_stage_id=before, to_stage_id=self.stages[step.stage],
                        changed_at=self.moment(step.day, step.second), changed_on=step.day, rep_id=self._rep(step.by),
                    )
                    before = self.stages[step.stage]

        self._insert(f"stages of {what}", StageChange, changes(), sum(len(plan.steps) for plan in plans))

    def _deal(self, plan: DealPlan) -> Deal:
        closed = plan.status != "open"
        return Deal(
            organisation=self.organisation, name=f"{plan.company.name}: {plan.product}", customer_id=self.customers[plan.company].pk,
            product_id=self.products[plan.product], lead_id=self.leads.get(plan), channel=plan.channel, owner_id=self._rep(plan.owner),
            opened_by_id=self._rep(plan.opened_by),
            closed_by_id=self._rep(plan.steps[-1].by) if closed else None, stage_id=self.stages[plan.steps[-1].stage], status=plan.status,
            amount=plan.amount if plan.said is None else plan.said, currency=plan.currency, one_time_amount=plan.one_time_amount,
            term_months=plan.term_months,
            first_contact_on=plan.first_contact_on, opened_on=plan.opened_on,
            qualified_on=next((step.day for step in plan.steps if step.stage in offer.QUALIFIED_STAGES), None),
            expected_close_on=plan.expected_close_on, closed_on=plan.closed_on, lost_reason=plan.lost_reason,
        )

    def _activities(self, unsorted: list[Act], what: str = "activities") -> None:
        """By far the most rows: written without making an object of each, which takes most of the time otherwise."""
        acts = sorted(unsorted, key=lambda act: (act.day, act.second))
        names = {field.name: connection.ops.quote_name(str(field.column)) for field in Activity._meta.concrete_fields}
        columns = [names[field] for field in ACTIVITY_FIELDS]
        table = connection.ops.quote_name(Activity._meta.db_table)
        one = f"({', '.join(['%s'] * len(columns))})"
        with connection.cursor() as cursor:
            for done in range(0, len(acts), RAW_BATCH):
                batch = acts[done : done + RAW_BATCH]
                values = ", ".join([one] * len(batch))
                cursor.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}",  # noqa: S608
                    [value for act in batch for value in self._activity(act)],
                )
                self.progress(what, done + len(batch), len(acts))

    def _activity(self, act: Act) -> tuple[Any, ...]:
        """The values of ACTIVITY_FIELDS, as the database takes them."""
        company, deal = act.company, act.deal
        return (
            self.organisation.pk, "", "", act.kind, self.types.get(act.type), act.outcome, act.subject, self._rep(act.by),
            self.customers[company].pk if company else None, self.contacts.get(company) if company else None,
            self.deals[deal] if deal else None, connection.ops.adapt_datetimefield_value(self.moment(act.day, act.second)),
            self._day(act.day), self._day(act.booked_on) if act.booked_on else None, act.duration,
        )

    def _day(self, day: dt.date) -> Any:
        if day not in self.days:
            self.days[day] = connection.ops.adapt_datefield_value(day)
        return self.days[day]

    def _contracts(self, plans: list[ContractPlan], what: str = "contracts") -> None:
        self._insert(what, Contract, (
            Contract(
                organisation=self.organisation, customer=self.customers[plan.company], deal_id=self.deals[plan.deal] if plan.deal else None,
                starts_on=plan.starts_on, ends_on=plan.ends_on, yearly_amount=plan.yearly_amount, currency=plan.currency,
                margin=plan.margin,
            )
            for plan in plans
        ), len(plans))

    def _costs(self) -> None:
        self._insert("costs", Cost, (
            Cost(
                organisation=self.organisation, category=plan.category, amount=plan.amount, currency=plan.currency,
                starts_on=plan.month.start, ends_on=plan.month.end, team=self.staff.teams.get(plan.team),
                rep_id=self._rep(plan.by) if plan.by else None,
                note=plan.note,
            )
            for plan in self.world.costs
        ), len(self.world.costs))

    def _goals(self) -> None:
        rows: Sequence[Any] = [
            Goal(
                organisation=self.organisation, kpi=plan.kpi,
                subject_kind="rep" if plan.seller else "team" if plan.team else "customer" if plan.company else "organisation",
                team=self.staff.teams.get(plan.team), rep=self.staff.reps[plan.seller] if plan.seller else None,
                customer=self.customers[plan.company] if plan.company else None, starts_on=plan.period.start, ends_on=plan.period.end,
                target=plan.target, why=plan.why, created_by=self.staff.leader(plan.team, plan.seller, self.world.today),
            )
            for plan in self.world.goals
        ]
        self._insert("goals", Goal, rows, len(rows))
