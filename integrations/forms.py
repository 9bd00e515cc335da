"""The forms of the import page: which file, and what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.importers.dialect import BrokenFile, Table
from integrations.importers.kinds import KINDS, FileKind
from integrations.importers.mapping import ColumnMapping
from integrations.importers.reader import FILE, File
from kpi_tracker.formats import number
from kpi_tracker.sales.models import ActivityKind, CostCategory

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 50_000
# Fields with few possible values: one may stand for the whole file.
FOR_ALL_ROWS = {("activities", "kind"): ActivityKind.choices, ("costs", "category"): CostCategory.choices}


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What does the file list?"), choices=[(key, kind.label) for key, kind in KINDS.items()])
    file = forms.FileField(label=_("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}))

    def clean_file(self) -> File:
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        if (upload.size or 0) > MOST_BYTES:
            raise forms.ValidationError(gettext("The file is larger than %(most)s MB; split it.") % {"most": MOST_BYTES // 1024**2})
        file = File((upload.name or "")[:200], upload.read())
        try:
            rows = sum(1 for _row in Table(file.data).rows())
        except BrokenFile as error:
            raise forms.ValidationError(gettext("Line %(line)d: %(message)s") % {"line": error.line, "message": error.message}) from error
        if rows > MOST_ROWS:
            message = gettext("The file has %(rows)s rows; this page takes %(most)s. Split it, or use the command import_file.")
            raise forms.ValidationError(message % {"rows": number(rows), "most": number(MOST_ROWS)})
        return file


class MappingForm(forms.Form):
    """One choice of column for each field of the kind, and what cells alone cannot tell."""

    date_order = forms.ChoiceField(
        label=_("Dates such as 03/07/2021"), required=False,
        choices=[("", _("as the whole column tells")), ("dmy", _("day first")), ("mdy", _("month first"))],
    )
    decimal = forms.ChoiceField(
        label=_("Decimal mark"), required=False, choices=[("", _("as the whole column tells")), (",", _("comma")), (".", _("point"))]
    )
    source = forms.CharField(
        label=_("Where its ids come from"), required=False, max_length=40,
        help_text=_("One name for each system, always the same: ids of one are not mistaken for another's."),
    )
    create_reps = forms.BooleanField(label=_("Add reps that the file names and that are not known yet"), required=False)

    def __init__(self, data: Any, *, kind: FileKind, header: Sequence[str], mapping: ColumnMapping) -> None:
        self.kind, self.mapping = kind, mapping
        super().__init__(
            data,
            initial={
                "date_order": mapping.date_order, "decimal": mapping.decimal, "create_reps": mapping.create_reps,
                "source": mapping.source or FILE,
            },
        )
        names = [(name, name) for name in header if name]
        for one in kind.fields:
            current = mapping.columns.get(one.key, ())
            joined = [(" + ".join(current), " + ".join(current))] if len(current) > 1 else []
            self.fields[f"column.{one.key}"] = forms.ChoiceField(
                label=capfirst(one.label), required=False, choices=[("", "–"), *joined, *names], initial=" + ".join(current)
            )
            if (choices := FOR_ALL_ROWS.get((kind.key, one.key))) is not None:
                self.fields[f"all.{one.key}"] = forms.ChoiceField(
                    label=_("All rows without one are"), required=False, choices=[("", "–"), *choices],
                    initial=mapping.constants.get(one.key, ""),
                )

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(("column.", "all."))]

    @property
    def style_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("date_order", "decimal", "source", "create_reps")]

    def chosen(self) -> ColumnMapping:
        """The mapping as the person set it."""
        data = self.cleaned_data
        columns: dict[str, tuple[str, ...]] = {}
        constants = dict(self.mapping.constants)
        for one in self.kind.fields:
            current = self.mapping.columns.get(one.key, ())
            if text := data[f"column.{one.key}"]:
                columns[one.key] = current if text == " + ".join(current) else (text,)
            if f"all.{one.key}" in data:
                constants.pop(one.key, None)
                if text := data[f"all.{one.key}"]:
                    constants[one.key] = text
        return replace(
            self.mapping, columns=columns, constants=constants, date_order=data["date_order"], decimal=data["decimal"],
            create_reps=data["create_reps"], source=data["source"], guess=False, name="",
        )
