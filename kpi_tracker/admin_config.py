from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    default_site = "kpi_tracker.tenant_admin.Site"
