"""What each KPI is, in plain loops. A KPI without a function here fails `test_independence`."""

from tests.oracle import activities, cohorts, deals, economics, pipeline
from tests.oracle.slices import FIGURES, Figure, Slice

__all__ = ["FIGURES", "Figure", "Slice", "activities", "cohorts", "deals", "economics", "pipeline"]
