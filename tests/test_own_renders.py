"""Threads of a process that want the same rendition: one renders, the others wait for its end."""

from threading import Event, Thread

import pytest

from images.renditions.own_renders import OwnRenders


def test_one_thread_renders_and_the_others_see_its_end() -> None:
    renders = OwnRenders()
    with renders.try_begin("a") as is_alone:
        assert is_alone
        with renders.try_begin("a") as is_alone_too:
            assert not is_alone_too
        with renders.try_begin("b") as is_alone_with_b:
            assert is_alone_with_b
        end = renders.find_end("a")
        assert end is not None
        assert not end.is_set()
    assert end.is_set()
    assert renders.find_end("a") is None


def test_waiting_thread_wakes_at_the_end() -> None:
    renders = OwnRenders()
    begun = Event()
    go_on = Event()

    def render() -> None:
        with renders.try_begin("a"):
            begun.set()
            go_on.wait(60)

    thread = Thread(target=render)
    thread.start()
    assert begun.wait(60)
    end = renders.find_end("a")
    assert end is not None
    assert not end.wait(0.05)
    go_on.set()
    assert end.wait(60)
    thread.join()


def test_failed_render_ends_too() -> None:
    renders = OwnRenders()
    with pytest.raises(ValueError, match="odd"), renders.try_begin("a"):
        raise ValueError("odd")
    with renders.try_begin("a") as is_alone:
        assert is_alone
