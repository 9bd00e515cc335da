"""What happened: customers, leads, activities, deals with their stage history, contracts and costs.

Each day in a record (`..._on`) is a local day of the organisation. Who gets the credit is stored with the
record, so that history stays when an owner changes: `added_by`, `opened_by`, `closed_by`.
"""

from kpi_tracker.sales.models.activities import Activity, ActivityKind, ActivityType, Outcome
from kpi_tracker.sales.models.companies import Contact, Customer, ExternalId, Lead, lead_company_key
from kpi_tracker.sales.models.deals import Deal, DealStatus, Pipeline, Product, Stage, StageChange
from kpi_tracker.sales.models.economics import Contract, Cost, CostCategory

__all__ = [
    "Activity",
    "ActivityKind",
    "ActivityType",
    "Contact",
    "Contract",
    "Cost",
    "CostCategory",
    "Customer",
    "Deal",
    "DealStatus",
    "ExternalId",
    "Lead",
    "Outcome",
    "Pipeline",
    "Product",
    "Stage",
    "StageChange",
    "lead_company_key",
]
