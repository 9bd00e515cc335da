"""The vendored files are the ones that VENDOR.md names."""

import hashlib
import re

import pytest
from django.conf import settings

VENDOR = settings.BASE_DIR / "static" / "vendor"
ROWS = re.findall(r"^\| (\S+) \| .* \| ([0-9a-f]{64}) \|$", (VENDOR / "VENDOR.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("path", "digest"), ROWS)
def test_file_is_the_one_named(path: str, digest: str) -> None:
    assert hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == digest


def test_every_file_is_named() -> None:
    files = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.suffix in (".js", ".css", ".woff2")}
    assert files == {path for path, _ in ROWS}


def test_every_folder_has_its_licence() -> None:
    assert all((folder / "LICENSE").exists() for folder in VENDOR.iterdir() if folder.is_dir())
