"""The rule by which tasks are admitted to the queue for the renderers, simulated with a clock of the test's."""

import random
from statistics import median, quantiles

import pytest

from tests.support.queue_simulation import (
    DEADLINE_S,
    THUMBNAIL,
    Request,
    Simulation,
    knowing,
    page,
)
from transforms.workers.costs import Costs, TaskCost
from transforms.workers.lines import Lines, Ticket


def ticket(owner: str, estimate_s: float = 1.0, *, came_at: float = 0.0, max_loan_s: float = 10.0) -> Ticket:
    return Ticket(
        owner=owner,
        came_at=came_at,
        deadline=came_at + DEADLINE_S,
        estimate=lambda: estimate_s,
        max_loan_s=max_loan_s,
    )


def begun(lines: Lines, now: float = 0.0) -> str:
    """Give the free slots, and return the owners that got them."""
    owners = ""
    while given := lines.take_next(now):
        owners += str(given.owner)
    return owners


class TestTurns:
    def test_owners_take_turns(self) -> None:
        lines = Lines(slots=1, share=1)
        held = [ticket(owner) for owner in "aaaabbc"]
        for each in held:
            lines.join(each)
        order = ""
        for _ in held:
            running = lines.take_next(0)
            assert running is not None
            order += str(running.owner)
            lines.end(running)
        assert order == "abcabaa"

    def test_a_lone_owner_has_the_spare_slot_and_gives_it_back(self) -> None:
        lines = Lines(slots=2, share=1)
        first, second = ticket("a"), ticket("a")
        for each in (first, second, ticket("a"), ticket("a")):
            lines.join(each)
        assert begun(lines) == "aa"
        lines.join(ticket("b"))
        assert begun(lines) == ""
        lines.end(first)
        assert begun(lines) == "b"
        lines.end(second)
        assert begun(lines) == "a"

    def test_the_spare_slot_is_lent_for_short_work_alone(self) -> None:
        lines = Lines(slots=2, share=1)
        for each in (ticket("a"), ticket("a", 1.1, max_loan_s=1.0), ticket("a", 0.1, max_loan_s=1.0)):
            lines.join(each)
        assert begun(lines) == "a"
        lines.join(ticket("b"))
        assert begun(lines) == "b"


class TestAdmission:
    @pytest.mark.parametrize(
        ("running", "waiting", "newcomer", "wait_s"),
        [
            pytest.param("", "", "a", 0, id="free"),
            pytest.param("aa", "", "a", 1, id="running tasks"),
            pytest.param("aa", "aaaa", "a", 3, id="a line of its own"),
            pytest.param("aa", "aaaa", "b", 1.5, id="as much of another line as its own task"),
            pytest.param("aa", "aaaabbc", "b", 4, id="of each other line as much as its own, or all of it"),
        ],
    )
    def test_wait_of_a_newcomer(self, running: str, waiting: str, newcomer: str, wait_s: float) -> None:
        """With two slots and tasks of a second."""
        lines = Lines(slots=2, share=2)
        for owner in running:
            lines.join(ticket(owner))
        begun(lines)
        for owner in waiting:
            lines.join(ticket(owner))
        assert lines.wait_s(ticket(newcomer)) == wait_s

    def test_running_tasks_count_with_the_time_that_is_left(self) -> None:
        lines = Lines(slots=1, share=1)
        lines.join(ticket("a"))
        begun(lines)
        assert lines.wait_s(ticket("b", came_at=0.4)) == pytest.approx(0.6)
        assert lines.wait_s(ticket("b", came_at=7)) == 0

    def test_a_newcomer_is_admitted_up_to_its_deadline(self) -> None:
        lines = Lines(slots=1, share=1)
        lines.join(ticket("a", 4))
        begun(lines)
        lines.join(ticket("a", 4))
        assert lines.is_admitted(ticket("a", 2), 0)
        assert not lines.is_admitted(ticket("a", 2.1), 0)

    def test_the_first_of_its_line_is_always_admitted(self) -> None:
        lines = Lines(slots=1, share=1)
        lines.join(ticket("a", 9))
        begun(lines)
        assert lines.is_admitted(ticket("a", 9), 0)
        assert lines.is_admitted(ticket("b", 9), 0)

    @pytest.mark.parametrize(("now", "is_begun"), [(7.9, True), (8.1, False)])
    def test_a_task_is_looked_at_again_at_its_turn(self, now: float, is_begun: bool) -> None:
        """It is refused if less than half of its 4 s is left."""
        lines = Lines(slots=1, share=1)
        first = ticket("a")
        second = ticket("a", 4)
        for each in (first, second):
            lines.join(each)
        begun(lines)
        lines.end(first)
        assert lines.take_next(now) is second
        assert (second.began_at is not None) == is_begun
        lines.join(ticket("b"))
        assert begun(lines, now) == ("" if is_begun else "b")

    def test_a_task_longer_than_its_deadline_can_still_get_a_turn(self) -> None:
        lines = Lines(slots=1, share=1)
        first = ticket("a")
        second = ticket("a", 100)
        for each in (first, second):
            lines.join(each)
        begun(lines)
        lines.end(first)
        assert lines.take_next(4) is second
        assert second.began_at == 4

    def test_nothing_is_left_of_those_that_leave(self) -> None:
        lines = Lines(slots=1, share=1)
        waiting = [ticket("a"), ticket("b"), ticket("b")]
        lines.join(ticket("a"))
        begun(lines)
        for each in waiting:
            lines.join(each)
        lines.leave(waiting[0])
        assert lines.leave_all() == waiting[1:]
        assert lines.wait_s(ticket("b")) == 1


