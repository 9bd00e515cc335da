"""The content of files that came in, in pieces: never all of it in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from integrations.importers.dialect import PIECE, opened
from integrations.importers.reader import File
from integrations.models import Import, ImportPart


def pieces(data: bytes | Path) -> Iterator[bytes]:
    with opened(data) as file:
        while piece := file.read(PIECE):
            yield piece


def digest(data: bytes | Path) -> tuple[str, int]:
    """SHA-256 and size in bytes."""
    total, size = hashlib.sha256(), 0
    for piece in pieces(data):
        total.update(piece)
        size += len(piece)
    return total.hexdigest(), size


def keep(note: Import, found: Iterable[bytes]) -> None:
    """Each piece in a transaction of its own, unless the caller has opened one: others get their turn in between."""
    for number, piece in enumerate(found):
        ImportPart.objects.create(organisation_id=note.organisation_id, note=note, number=number, content=piece)


def discard(note: Import) -> None:
    ImportPart.objects.filter(organisation_id=note.organisation_id, note=note).delete()


def head(note: Import) -> File:
    """The beginning of the file, up to the end of a line: for its header and first rows."""
    parts = ImportPart.objects.filter(organisation_id=note.organisation_id, note=note).order_by("number")
    content = b"".join(bytes(piece) for piece in parts.values_list("content", flat=True)[:1])
    if len(content) == PIECE and 0 not in content[:2000]:  # no character of UTF-8 is cut in two then
        content = content[: content.rfind(b"\n") + 1] or content
    return File(note.file_name, content)


@contextmanager
def on_disk(note: Import) -> Iterator[File]:
    """The whole file, on this machine's disk for as long as it is needed."""
    with tempfile.NamedTemporaryFile(prefix="import-") as copy:
        parts = ImportPart.objects.filter(organisation_id=note.organisation_id, note=note).order_by("number")
        for number in parts.values_list("number", flat=True):
            copy.write(parts.values_list("content", flat=True).get(number=number))
        copy.flush()
        yield File(note.file_name, Path(copy.name))
