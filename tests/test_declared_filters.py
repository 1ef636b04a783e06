"""Every list of the admin takes the filters that it declares, and no lookup besides."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.admin.declared_filters import DeclaredFilters
from accounts.models import Account, ApiKey
from tests.conftest import Api
from tests.support.admin_pages import PNG

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MAX_DEPTH = 3


def url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def columns(model: type[Model], depth: int = MAX_DEPTH) -> Iterator[str]:
    """Every column that a lookup can reach from a model, by up to three relations in both directions."""
    for field in model._meta.get_fields(include_hidden=False):
        name = field.name
        related: Any = field.related_model if field.is_relation else None
        if related is None:
            yield name
            continue
        yield name
        if depth:
            yield from (f"{name}__{column}" for column in columns(related, depth - 1))


@pytest.fixture
def viewer(client: Client, api: Api) -> Client:
    """Staff who may view every list, and nothing more."""
    api.get(api.stored(PNG) + ".png")
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(clerk)
    client.raise_request_exception = False
    return client


def test_every_list_has_the_rule() -> None:
    assert {ApiKey, Account, User} <= set(MODELS)
    assert [model for model in MODELS if not isinstance(admin.site._registry[model], DeclaredFilters)] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_declared_filters_work(viewer: Client, model: type[Model]) -> None:
    """Every filter that a list offers is answered."""
    page = viewer.get(url(model))
    assert page.status_code == 200
    changelist = page.context["cl"]
    choices = [choice for spec in changelist.filter_specs for choice in spec.choices(changelist)]
    assert choices or not changelist.list_filter
    for query in {choice["query_string"] for choice in choices}:
        assert viewer.get(url(model) + query).status_code == 200, query


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_other_lookups_are_refused(rf: RequestFactory, model: type[Model]) -> None:
    """AD-3: also lookups by related rows, whatever the relation's direction."""
    page = admin.site._registry[model]
    request = rf.get("/")
    reached = sorted(set(columns(model)))
    assert len(reached) > 20
    for column in reached:
        for lookup in ("startswith", "regex", "in", "gt"):
            assert not page.lookup_allowed(f"{column}__{lookup}", "a", request), column
    assert [path for path in reached if page.lookup_allowed(path, "a", request) and "__" in path] == []


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (ApiKey, "secret_sha256__startswith"),
        (ApiKey, "secret_sha256"),
        (ApiKey, "signing_secret__gt"),
        (Account, "api_keys__secret_sha256__startswith"),
        (User, "password__startswith"),
        (User, "email__contains"),
        (User, "groups__user__password__startswith"),
    ],
)
def test_secrets_cannot_be_guessed(viewer: Client, model: type[Model], lookup: str) -> None:
    """AD-3: the same answer for a value that a row has and for another."""
    row = model._default_manager.last()
    assert row is not None
    answers = {viewer.get(url(model), {lookup: value}).status_code for value in ("a", "pbkdf2", "~")}
    assert answers == {400}


@pytest.mark.parametrize("field", ["secret_sha256", "signing_secret", "prefix"])
def test_a_page_is_found_by_its_id_alone(viewer: Client, field: str) -> None:
    key = ApiKey.objects.get()
    value = getattr(key, field)
    page = f"/admin/accounts/apikey/{value}/change/"
    assert viewer.get(page, {"_to_field": field}).status_code == 400
