"""Commands run in this process, with what they print."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON object on the last line."""
        found: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found


def run(name: str, *args: str | Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command(name, *map(str, args), stdout=out, stderr=err)
    except SystemExit as left:
        code = int(left.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())
