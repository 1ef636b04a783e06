import django.contrib.admin.apps
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"


class OperatorAdminConfig(django.contrib.admin.apps.AdminConfig):
    """Django's admin, with this service's own site."""

    default = False  # of the application accounts
    default_site = "accounts.logins.site.OperatorSite"
