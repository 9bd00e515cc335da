"""Forms of the calendar, of teams over time and of currencies. Rules are the services' matter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kpi_tracker import formats
from kpi_tracker.errors import UserError
from kpi_tracker.orgs.models import CURRENCY, Organisation, Rep, Team, known_timezone
from kpi_tracker.scope import Scope

MOST_BYTES = 2 * 1024 * 1024
EARLIEST, LATEST = dt.date(1990, 1, 1), dt.date(2199, 12, 31)


class Form(forms.Form):
    def refuse(self, wrong: UserError) -> None:
        """Show a service's error beside the field that it is about."""
        self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)


class DayField(forms.DateField):
    """A day, picked from the browser's calendar."""

    widget = forms.DateInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not EARLIEST <= value <= LATEST:
            raise ValidationError(gettext("Choose a day from %(first)s to %(last)s.") % {"first": EARLIEST.year, "last": LATEST.year})


class CalendarForm(Form):
    timezone = forms.CharField(
        label=_("Time zone"), max_length=64, validators=[known_timezone],
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    country = forms.CharField(
        label=_("Country"), min_length=2, max_length=2, help_text=_("Two letters; whose public holidays count, where a rep has no other.")
    )
    working_days = forms.MultipleChoiceField(label=_("Working week"), widget=forms.CheckboxSelectMultiple)
    week_start = forms.TypedChoiceField(label=_("Weeks start on"), coerce=int, choices=[(1, _("Monday")), (7, _("Sunday"))])
    fiscal_year_month = forms.TypedChoiceField(label=_("First month of the fiscal year"), coerce=int)
    eves_free = forms.BooleanField(
        label=_("Eves are free"), required=False,
        help_text=_("Midsummer’s, Christmas and New Year’s Eve in Sweden and Finland: free by agreement, though no public holidays."),
    )

    def __init__(self, data: Any = None, *, organisation: Organisation) -> None:
        names = ("timezone", "country", "week_start", "fiscal_year_month", "eves_free")
        initial = {name: getattr(organisation, name) for name in names} | {"working_days": list(organisation.working_days)}
        super().__init__(data, initial=initial)
        monday = dt.date(2024, 1, 1)
        weekdays = [(str(n + 1), formats.short_weekday(monday + dt.timedelta(days=n))) for n in range(7)]
        months = [(n, formats.month_name(n)) for n in range(1, 13)]
        for name, choices in (("working_days", weekdays), ("fiscal_year_month", months)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean_working_days(self) -> str:
        return "".join(sorted(self.cleaned_data["working_days"]))


class ClosingForm(Form):
    first = DayField(label=_("First day"))
    last = DayField(label=_("Last day"), required=False, help_text=_("Empty: that one day."))
    name = forms.CharField(label=_("Why"), required=False, max_length=80)


class RepForm(Form):
    """`rep` is one of those whom the scope sees."""

    rep = forms.ModelChoiceField(label=_("Rep"), queryset=Rep.objects.none(), empty_label="–")

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rep"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Rep.objects.within(scope).filter(is_unassigned=False).order_by("name", "id")


class LeaveForm(RepForm):
    first = DayField(label=_("First day away"))
    last = DayField(label=_("Last day away"), required=False, help_text=_("Empty: until further notice."))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=80)


class TeamForm(Form):
    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = Team.objects.within(scope).order_by("name", "id")


class StayForm(TeamForm):
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), empty_label="–")
    first = DayField(label=_("First day in the team"))
    last = DayField(label=_("Last day in the team"), required=False, help_text=_("Empty: until further notice."))
    replacing = forms.BooleanField(
        label=_("Replace what is said of those days"), required=False,
        help_text=_("Other stays give up the days that they share with this one."),
    )


class PlaceForm(TeamForm):
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), empty_label="–")
    parent = forms.ModelChoiceField(label=_("Stands below"), queryset=Team.objects.none(), required=False, empty_label=_("no other team"))
    first = DayField(label=_("From"))
    last = DayField(label=_("Last day"), required=False, help_text=_("Empty: until further notice."))


class RateField(forms.DecimalField):
    """Decimals stand behind a point or a comma, whatever the language."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


class RateForm(Form):
    currency = forms.CharField(
        label=_("Currency"), min_length=3, max_length=3,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "list": "used", "autocomplete": "off"}),
    )
    day = DayField(label=_("From"))
    rate = RateField(label=_("Rate"), max_digits=15, decimal_places=8, localize=True)


class PasteForm(Form):
    lines = forms.CharField(
        label=_("Lines"), required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "placeholder": "2026-03-01 USD 0.92\n2026-03-01 SEK 0.0885"}),
    )
    file = forms.FileField(
        label=_("or a CSV file"), required=False, widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"})
    )

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if (upload := values.get("file")) is not None:
            if upload.size > MOST_BYTES:
                raise ValidationError(gettext("The file is larger than %(most)s MB; split it.") % {"most": MOST_BYTES // 1024**2})
            try:
                values["lines"] = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError as wrong:
                self.add_error("file", gettext("The file is no UTF-8 text: %(why)s.") % {"why": wrong.reason})
        elif not values.get("lines", "").strip():
            self.add_error("lines", gettext("Paste lines, or choose a file."))
        return values


class CurrencyForm(Form):
    base_currency = forms.CharField(
        label=_("Base currency"), min_length=3, max_length=3,
        help_text=_("All figures are reckoned in it. Where it changes, rates and money goals are turned round to the new one."),
    )
    display_currency = forms.CharField(
        label=_("Second currency shown"), min_length=3, max_length=3, required=False, help_text=_("Beside the base currency; empty: none.")
    )

    def __init__(self, data: Any = None, *, organisation: Organisation) -> None:
        names = ("base_currency", "display_currency")
        super().__init__(data, initial={name: getattr(organisation, name) for name in names})

    def _code(self, name: str) -> str:
        code = str(self.cleaned_data[name]).upper()
        if code:
            CURRENCY(code)
        return code

    def clean_base_currency(self) -> str:
        return self._code("base_currency")

    def clean_display_currency(self) -> str:
        return self._code("display_currency")
