"""The measured cost of tasks."""

from pathlib import Path

import pytest

from progimage.text_form import parse_query
from tests.support import images as made
from transforms.planning.resolve import resolve
from transforms.workers import costs as costs_module
from transforms.workers.costs import PROBE, UNKNOWN, UNREAD, VALIDATE, Costs, TaskCost, file_cost, render_cost


def task(kind: str = "thumbnail", *, format: str = "jpeg", megapixels: float = 12.0) -> TaskCost:
    return TaskCost(kind, format, megapixels)


def learned(*elapsed_s: float, of: TaskCost | None = None) -> Costs:
    costs = Costs()
    learn(costs, of or task(), *elapsed_s)
    return costs


def learn(costs: Costs, what: TaskCost, *elapsed_s: float) -> None:
    for each_s in elapsed_s:
        costs.learn(what, elapsed_s=each_s)


class TestAverage:
    def test_is_the_least_of_the_first_four_times(self) -> None:
        """Children start cold."""
        costs = learned(3.0, 3.0, 0.4)
        assert costs.estimate_s(task()) == pytest.approx(0.12), "not known yet"
        costs.learn(task(), elapsed_s=0.5)
        assert costs.estimate_s(task()) == pytest.approx(0.4)

    def test_follows_later_times_slowly(self) -> None:
        costs = learned(*[1.0] * 10, 2.0)
        assert costs.estimate_s(task()) == pytest.approx(1.15)
        learn(costs, task(), *[2.0] * 30)
        assert costs.estimate_s(task()) == pytest.approx(2.0, rel=0.01)

    def test_is_not_spoilt_by_one_task_that_hung(self) -> None:
        """After it a page of 40 thumbnails would be refused for seconds."""
        costs = learned(*[0.045] * 10, 20.0)
        assert costs.estimate_s(task()) < 0.11
        learn(costs, task(), *[20.0] * 12)
        assert costs.estimate_s(task()) > 10, "the next ones hang as well"

    def test_is_for_a_megapixel(self) -> None:
        costs = learned(*[1.2] * 4)
        assert costs.estimate_s(task(megapixels=6)) == pytest.approx(0.6)

    def test_of_small_images_has_a_fixed_part(self) -> None:
        costs = learned(*[0.01] * 4, of=task(megapixels=0.2))
        assert costs.estimate_s(task(megapixels=0.0)) == pytest.approx(0.01)

    def test_is_of_one_kind_and_format_and_class_of_size(self) -> None:
        costs = learned(*[12] * 4)
        for other in (task("filter"), task(format="png"), task(megapixels=1)):
            assert costs.estimate_s(other) == pytest.approx(0.01 * other.size)


def test_a_measured_task_is_learned_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s = [5.0]
    monkeypatch.setattr(costs_module, "monotonic", lambda: clock_s[0])
    costs = Costs()
    ended: list[str] = []
    for _ in range(4):
        end = costs.measured(task(), lambda: ended.append("end"))
        clock_s[0] += 3
        end(None)
    assert ended == ["end"] * 4
    assert costs.estimate_s(task()) == pytest.approx(3)


def test_a_task_that_was_guessed_is_learned_as_what_it_was_and_as_the_guess() -> None:
    costs = Costs()
    guess = task(format="avif or heic", megapixels=12)
    done = task(format="avif", megapixels=1)
    for _ in range(4):
        costs.measured(guess, lambda: None)(done)
    assert costs.estimate_s(done) < 0.001
    assert costs._rates.keys() == {task().kind}
    assert {sort: rate.count for sort, rate in costs._rates[task().kind].items()} == {
        guess.sort: 4,
        done.sort: 4,
    }


def test_a_task_that_was_guessed_rightly_is_learned_once() -> None:
    costs = Costs()
    costs.measured(task(megapixels=12), lambda: None)(task(megapixels=11))
    assert [rate.count for rate in costs._rates[task().kind].values()] == [1]


def test_a_task_that_its_header_has_ended_is_not_learned_as_the_guess() -> None:
    costs = Costs()
    costs.measured(task(), lambda: None)(TaskCost(UNREAD))
    assert costs._rates.keys() == {UNREAD}


class TestGuess:
    def test_before_everything_is_low(self) -> None:
        assert Costs().estimate_s(task(megapixels=50)) == pytest.approx(0.5)
        assert Costs().estimate_s(UNKNOWN) < 0.01

    def test_is_the_cheapest_of_its_kind(self) -> None:
        costs = learned(0.001, of=task(PROBE))
        learn(costs, task(format="webp"), 0.06)
        learn(costs, task(format="png"), 0.12)
        assert costs.estimate_s(task(format="gif")) == pytest.approx(0.06)
        assert costs.estimate_s(task(megapixels=1)) == pytest.approx(0.005)

    def test_is_low_although_the_known_are_dear(self) -> None:
        costs = learned(*[12.0] * 10, of=task(format="avif"))
        assert costs.estimate_s(task(format="jpeg")) == pytest.approx(0.12)
        assert costs.estimate_s(task("mask")) == pytest.approx(0.12)

    def test_follows_the_average_that_it_is_taken_from(self) -> None:
        costs = learned(0.012, *[0.06] * 60)
        assert costs.estimate_s(task(format="gif")) == pytest.approx(0.06, rel=0.01)


@pytest.mark.parametrize(
    ("megapixels", "other", "is_same"),
    [(0.1, 0.25, True), (0.25, 0.26, False), (1.1, 4.0, True), (4.0, 4.1, False), (17.0, 50.0, True)],
)
def test_sizes_have_classes(megapixels: float, other: float, is_same: bool) -> None:
    assert (task(megapixels=megapixels).sort == task(megapixels=other).sort) == is_same


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("w=300", TaskCost("thumbnail", "png to png", 12.0)),
        ("format=avif", TaskCost("convert", "png to avif", 12.0)),
        ("transform=resize:width=30/blur:2", TaskCost("pipeline", "png to png", 12.0)),
    ],
)
def test_cost_of_a_render(query: str, cost: TaskCost) -> None:
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]
    assert render_cost("png", 12.0, resolve(parse_query(pairs), "png")) == cost


@pytest.mark.parametrize(
    ("name", "format"),
    [(name, {"avif": "avif or heic", "tiff": "", "ico": ""}.get(name, name)) for name in
     ("jpeg", "png", "gif", "webp", "bmp", "avif", "jp2", "tiff", "ico")],
)  # fmt: skip
def test_cost_of_a_file(name: str, format: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    content = made.encoded(name)
    path.write_bytes(content)
    assert file_cost(VALIDATE, path) == TaskCost("validate", format, len(content) * 4 / 1_000_000)
