"""The names of public holidays, in the reader's language where the library knows it."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays
from django.utils.translation import get_language, gettext

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.workdays import free_eves
from kpi_tracker.periods import Period

HOMES = {"sv": "SE", "fi": "FI"}


def _spoken(country: str, language: str) -> str | None:
    """The library's name of the reader's language, where it names the country's days in it."""
    known = holidays.list_localized_countries().get(country, [])
    return next((code for code in known if code.split("_")[0] == language), None)


@lru_cache(maxsize=256)
def _eve_names(country: str, year: int, language: str) -> dict[dt.date, str]:
    if country != "SE":
        return {}
    named = holidays.country_holidays(country, years=year, language=_spoken(country, language), categories=(holidays.DE_FACTO,))
    return dict(named)


@lru_cache(maxsize=256)
def _names(country: str, year: int, language: str) -> dict[dt.date, str]:
    if country not in holidays.list_supported_countries():
        return {}
    spoken = _spoken(country, language)
    names = dict(holidays.country_holidays(country, years=year, language=spoken))
    home = HOMES.get(language, country)
    if spoken is None and home != country:  # the Nordic countries share most of their holidays
        names |= {day: name for day, name in _names(home, year, language).items() if day in names}
    return names


def free_days(organisation: Organisation, period: Period, country: str = "") -> dict[dt.date, str]:
    """The public holidays in `period`, of any weekday, by day, with the eves where they are free."""
    language = (get_language() or "en").split("-")[0]
    country = country or organisation.country
    found: dict[dt.date, str] = {}
    for year in range(period.start.year, period.last.year + 1):
        names = _names(country, year, language)
        if organisation.eves_free:
            names = dict.fromkeys(free_eves(country, year), gettext("Eve, free by agreement")) | _eve_names(country, year, language) | names
        found |= {day: name for day, name in sorted(names.items()) if day in period}
    return found


def holidays_off(organisation: Organisation, period: Period, country: str = "") -> list[str]:
    """The names of those in `period` that fall on a weekday of the working week, in order."""
    found = free_days(organisation, period, country)
    return [found[day] for day in sorted(found) if str(day.isoweekday()) in organisation.working_days]
