from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "kpi_tracker.demo"
    label = "demo"
