"""How records of each kind are listed: their columns, and the fields by which they are found and sorted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy, pgettext_lazy

from dashboards.subjects import address, may_see_customer
from kpi_tracker import formats
from kpi_tracker.kpis.measures import Direct, DirectKind, Measure, Quantity, Stock, Term, Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject, in_unit
from kpi_tracker.periods import DAY
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, StageChange
from kpi_tracker.scope import Scope

Write = Callable[[Any, Scope], "Text"]
# Who has a deal: its owner while it is open, then whoever closed it.
HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Text:
    """What a cell shows, and where it leads."""

    text: str
    address: str = ""
    plain: Any = None

    @property
    def raw(self) -> Any:
        """For files: the value itself where there is one."""
        return self.text if self.plain is None else self.plain


@dataclass(frozen=True, slots=True)
class Column:
    """order: the field that it sorts by; none where it does not sort."""

    key: str
    title: Any
    write: Write
    order: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """Paths from a record to its day, its rep and its customer ("" where it has none), and the texts that are searched.

    days: those by which a record is found; the first is also what lists are sorted by.
    """

    columns: tuple[Column, ...]
    days: tuple[str, ...]
    rep: str
    customer: str
    texts: tuple[str, ...]
    related: tuple[str, ...]

    @property
    def customer_name(self) -> str:
        return f"{self.customer}__name" if self.customer else "name"


def at(record: Any, path: str) -> Any:
    """What a path of fields leads to, as "deal__customer__name"; None where it ends before."""
    for name in path.split("__"):
        if record is None:
            return None
        record = getattr(record, name)
    return record


# Cells ---------------------------------------------------------------------------------------------

def _rep(path: str, record: Any, scope: Scope) -> Text:
    if path == HOLDER:
        path = "owner" if record.status == "open" else "closed_by"
    rep = at(record, path)
    if rep is None:
        return Text(formats.NO_VALUE, plain="")
    seen = scope.may_see_rep(rep.id) and not rep.is_unassigned
    return Text(str(rep), address(scope, Subject(SubjectKind.REP, rep.id)) if seen else "")


def _customer(path: str, record: Any, scope: Scope) -> Text:
    customer = at(record, path) if path else record
    if customer is None:
        named = getattr(record, "company", "")
        return Text(named or formats.NO_VALUE, plain=named)
    seen = may_see_customer(scope, customer)
    return Text(customer.name, address(scope, Subject(SubjectKind.CUSTOMER, customer.pk)) if seen else "")


def _day(path: str, record: Any, scope: Scope) -> Text:
    day = at(record, path)
    return Text(formats.short_day(day, year=True), plain="" if day is None else day)


def _last_day(path: str, record: Any, scope: Scope) -> Text:
    """Of an end that does not count itself."""
    end = at(record, path)
    return Text(formats.short_day(end and end - DAY, year=True), plain="" if end is None else end - DAY)


def _text(path: str, record: Any, scope: Scope) -> Text:
    found = at(record, path)
    return Text(str(found or formats.NO_VALUE), plain=str(found or ""))


def _money(path: str, record: Any, scope: Scope) -> Text:
    amount = at(record, path)
    return Text(formats.money(amount, record.currency), plain="" if amount is None else amount)


def _display(path: str, record: Any, scope: Scope) -> Text:
    return Text(str(getattr(record, f"get_{path}_display")()))


def _kind(record: Any, scope: Scope) -> Text:
    label = str(record.type) if record.type else record.get_kind_display()
    return Text(label[:1].upper() + label[1:])


def _percent(path: str, record: Any, scope: Scope) -> Text:
    share = at(record, path)
    return Text(formats.percent(share), plain="" if share is None else share)


def exact(unit: Unit, value: Decimal | None, currency: str) -> str:
    """A part as it is reckoned with: nothing shortened, cents where there are any."""
    if value is None or unit is not Unit.MONEY or value == value.to_integral_value():
        return formats.number(value) if unit is Unit.DAYS else formats.kpi_value(_Unit(unit), value, currency)
    return f"{formats.number(value, 2)}{formats.NBSP}{formats.SYMBOLS.get(currency, currency)}"


@dataclass(frozen=True, slots=True)
class _Unit:
    unit: Unit


def _quantity(unit: Unit, record: Any, scope: Scope) -> Text:
    found = in_unit(int(record.quantity), unit)
    return Text(exact(unit, found, scope.organisation.base_currency), plain=found)


# Columns -------------------------------------------------------------------------------------------

def _column(key: str, title: Any, write: Callable[..., Text], path: str, *, order: str = "", right: bool = False) -> Column:
    return Column(key, title, partial(write, path), order or path, right)


def _day_column(path: str, title: Any = None, key: str = "day") -> Column:
    return _column(key, title or pgettext_lazy("column", "Day"), _day, path)


def _rep_column(path: str) -> Column:
    return _column("rep", pgettext_lazy("column", "Rep"), _rep, path, order="owner__name" if path == HOLDER else f"{path}__name")


def _customer_column(path: str) -> Column:
    return _column("customer", pgettext_lazy("column", "Customer"), _customer, path, order=f"{path}__name")


NAME = {
    "deal": pgettext_lazy("column", "Deal"), "contact": pgettext_lazy("column", "Contact"), "company": pgettext_lazy("column", "Company"),
}


def _activity(day: str, rep: str) -> Shape:
    columns = (
        _day_column(day), Column("kind", pgettext_lazy("column", "What"), _kind, "kind"), _customer_column("customer"), _rep_column(rep),
        _column("outcome", pgettext_lazy("column", "Outcome"), _display, "outcome"),
        _column("subject", pgettext_lazy("column", "Subject"), _text, "subject"),
    )
    return Shape(columns, (day,), rep, "customer", ("subject", "customer__name", "rep__name", "type__name"), (rep, "customer", "type"))


def _contact(day: str, rep: str) -> Shape:
    columns = (_day_column(day), _column("name", NAME["contact"], _text, "name"), _customer_column("customer"), _rep_column(rep))
    return Shape(columns, (day,), rep, "customer", ("name", "email", "customer__name"), (rep, "customer"))


def _company(day: str, rep: str) -> Shape:
    columns = (
        *([_day_column(day)] if day else []), _column("name", NAME["company"], _customer, "", order="name"),
        _column("business", pgettext_lazy("column", "Business id"), _text, "business_id"), _rep_column(rep),
    )
    return Shape(columns, (day,), rep, "", ("name", "business_id", "segment"), (rep, "owner"))


def _deal(term: Term, *, left: bool) -> Shape:
    """left: deals that were left out, among them open ones: with both of their days, and whoever has them."""
    day, rep = (term.day, term.rep.removesuffix("_id")) if isinstance(term, Measure) and not left else ("opened_on", HOLDER)
    columns = [
        _day_column(day, pgettext_lazy("column", "Opened") if rep == HOLDER else None), _column("name", NAME["deal"], _text, "name"),
        _customer_column("customer"), _rep_column(rep),
        _column("stage", pgettext_lazy("column", "Stage"), _text, "stage", order="stage__position"),
        _column("amount", gettext_lazy("Amount"), _money, "amount", right=True),
    ]
    if isinstance(term, Measure) and term.quantity is Quantity.CYCLE_DAYS and not left:
        columns[5:5] = [
            _day_column("first_contact_on", pgettext_lazy("column", "First contact"), "first"),
            _day_column("opened_on", pgettext_lazy("column", "Opened"), "opened"),
        ]
    if isinstance(term, Measure) and term.quantity is Quantity.YEARLY_AMOUNT:
        columns[5:6] = [
            columns[5], _column("one_time", pgettext_lazy("column", "One-time"), _money, "one_time_amount", right=True),
            _column("term", pgettext_lazy("column", "Months"), _text, "term_months", right=True),
        ]
    if isinstance(term, Direct) and term.kind is DirectKind.EXPECTED_PIPELINE:
        columns.insert(1, _day_column("expected_close_on", pgettext_lazy("column", "Expected"), "expected"))
    if rep == HOLDER:
        columns.insert(1, _day_column("closed_on", pgettext_lazy("column", "Closed"), "closed"))
    reps = ("owner", "closed_by") if rep == HOLDER else (rep,)
    texts = ("name", "customer__name", "stage__name", "lost_reason")
    return Shape(tuple(columns), (day, "closed_on") if left else (day,), rep, "customer", texts, (*reps, "customer", "stage"))


def _lead(day: str, rep: str) -> Shape:
    columns = (
        _day_column(day), _column("company", NAME["company"], _customer, "customer", order="company_key"),
        _column("name", NAME["contact"], _text, "name"), _column("channel", pgettext_lazy("column", "Source"), _text, "channel"),
        _rep_column(rep),
    )
    return Shape(columns, (day,), rep, "customer", ("company", "name", "channel", "customer__name"), (rep, "customer"))


def _stage_change(day: str, rep: str) -> Shape:
    columns = (
        _day_column(day), _column("name", NAME["deal"], _text, "deal__name"), _customer_column("deal__customer"), _rep_column(rep),
        _column("stage", pgettext_lazy("column", "Entered"), _text, "to_stage", order="to_stage__position"),
        _column("from", pgettext_lazy("column", "From"), _text, "from_stage", order="from_stage__position"),
    )
    return Shape(
        columns, (day,), rep, "deal__customer", ("deal__name", "deal__customer__name", "to_stage__name"),
        (rep, "deal__customer", "to_stage", "from_stage"),
    )


def _contract() -> Shape:
    columns = (
        _customer_column("customer"), _day_column("starts_on", pgettext_lazy("column", "Starts"), "starts"),
        _day_column("ends_on", pgettext_lazy("column", "Ends"), "ends"),
        _column("yearly", pgettext_lazy("column", "A year"), _money, "yearly_amount", right=True),
        _column("margin", pgettext_lazy("column", "Margin"), _percent, "margin", right=True),
    )
    return Shape(columns, ("starts_on", "ends_on"), "", "customer", ("customer__name",), ("customer",))


def _cost() -> Shape:
    columns = (
        _column("category", pgettext_lazy("column", "Cost"), _display, "category"),
        _column("note", pgettext_lazy("column", "Note"), _text, "note"),
        _day_column("starts_on", pgettext_lazy("column", "From"), "starts"),
        _column("ends", gettext_lazy("Last day"), _last_day, "ends_on"),
        _column("team", pgettext_lazy("column", "Team"), _text, "team", order="team__name"), _rep_column("rep"),
        _column("amount", gettext_lazy("Amount"), _money, "amount", right=True),
    )
    return Shape(columns, ("starts_on",), "rep", "", ("note", "category"), ("rep", "team"))


def _by_model(term: Term, model: type[Model], *, left: bool) -> Shape:
    if model is Deal:
        return _deal(term, left=left)
    if model is Contract:
        return _contract()
    if model is Cost:
        return _cost()
    shapes: dict[type[Model], Callable[[str, str], Shape]] = {
        Activity: _activity, Contact: _contact, Customer: _company, Lead: _lead, StageChange: _stage_change,
    }
    day, rep = (term.day, term.rep.removesuffix("_id")) if isinstance(term, Measure) else ("", "owner")
    return shapes[model](day, rep)


def shape_of(term: Term, model: type[Model], subject: Subject, *, left: bool) -> Shape:
    """The columns of a term's records, or of those left out; what the page is about needs none of its own."""
    shape = _by_model(term, model, left=left)
    about = {SubjectKind.REP: "rep", SubjectKind.CUSTOMER: "customer"}.get(subject.kind, "")
    return replace(shape, columns=tuple(column for column in shape.columns if column.key != about))


def quantity_column(term: Term) -> Column | None:
    """What each record adds to the part, where that is not simply one."""
    if (isinstance(term, Measure) and term.quantity is None) or (term.unit is Unit.COUNT and isinstance(term, Stock)):
        return None
    title = pgettext_lazy("column", "Days") if term.unit is Unit.DAYS else pgettext_lazy("column", "Counted")
    return Column("counted", title, partial(_quantity, term.unit), "quantity", right=True)
