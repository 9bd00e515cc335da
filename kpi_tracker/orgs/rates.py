"""Exchange rates: written by hand, pasted, or from a file; and turned round when the base currency changes."""

from __future__ import annotations

import csv
import datetime as dt
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import ExchangeRate, Organisation

PLACES = Decimal("0.00000001")
TOO_LARGE = Decimal(10) ** 7
MOST_LINES = 20_000
DAY_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d")
Known = dict[str, list[tuple[dt.date, Decimal]]]


@dataclass(frozen=True, slots=True)
class Rate:
    """From `day` on, one unit of `currency` is worth `rate` of the base currency."""

    currency: str
    day: dt.date
    rate: Decimal


def rate_checked(currency: str, rate: Decimal, *, base: str) -> tuple[str, Decimal]:
    code = currency.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise InvalidInput(_("“%(text)s” is no currency; use three letters, such as EUR.") % {"text": currency}, field="currency")
    if code == base:
        raise InvalidInput(_("%(currency)s is the base currency: it needs no rate.") % {"currency": code}, field="currency")
    if not 0 < rate < TOO_LARGE or rate.quantize(PLACES) == 0:
        raise InvalidInput(_("A rate is a number above 0 and below %(most)d.") % {"most": int(TOO_LARGE)}, field="rate")
    return code, rate.quantize(PLACES)


@transaction.atomic
def rates_set(*, organisation: Organisation, rates: Sequence[Rate]) -> tuple[int, int]:
    """Write rates; one that is there for the same day is corrected. How many were new, and how many changed."""
    checked = {}
    for rate in rates:
        code, value = rate_checked(rate.currency, rate.rate, base=organisation.base_currency)
        checked[code, rate.day] = value
    there = {(row.currency, row.day): row for row in ExchangeRate.objects.filter(organisation=organisation).select_for_update()}
    changed = []
    for key, value in checked.items():
        if key in there and there[key].rate != value:
            there[key].rate = value
            changed.append(there[key])
    new = [
        ExchangeRate(organisation=organisation, currency=currency, day=day, rate=value)
        for (currency, day), value in checked.items() if (currency, day) not in there
    ]
    ExchangeRate.objects.bulk_create(new, batch_size=500)
    ExchangeRate.objects.bulk_update(changed, ["rate"], batch_size=500)
    return len(new), len(changed)


@transaction.atomic
def rate_correct(*, row: ExchangeRate, day: dt.date, rate: Decimal) -> None:
    """Set the day and the rate of one row."""
    _code, value = rate_checked(row.currency, rate, base=row.organisation.base_currency)
    same = ExchangeRate.objects.filter(organisation=row.organisation, currency=row.currency, day=day).exclude(pk=row.pk)
    if same.exists():
        message = _("There is a rate of %(currency)s from %(day)s already; correct or delete that one.")
        raise InvalidInput(message % {"currency": row.currency, "day": day}, field="day")
    row.day, row.rate = day, value
    row.save(update_fields=["day", "rate"])


