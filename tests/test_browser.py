"""The admin and the page of the API's documentation, in a real browser, as an operator uses them."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.conftest import Api, make_api, skip_or_fail
from tests.support import images as made
from tests.support.chromium import CHROMIUM_FLAGS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread. Django refuses queries beside a loop unless this is set.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    """A page whose console stays empty. Anything that the server forbids or lacks would show there."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(_complaint(message)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [complaint for complaint in complaints if complaint] == []


def _complaint(message: ConsoleMessage) -> str:
    """Every browser asks for a favicon by itself, and there is none."""
    is_error = message.type == "error" and not message.location["url"].endswith("/favicon.ico")
    return f"{message.text} {message.location['url']}" if is_error else ""


@pytest.fixture
def api(live_server: Any) -> Api:
    return make_api("alice")


@pytest.fixture
def operator(page: Page) -> Page:
    User.objects.create_superuser("operator", password="correct horse battery staple")
    page.goto("/admin/")
    page.fill("#id_username", "operator")
    page.fill("#id_password", "correct horse battery staple")
    page.click("[type=submit]")
    return page


def test_operator_makes_a_key_and_sees_its_secret_once(operator: Page, api: Api) -> None:
    operator.goto("/admin/accounts/apikey/add/")
    operator.select_option("#id_account", label="alice")
    operator.fill("#id_name", "the shop")
    assert operator.is_checked("input[value=read]")
    assert not operator.is_checked("input[value=admin]")
    operator.click("[name=_save]")
    shown = re.search(r"pi_[a-z0-9]{12}\.[\w-]{43}", operator.inner_text(".messagelist"))
    assert shown is not None
    assert Api(api.account, shown[0]).stored(made.encoded("png"))
    operator.reload()
    assert shown[0].partition(".")[2] not in operator.content()


def test_operator_sees_thumbnails(operator: Page, api: Api) -> None:
    for name in ("jpeg", "png", "heic"):
        api.stored(made.encoded(name))
    operator.goto("/admin/images/image/")
    thumbnails = operator.locator(".field-thumbnail img")
    assert thumbnails.count() == 3
    for index in range(3):
        thumbnail = thumbnails.nth(index)
        thumbnail.scroll_into_view_if_needed()
        operator.wait_for_function("image => image.complete", arg=thumbnail.element_handle())
        assert thumbnail.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [
            made.WIDTH,
            made.HEIGHT,
        ]


def test_page_to_try_the_api(page: Page) -> None:
    page.goto("/docs")
    page.wait_for_selector(".opblock")
    assert "/images/{image_id}.{extension}" in page.inner_text("#swagger-ui").replace("\u200b", "")
    page.click("#operations-images-upload_image .opblock-summary-control")
    page.wait_for_selector("#operations-images-upload_image .try-out__btn")


def test_link_of_an_error_leads_to_its_explanation(page: Page, api: Api) -> None:
    """The browser marks the section that the link names. Its console stays empty, so the policy allows the style."""
    problem = api.get("/images/none").json()
    page.goto(problem["type"].removeprefix("http://testserver"))
    section = page.locator("section:target")
    assert section.get_attribute("id") == problem["code"] == "not_found"
    assert section.evaluate("section => getComputedStyle(section).backgroundColor") == "rgb(255, 246, 213)"
    assert "There is nothing at this address" in section.inner_text()
