"""Splitting loses nothing, whatever is split among whomever."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.cascade import split, step_of

amounts = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False, allow_infinity=False)
targets = st.one_of(amounts, st.integers(1, 10**9).map(Decimal), st.decimals(min_value=0, max_value=10**9, places=4))
weights = st.dictionaries(st.integers(1, 60), st.decimals(min_value=0, max_value=10**6, places=6), min_size=1, max_size=40)


@st.composite
def splits(draw: st.DrawFn) -> tuple[Decimal, dict[int, Decimal], dict[int, Decimal]]:
    target, shares = draw(targets), draw(weights)
    locked = draw(st.dictionaries(st.sampled_from(sorted(shares)), amounts, max_size=len(shares)))
    return target, shares, locked


@given(splits())
def test_it_adds_up_and_leaves_locked_amounts_alone(case: tuple[Decimal, dict[int, Decimal], dict[int, Decimal]]) -> None:
    target, shares, locked = case
    found = split(target, shares, locked=locked)
    assert set(found) == set(shares)
    assert {member: found[member] for member in locked} == locked
    free = [member for member in shares if member not in locked]
    if free and sum(locked.values()) <= target:
        assert sum(found.values()) == target
    elif free:
        assert all(found[member] == 0 for member in free)
    assert all(amount >= 0 for amount in found.values())


@given(splits(), st.randoms(use_true_random=False))
def test_the_order_of_the_members_does_not_matter(case: tuple[Decimal, dict[int, Decimal], dict[int, Decimal]], random: object) -> None:
    target, shares, locked = case
    members = list(shares)
    random.shuffle(members)  # type: ignore[attr-defined]
    assert split(target, {member: shares[member] for member in members}, locked=locked) == split(target, shares, locked=locked)


@given(st.integers(0, 10**6).map(Decimal), weights)
def test_counts_stay_whole_and_nobody_is_off_by_one(target: Decimal, shares: dict[int, Decimal]) -> None:
    found = split(target, shares, step=Decimal(1))
    assert all(amount == int(amount) for amount in found.values())
    total = sum(map(Fraction, shares.values()))
    for member, amount in found.items():
        exact = Fraction(target) * Fraction(shares[member]) / total if total else Fraction(target) / len(shares)
        assert abs(Fraction(amount) - exact) < 1


@given(targets, st.integers(1, 60))
def test_equal_weights_differ_by_a_step_at_most(target: Decimal, number: int) -> None:
    found = split(target, dict.fromkeys(range(number), Decimal(3)), step=(step := step_of(target)))
    assert max(found.values()) - min(found.values()) <= step


def test_it_works() -> None:
    thirds = split(Decimal(100), {1: Decimal(1), 2: Decimal(1), 3: Decimal(1)})
    assert thirds == {1: Decimal(34), 2: Decimal(33), 3: Decimal(33)}
    cents = split(Decimal("100.01"), {1: Decimal(2), 2: Decimal(1)})
    assert cents == {1: Decimal("66.67"), 2: Decimal("33.34")}
    locked = split(Decimal(1000), {1: Decimal(1), 2: Decimal(1), 3: Decimal(2)}, locked={3: Decimal(100)})
    assert locked == {1: Decimal(450), 2: Decimal(450), 3: Decimal(100)}


@pytest.mark.parametrize(("target", "step"), [("640000", "1"), ("0.5", "0.01"), ("12.34", "0.01"), ("12.3456", "0.0001")])
def test_the_step_follows_the_target(target: str, step: str) -> None:
    assert step_of(Decimal(target)) == Decimal(step)


def test_what_no_step_divides_is_not_lost() -> None:
    found = split(Decimal("10.005"), {1: Decimal(1), 2: Decimal(1)}, step=Decimal(1))
    assert found == {1: Decimal("5.005"), 2: Decimal(5)}
