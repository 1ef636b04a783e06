"""Memories: how long a value is found, what drops it, and how much room they take."""

import time

import pytest

from images.delivery import invalidation, memory
from images.delivery.invalidation import KEPT_S, Changes, Stamp, of_image
from images.delivery.memory import Memory

IMAGE = of_image("1")
OTHER = of_image("2")


@pytest.fixture
def changes() -> Changes:
    heard = Changes()
    heard.hear_until(time.monotonic() + 60)
    return heard


@pytest.fixture
def kept(changes: Changes) -> Memory[str]:
    return Memory(max_bytes=100_000, changes=changes)


def keep(kept: Memory[str], key: str = "a", *subjects: str, size_bytes: int = 10) -> bool:
    return kept.keep(
        key, f"value of {key}", subjects=subjects or [IMAGE], stamp=kept.stamp(), size_bytes=size_bytes
    )


def find(kept: Memory[str], key: str = "a") -> str | None:
    return kept.find(key, time.monotonic())


def test_a_value_is_found_until_its_read_is_five_seconds_old(kept: Memory[str]) -> None:
    begins_at_s = time.monotonic()
    stamp = kept.stamp()
    assert stamp is not None
    began_at_s = stamp.until_s - KEPT_S
    assert begins_at_s <= began_at_s <= time.monotonic()
    time.sleep(0.05)  # the read takes its time
    assert kept.keep("a", "value", subjects=[IMAGE], stamp=stamp, size_bytes=1)
    assert kept.find("a", began_at_s + KEPT_S - 0.01) == "value"
    assert kept.find("a", began_at_s + KEPT_S) is None


def test_a_slow_read_is_not_kept(kept: Memory[str]) -> None:
    stamp = kept.stamp()
    assert stamp is not None
    old = Stamp(stamp.change, stamp.until_s - KEPT_S)
    assert not kept.keep("a", "value", subjects=[IMAGE], stamp=old, size_bytes=1)
    assert kept.size_bytes == 0


def test_a_value_ends_with_the_right_that_it_depends_on(kept: Memory[str]) -> None:
    now_s = time.monotonic()
    stamp = kept.stamp()
    assert stamp is not None
    assert stamp.ending_at(time.time() + 60) == stamp
    short = stamp.ending_at(time.time() + 2)
    assert kept.keep("a", "value", subjects=[IMAGE], stamp=short, size_bytes=1)
    assert kept.find("a", now_s + 1.9) == "value"
    assert kept.find("a", now_s + 2.1) is None
    over = stamp.ending_at(time.time())
    assert not kept.keep("b", "value", subjects=[IMAGE], stamp=over, size_bytes=1)


@pytest.mark.parametrize("subjects", [(IMAGE,), (OTHER, IMAGE)], ids=["its image", "one that it shows"])
def test_a_change_drops_what_depends_on_it(
    kept: Memory[str], changes: Changes, subjects: tuple[str, ...]
) -> None:
    keep(kept, "a", *subjects)
    keep(kept, "b", OTHER)
    changes.forget([IMAGE])
    assert find(kept, "a") is None
    assert find(kept, "b") == "value of b"


def test_a_read_that_began_before_a_change_is_not_kept_after_it(kept: Memory[str], changes: Changes) -> None:
    stamp = kept.stamp()
    changes.forget([IMAGE])
    assert not kept.keep("a", "old", subjects=[OTHER, IMAGE], stamp=stamp, size_bytes=1)
    assert kept.keep("b", "value", subjects=[OTHER], stamp=stamp, size_bytes=1)
    assert keep(kept, "a")


@pytest.mark.parametrize("subject", [invalidation.EVERYTHING, None], ids=["a change of all", "a loss"])
def test_everything_is_dropped(kept: Memory[str], changes: Changes, subject: str | None) -> None:
    stamp = kept.stamp()
    keep(kept)
    if subject:
        changes.forget([subject])
    else:
        changes.lose()
        changes.hear_until(time.monotonic() + 60)
    assert find(kept) is None
    assert kept.size_bytes == 0
    assert not kept.keep("a", "old", subjects=[IMAGE], stamp=stamp, size_bytes=1)
    assert keep(kept)


def test_nothing_is_found_while_changes_are_not_heard(kept: Memory[str], changes: Changes) -> None:
    keep(kept)
    changes.hear_until(time.monotonic())
    assert kept.stamp() is None
    assert find(kept) is None
    assert not keep(kept)


def test_a_change_is_remembered_as_long_as_a_stamp_before_it(
    kept: Memory[str], changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes are kept in two halves, of which the older one goes from time to time."""
    stamp = kept.stamp()
    changes.forget([IMAGE])
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s + KEPT_S - 0.1)
    changes._turned_at_s = 0
    changes.forget([OTHER])
    assert not kept.keep("a", "old", subjects=[IMAGE], stamp=stamp, size_bytes=1)
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 100)
    changes.forget([OTHER])
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 200)
    changes.forget([OTHER])
    assert len(changes._recent) + len(changes._earlier) == 2
    assert IMAGE not in changes._earlier


def test_too_many_changes_are_a_change_of_everything(
    kept: Memory[str], changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invalidation, "_MAX_CHANGES", 5)
    stamp = kept.stamp()
    keep(kept)
    changes.forget([of_image(str(number)) for number in range(10, 16)])
    assert find(kept) is None
    assert not kept.keep("a", "old", subjects=[IMAGE], stamp=stamp, size_bytes=1)


def test_the_oldest_make_room(changes: Changes) -> None:
    entry_bytes = memory._ENTRY_BYTES + 400
    kept: Memory[str] = Memory(max_bytes=2 * entry_bytes, changes=changes)
    for key in ("a", "b", "a", "c"):
        assert keep(kept, key, size_bytes=400)
    assert [find(kept, key) for key in ("a", "b", "c")] == ["value of a", None, "value of c"]
    assert kept.size_bytes == 2 * entry_bytes
    assert not keep(kept, "d", size_bytes=2 * entry_bytes)


def test_expired_values_free_their_room(kept: Memory[str], changes: Changes) -> None:
    keep(kept)
    changes.drop_expired()
    assert find(kept) == "value of a"
    kept.drop_expired(time.monotonic() + KEPT_S)
    assert kept.size_bytes == 0
    assert kept._keys == {}


def test_the_first_use_starts_the_listener_once() -> None:
    heard = Changes()
    starts: list[str] = []
    heard.on_first_use = lambda: starts.append("start")
    kept: Memory[str] = Memory(max_bytes=1_000, changes=heard)
    assert kept.stamp() is None
    assert kept.stamp() is None
    assert starts == ["start"]
