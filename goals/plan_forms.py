"""What the page of a plan is asked: a goal or an amount with its end, and the what-ifs of the sliders."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goals import entry, sentences
from goals.models import Goal
from goals.plan import ONE, Crew
from goals.plan_reading import Measured
from kpi_tracker.errors import InvalidInput
from kpi_tracker.periods import Calendar, Grain, Period

OWN_AMOUNT = "amount"
ENDS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
# How far a slider goes, in percent; a rate of records among others no further than to all of them.
LEAST, MOST = -50, 100
CYCLE_MOST = 50
MOST_HIRES, MOST_LEAVERS = 10, 5


class AskedForm(forms.Form):
    """`missing` and `period` are what the valid form means, of an own amount; of a goal the goal itself says."""

    goal = forms.ChoiceField(label=_("To reach"))
    amount = forms.CharField(label=_("What is missing"), required=False, max_length=40)
    until = forms.ChoiceField(label=_("By the end of"), required=False)

    def __init__(self, data: Mapping[str, Any], *, goals: Sequence[Goal], calendar: Calendar, today: dt.date) -> None:
        chosen = goals[0].id if goals else OWN_AMOUNT
        given = {name: data[name] for name in self.base_fields if name in data}
        super().__init__({"goal": str(chosen), "until": Grain.QUARTER.value} | given)
        self.goals = {str(goal.id): goal for goal in goals}
        self.calendar, self.today = calendar, today
        self.missing: Decimal | None = None
        offered = [(key, f"{sentences.title(goal)} · {sentences.period_label(goal)}") for key, goal in self.goals.items()]
        choices = {"goal": [*offered, (OWN_AMOUNT, gettext("Another amount …"))], "until": self._ends()}
        for name, rows in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = rows
        self.fields["goal"].widget.attrs |= {"data-submit": True}
        self.fields["until"].widget.attrs |= {"data-submit": True}
        self.fields["amount"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean_amount(self) -> str:
        text: str = self.cleaned_data["amount"]
        if text.strip():
            try:
                self.missing = entry.typed_number(text)
            except InvalidInput as wrong:
                raise forms.ValidationError(wrong.message) from wrong
        return text

    @property
    def chosen(self) -> Goal | None:
        return self.goals.get(str(self.cleaned_data.get("goal", "")))

    @property
    def period(self) -> Period:
        """Until when an own amount is to come in."""
        until = self.cleaned_data.get("until") or Grain.QUARTER.value
        return self.calendar.bucket(Grain(until), self.today)

    def _ends(self) -> list[tuple[str, str]]:
        return [
            (grain.value, sentences.period_words(self.calendar, self.calendar.bucket(grain, self.today)))
            for grain in ENDS
        ]


class WhatIfForm(forms.Form):
    """Sliders: a change in percent of each rate and of the cycle, and a number of sellers more. 0 changes nothing."""

    def __init__(self, data: Mapping[str, Any], *, measured: Sequence[Measured], crew: Crew, has_cycle: bool, of_rep: bool) -> None:
        self.sliders: dict[str, tuple[int, int]] = {}
        for one in measured:
            if one.link.rate.value:
                self.sliders[f"rate_{one.link.step}"] = (LEAST, _most(one.link.rate.value, share=one.link.rate.share))
        if not of_rep:
            leavers = min(MOST_LEAVERS, max(math.ceil(crew.sellers) - 1, 0))
            self.sliders["sellers"] = (-leavers, MOST_HIRES)
        if has_cycle:
            self.sliders["cycle"] = (LEAST, CYCLE_MOST)
        super().__init__({name: data[name] if data.get(name, "") != "" else "0" for name in self.sliders})
        for name, (least, most) in self.sliders.items():
            self.fields[name] = forms.IntegerField(min_value=least, max_value=most)

    def value(self, name: str) -> int:
        """The slider's value; 0 where there is none, or none that can be used."""
        self.is_valid()
        return int(self.cleaned_data.get(name) or 0)

    def factor(self, name: str) -> Fraction:
        return ONE + Fraction(self.value(name), 100)

    @property
    def rates(self) -> dict[str, Fraction]:
        """How many times what they are the rates of steps would be, by step."""
        return {name.removeprefix("rate_"): self.factor(name) for name in self.sliders if name.startswith("rate_")}


def _most(rate: Fraction, *, share: bool) -> int:
    return min(MOST, math.floor((ONE / rate - 1) * 100)) if share else MOST
