from typing import Any

from django.db import migrations


def to_parts(apps: Any, _schema_editor: Any) -> None:
    note_model, part = apps.get_model("integrations", "Import"), apps.get_model("integrations", "ImportPart")
    for note in note_model.objects.filter(content__isnull=False).iterator(chunk_size=1):
        part.objects.create(organisation_id=note.organisation_id, note=note, number=0, content=bytes(note.content))


def to_content(apps: Any, _schema_editor: Any) -> None:
    note_model, part = apps.get_model("integrations", "Import"), apps.get_model("integrations", "ImportPart")
    for note in note_model.objects.iterator():
        if parts := [bytes(content) for content in part.objects.filter(note=note).order_by("number").values_list("content", flat=True)]:
            note_model.objects.filter(pk=note.pk).update(content=b"".join(parts))


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_imports_as_jobs")]

    operations = [migrations.RunPython(to_parts, to_content)]
