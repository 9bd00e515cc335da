"""The forms of the import page: which file, and what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.importers.dialect import BrokenFile, Table
from integrations.importers.kinds import KINDS, FileKind
from integrations.importers.mapping import ColumnMapping
from integrations.importers.reader import FILE, File
from kpi_tracker.sales.models import ActivityKind, CostCategory

# Fields with few possible values: one may stand for the whole file.
FOR_ALL_ROWS = {("activities", "kind"): ActivityKind.choices, ("costs", "category"): CostCategory.choices}


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What does the file list?"), choices=[(key, kind.label) for key, kind in KINDS.items()])
    file = forms.FileField(label=_("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}))

    def clean_file(self) -> File:
        """The file, where the upload put it: small ones in memory, large ones on disk. A small one is read to its end."""
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        size = upload.size or 0
        if size > settings.IMPORT_MOST_BYTES:
            most = settings.IMPORT_MOST_BYTES // 1024**2
            raise forms.ValidationError(gettext("The file is larger than %(most)s MB; split it.") % {"most": most})
        name = (upload.name or "")[:200]
        is_large = size > settings.IMPORT_AT_ONCE_BYTES
        file = File(name, Path(upload.temporary_file_path()) if isinstance(upload, TemporaryUploadedFile) else upload.read())
        try:
            table = Table(file.data)
            if not is_large:
                for _line in table.rows():
                    pass
        except BrokenFile as error:
            raise forms.ValidationError(gettext("Line %(line)d: %(message)s") % {"line": error.line, "message": error.message}) from error
        return file

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        kind, upload = KINDS.get(found.get("kind", "")), self.files.get("file")
        if kind is not None and not kind.goes_in_steps and upload is not None and (upload.size or 0) > settings.IMPORT_AT_ONCE_BYTES:
            message = gettext("A file of this kind may have %(most)s MB at most; split it.")
            self.add_error("file", message % {"most": settings.IMPORT_AT_ONCE_BYTES // 1024**2})
        return found


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
