"""Reads that one request makes once."""

from __future__ import annotations

from types import SimpleNamespace

from kpi_tracker.once import once, remembering

reads: list[int] = []


@once
def read(organisation: SimpleNamespace) -> int:
    reads.append(organisation.pk)
    return len(reads)


def test_once_for_each_organisation_within_a_request() -> None:
    reads.clear()
    one, two = SimpleNamespace(pk=1), SimpleNamespace(pk=2)
    with remembering():
        assert [read(one), read(one), read(two), read(one)] == [1, 1, 2, 1]
    with remembering():
        assert read(one) == 3


def test_anew_outside_of_a_request() -> None:
    reads.clear()
    assert [read(SimpleNamespace(pk=1)), read(SimpleNamespace(pk=1))] == [1, 2]
