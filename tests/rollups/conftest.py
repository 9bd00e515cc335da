from tests.contracts.conftest import company

__all__ = ["company"]
