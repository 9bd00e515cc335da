"""Files outside the checkout that some tests read where they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[3] / "shared"


def shared(*parts: str) -> Path:
    """A file of the shared folder (`SHARED_DATA` names its `data`, else it stands beside the checkout); skips where it is missing."""
    named = os.environ.get("SHARED_DATA")
    root = Path(named).parent if named else BESIDE
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is missing; set SHARED_DATA to the folder with the real exports")
    return path