class TestPage:
    def test_of_40_is_admitted_whole(self) -> None:
        chance = random.Random(1)
        cold = Simulation(costs=Costs())
        cold.run(Request("a", 0, chance.uniform(0.02, 0.06)) for _ in range(40))
        assert len(cold.done()) == 40
        assert max(each.took_s for each in cold.done()) < 1.0

    def test_of_40_is_admitted_whole_by_children_that_start(self) -> None:
        """The first two tasks take a hundred times as long, and the clients ask again at once."""

        def ask_again(request: Request, now: float) -> Request | None:
            return Request("a", now, 0.03) if now < 10 else None

        cold = [Request("a", 0, 3.0), Request("a", 0, 3.0), *page("a", count=38, work_s=0.03)]
        run = Simulation(next_of=ask_again).run(cold)
        assert run.refused() == run.late() == []

    def test_of_200_is_admitted_as_far_as_time_goes(self) -> None:
        run = Simulation(costs=knowing(0.5)).run(page("a", count=200, work_s=0.5))
        assert 38 <= len(run.done()) <= 40
        assert len(run.refused()) == 200 - len(run.done())
        assert run.late() == []
        assert max(each.took_s for each in run.done()) <= DEADLINE_S

    def test_comes_soon_beside_a_flood(self) -> None:
        """F-22. No task of its kind was measured before, and all that is known is dear."""
        blur = TaskCost("filter", "jpeg to jpeg", 1.0)
        flood = [Request("a", 0, 0.5, blur) for _ in range(200)]
        run = Simulation(costs=knowing(0.5, blur)).run([*flood, *page("b", count=40, work_s=0.04, at=1.0)])
        waits_s = [each.took_s - each.work_s for each in run.done("b")]
        assert len(waits_s) == 40
        assert median(waits_s) < 1.1
        assert max(waits_s) < 2.2


class TestWrongEstimates:
    @pytest.mark.parametrize(("factor", "least_done"), [(10, 2), (0.1, 36)], ids=["too high", "too low"])
    def test_of_the_start_do_not_stay(self, factor: float, least_done: int) -> None:
        """The first flood is answered as well as possible, and the next one by what was learned."""
        costs = knowing(0.5 * factor)
        first = Simulation(costs=costs).run(page("a", count=200, work_s=0.5))
        assert len(first.done()) >= least_done
        for _ in range(15):
            Simulation(costs=costs).run(page("a", count=5, work_s=0.5))
        later = Simulation(costs=costs).run(page("a", count=200, work_s=0.5))
        assert 35 <= len(later.done()) <= 40
        assert len(later.refused()) >= 155

    def test_of_a_busy_spell_are_forgotten(self) -> None:
        """Although nothing but the first of a line is admitted at first."""
        costs = knowing(10)

        def ask_again(request: Request, now: float) -> Request | None:
            return Request("a", now + 0.01, 0.05) if now < 20 else None

        run = Simulation(costs=costs, next_of=ask_again).run(page("a", count=32, work_s=0.05))
        assert costs.estimate_s(THUMBNAIL) < 0.06
        assert [each for each in run.refused() if each.came_at > 10] == []


class TestStandingLine:
    def test_of_32_clients_refuses_none(self) -> None:
        def ask_again(request: Request, now: float) -> Request | None:
            return Request("a", now, 0.045) if now < 20 else None

        run = Simulation(next_of=ask_again).run(page("a", count=32, work_s=0.045))
        assert run.refused() == run.late() == []
        assert len(run.done()) > 20 * 2 / 0.045 * 0.99
        assert max(each.took_s for each in run.done()) < 0.8

    @pytest.mark.parametrize("work_s", [0.1, 0.5])
    def test_at_twice_the_load_is_bounded(self, work_s: float) -> None:
        """The median of what is accepted is at most 3 times the unloaded one, plus 2 s; the rate stays."""
        run = Simulation(costs=knowing(work_s)).run(_open_loop(load=2, work_s=work_s))
        times_s = [each.took_s for each in run.done()]
        settled_s = [each.took_s for each in run.done() if each.came_at > 15]
        assert median(times_s) <= 3 * work_s + 2
        assert quantiles(settled_s, n=20)[-1] <= 3 * work_s + 2
        assert len(times_s) >= 0.97 * 60 * 2 / work_s
        assert len(run.late()) <= 0.01 * len(run.requests)

    def test_ends_with_the_load(self) -> None:
        """A burst after it has the whole deadline again."""
        loaded = _open_loop(load=2, work_s=0.1)
        run = Simulation(costs=knowing(0.1)).run([*loaded, *page("b", count=150, work_s=0.1, at=70)])
        assert len(run.done("b")) == 150

    def test_of_one_owner_is_not_that_of_another(self) -> None:
        loaded = _open_loop(load=2, work_s=0.1)
        run = Simulation(costs=knowing(0.1)).run([*loaded, *page("b", count=40, work_s=0.1, at=30)])
        assert len(run.done("b")) == 40


def _open_loop(*, load: float, work_s: float) -> list[Request]:
    """Return requests for a minute that come at random, `load` times as many as two slots can do."""
    chance = random.Random(3)
    requests = []
    now = 0.0
    while now < 60:
        now += chance.expovariate(load * 2 / work_s)
        requests.append(Request("a", now, work_s))
    return requests
