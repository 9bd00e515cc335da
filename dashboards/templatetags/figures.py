"""Figures and days in templates: `{{ value|money:currency }}`, `{% figure kpi value currency %}`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import template
from django.http import HttpRequest

from kpi_tracker import formats
from kpi_tracker.periods import Grain, Period

register = template.Library()


@register.filter
def number(value: Any, decimals: int = 0) -> str:
    return formats.number(value, decimals)


@register.filter
def signed_number(value: Any, decimals: int = 0) -> str:
    return formats.signed_number(value, decimals)


@register.filter
def money(value: Any, currency: str) -> str:
    return formats.money(value, currency)


@register.filter
def short_money(value: Any, currency: str) -> str:
    return formats.money(value, currency, short=True)


@register.filter
def percent(value: Any, decimals: int | None = None) -> str:
    return formats.percent(value, decimals)


@register.filter
def signed_percent(value: Any, decimals: int | None = None) -> str:
    return formats.signed_percent(value, decimals)


@register.filter
def days(value: Any) -> str:
    return formats.days(value)


@register.filter
def day(value: dt.date | None) -> str:
    return formats.day(value)


@register.filter
def short_day(value: dt.date | None) -> str:
    return formats.short_day(value)


@register.filter
def weekday(value: dt.date) -> str:
    return formats.weekday(value)


@register.filter
def day_with_year(value: dt.date | None) -> str:
    return formats.short_day(value, year=True)


@register.filter
def day_range(value: Period) -> str:
    return formats.day_range(value)


@register.filter
def period_name(value: Period, grain: str) -> str:
    return formats.period_name(Grain(grain), value)


@register.filter
def month_within(value: Period) -> str:
    """A month within a sentence: small in Swedish and Finnish."""
    return formats.period_name(Grain.MONTH, value, in_sentence=True)


@register.filter
def month_name(value: int) -> str:
    return formats.month_name(value)


@register.filter
def rate(value: Decimal) -> str:
    return formats.rate(value)


@register.filter
def initials(value: Any) -> str:
    return formats.initials(str(value))


@register.filter
def width(value: Decimal | float | None) -> str:
    """A fraction as the length of a bar, kept within its track: 0.585 is "58.5%"."""
    return f"{min(max(float(value or 0), 0.0), 1.0) * 100:.1f}%"


@register.simple_tag
def figure(kpi: Any, value: Any, currency: str, short: bool = False) -> str:
    return formats.kpi_value(kpi, value, currency, short=short)


@register.simple_tag
def signed_figure(kpi: Any, value: Any, currency: str, short: bool = False) -> str:
    return formats.signed_kpi_value(kpi, value, currency, short=short)


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """This page's query string with `changes`; empty values leave their key out."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        else:
            query[key] = str(value)
    text = query.urlencode()
    return f"?{text}" if text else request.path


@register.filter
def cell_class(columns: Any, index: int) -> str:
    """How the cells of the column at `index` stand: figures right, texts left, names on more than one line where they are long."""
    column = columns[index]
    if column.right:
        return ""
    return "left wraps" if column.key in ("name", "customer", "subject") else "left"
