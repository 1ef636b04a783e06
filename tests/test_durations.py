from fractions import Fraction

import pytest

from transforms.encoding.durations import as_delay, in_centiseconds, in_ms, sum_joined

SIXTIETH = Fraction(1000, 60)


@pytest.mark.parametrize(
    ("durations_ms", "expected"),
    [
        pytest.param(
            [SIXTIETH] * 10, [17, 16, 17, 17, 16, 17, 17, 16, 17, 17], id="10 of 1/60 s last 167 ms"
        ),
        pytest.param([Fraction(1, 3)] * 3, [0, 1, 0], id="less than 1 ms"),
        pytest.param([Fraction(0), Fraction(5)], [0, 5], id="none at all"),
        pytest.param([Fraction(2_000), Fraction(5)], [1_000, 5], id="the longest"),
    ],
)
def test_milliseconds(durations_ms: list[Fraction], expected: list[int]) -> None:
    assert in_ms(durations_ms, 1_000) == expected


@pytest.mark.parametrize(
    ("durations_ms", "expected"),
    [
        pytest.param([Fraction(100, 3)] * 6, [3, 4, 3, 3, 4, 3], id="30 a second alternate"),
        pytest.param([Fraction(25)] * 4, [3, 2, 3, 2], id="25 ms alternate"),
        pytest.param([Fraction(20)] * 3, [2, 2, 2], id="20 ms stay"),
        pytest.param([SIXTIETH] * 3, [2, 2, 2], id="less than 20 ms become 20"),
        pytest.param([Fraction(0), Fraction(10), Fraction(199, 10)], [2, 2, 2], id="the shortest become 20"),
        pytest.param([Fraction(25), Fraction(5), Fraction(25), Fraction(5)], [3, 2, 2, 2], id="both kinds"),
        pytest.param([Fraction(10**9), Fraction(30)], [65_535, 3], id="the longest"),
    ],
)
def test_centiseconds(durations_ms: list[Fraction], expected: list[int]) -> None:
    assert in_centiseconds(durations_ms) == expected


@pytest.mark.parametrize("denominator", range(2, 50))
def test_centiseconds_last_as_long_within_one(denominator: int) -> None:
    durations_ms = [Fraction(1_000, denominator)] * 199
    delays = in_centiseconds(durations_ms)
    assert abs(sum(delays) - sum(durations_ms) / 10) <= 1
    assert min(delays) >= 2


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [
        (SIXTIETH, (1, 60)),
        (Fraction(1_001, 30), (1_001, 30_000)),
        (Fraction(100), (1, 10)),
        (Fraction(0), (0, 1)),
        (Fraction(65_535_000), (65_535, 1)),
        (Fraction(10**9), (65_535, 1)),
    ],
)
def test_a_delay_that_fits_is_exact(duration_ms: Fraction, expected: tuple[int, int]) -> None:
    assert as_delay(duration_ms) == expected


@pytest.mark.parametrize("duration_ms", [65_537, 65_535_999, 123_457, 1_000_001, Fraction(1, 10**6)])
def test_another_delay_is_the_nearest(duration_ms: int | Fraction) -> None:
    numerator, denominator = as_delay(Fraction(duration_ms))
    assert 0 <= numerator <= 65_535
    assert 1 <= denominator <= 65_535
    assert Fraction(1_000 * numerator, denominator) == pytest.approx(
        Fraction(duration_ms), rel=2e-5, abs=0.02
    )


def test_joined_frames_last_as_long_as_all_of_them() -> None:
    durations_ms = [SIXTIETH, SIXTIETH, Fraction(5), Fraction(7)]
    assert sum_joined(durations_ms, [2, 1, 1]) == [2 * SIXTIETH, 5, 7]


def test_no_frame_is_lost_in_silence() -> None:
    with pytest.raises(ValueError, match="Expected 2 frames"):
        sum_joined([SIXTIETH, SIXTIETH], [1])