def rates_read(text: str, *, base: str) -> list[Rate]:
    """The rates in lines of day, currency and rate, in any order of the three, parted by tabs, semicolons, commas or spaces.

    A first line without a figure is a heading. Raises with the number of each line that cannot be read.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise InvalidInput(_("At most %(most)d lines go in at once.") % {"most": MOST_LINES}, field="lines")
    if lines and not re.search(r"\d", lines[0][1]):
        lines = lines[1:]
    if not lines:
        raise InvalidInput(_("There is no line with a rate."), field="lines")
    found, wrong = [], []
    for number, line in lines:
        try:
            found.append(_read_line(line, base))
        except InvalidInput as error:
            wrong.append(_("Line %(line)d: %(message)s") % {"line": number, "message": error.message})
    if wrong:
        more = [_("And %(more)d more lines.") % {"more": len(wrong) - 5}] if len(wrong) > 5 else []
        raise InvalidInput(" ".join([*wrong[:5], *more]), field="lines")
    return found


def _read_line(line: str, base: str) -> Rate:
    cells = _cells(line)
    days = [day for cell in cells if (day := _day(cell)) is not None]
    codes = [cell.upper() for cell in cells if re.fullmatch(r"[A-Za-z]{3}", cell)]
    numbers = [number for cell in cells if _day(cell) is None and (number := _number(cell)) is not None]
    if len(cells) != 3 or len(days) != 1 or len(codes) != 1 or len(numbers) != 1:
        raise InvalidInput(_("“%(line)s” is not a day, a currency and a rate, such as 2026-03-01 USD 0.92.") % {"line": line[:60]})
    code, rate = rate_checked(codes[0], numbers[0], base=base)
    return Rate(code, days[0], rate)


def _cells(line: str) -> list[str]:
    for mark in "\t", ";":
        if mark in line:
            return _split(line, mark)
    cells = line.split()
    if len(cells) == 3:
        return [cell.strip(",") for cell in cells]
    cells = _split(line, ",")
    if len(cells) == 4 and cells[2].isdigit() and cells[3].isdigit():  # a comma as decimal mark, too
        cells = [*cells[:2], f"{cells[2]}.{cells[3]}"]
    return cells


def _split(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=mark)) if cell.strip()]


def _day(text: str) -> dt.date | None:
    for form in DAY_FORMATS:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    return None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace("\u00a0", "").replace("\u202f", "").replace(",", "."))
    except InvalidOperation:
        return None


def rate_on(organisation: Organisation, currency: str, day: dt.date) -> Decimal | None:
    """What one unit of `currency` is worth in the base currency on `day`; None where no rate is known up to then."""
    if currency == organisation.base_currency:
        return Decimal(1)
    rows = ExchangeRate.objects.filter(organisation=organisation, currency=currency, day__lte=day).order_by("-day")
    found: Decimal | None = rows.values_list("rate", flat=True).first()
    return found


def display_rates(organisation: Organisation) -> tuple[tuple[dt.date, Decimal], ...]:
    """The rates of the second currency shown, in order; none without such a currency."""
    if not organisation.display_currency:
        return ()
    return kept(organisation, ("display rates", organisation.display_currency), lambda: _read_display_rates(organisation))


def _read_display_rates(organisation: Organisation) -> tuple[tuple[dt.date, Decimal], ...]:
    rows = ExchangeRate.objects.filter(organisation=organisation, currency=organisation.display_currency).order_by("day")
    return tuple(rows.values_list("day", "rate"))


def display_rate(organisation: Organisation, day: dt.date) -> Decimal | None:
    """What one unit of the second currency is worth on `day`, at the newest rate up to then; None where none is known."""
    return _newest(display_rates(organisation), day)


def turned_round(known: Known, *, base: str, new_base: str) -> Iterator[Rate]:
    """The same rates against another base: of every other currency, and of the base before, from when the new base has a rate.

    A rate changes on each day on which its own or the new base's does.
    """
    of_new = known.get(new_base, [])
    if not of_new:
        return
    start = of_new[0][0]
    for currency in sorted({*known, base} - {new_base}):
        own = [(dt.date.min, Decimal(1))] if currency == base else known[currency]
        days = sorted({day for day, _rate in [*own, *of_new] if day >= start} | ({start} if own[0][0] <= start else set()))
        before: Decimal | None = None
        for day in days:
            above, below = _newest(own, day), _newest(of_new, day)
            if above is None or below is None:
                continue
            rate = (above / below).quantize(PLACES)
            if rate and rate != before:
                yield Rate(currency, day, rate)
                before = rate


def _newest(rates: Sequence[tuple[dt.date, Decimal]], day: dt.date) -> Decimal | None:
    place = bisect_right(rates, day, key=lambda one: one[0])
    return rates[place - 1][1] if place else None


def known_rates(organisation: Organisation) -> Known:
    """Each currency's rates by day, in order."""
    known: Known = defaultdict(list)
    rows: Iterable[tuple[str, dt.date, Decimal]] = ExchangeRate.objects.filter(organisation=organisation).order_by("day").values_list(
        "currency", "day", "rate"
    )
    for currency, day, rate in rows:
        known[currency].append((day, rate))
    return dict(known)


@transaction.atomic
def base_currency_change(*, organisation: Organisation, currency: str) -> None:
    """Reckon in another currency from now on, for all time. The rates are turned round to it.

    Days before its first rate have no rates any more: their records are listed as lacking one. Refused where the new
    base has no rate at all but there are rates to turn round.
    """
    row = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    new = currency.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", new):
        raise InvalidInput(_("“%(text)s” is no currency; use three letters, such as EUR.") % {"text": currency}, field="base_currency")
    if new == row.base_currency:
        return
    known = known_rates(row)
    if known and new not in known:
        message = _("There is no rate of %(currency)s yet; add one first, so that the other rates can be turned round.")
        raise InvalidInput(message % {"currency": new}, field="base_currency")
    turned = list(turned_round(known, base=row.base_currency, new_base=new))
    ExchangeRate.objects.filter(organisation=row).delete()
    ExchangeRate.objects.bulk_create(
        [ExchangeRate(organisation=row, currency=rate.currency, day=rate.day, rate=rate.rate) for rate in turned], batch_size=500
    )
    row.base_currency = new
    if row.display_currency == new:
        row.display_currency = ""
    row.save(update_fields=["base_currency", "display_currency"])
    organisation.base_currency, organisation.display_currency = row.base_currency, row.display_currency
