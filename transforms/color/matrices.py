"""Matrices between primaries, in plain Python: three by three, as rows."""

from functools import lru_cache

from .description import Point, Primaries

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

D50: Row = (0.9642, 1.0, 0.8249)
"""The white of the ICC's connection space."""
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)


def rgb_to_xyz(primaries: Primaries) -> Matrix:
    """Return the matrix from linear RGB to XYZ under its own white (SMPTE RP 177).

    Raise ValueError if the primaries span no colours."""
    columns = [xyz_of(point) for point in (primaries.red, primaries.green, primaries.blue)]
    plain = transposed(columns)
    scales = times(inverted(plain), white_of(primaries))
    return _rows((row[0] * scales[0], row[1] * scales[1], row[2] * scales[2]) for row in plain)


@lru_cache(maxsize=64)
def rgb_to_d50(primaries: Primaries) -> Matrix:
    """Return the matrix from linear RGB to XYZ under D50, adapted by Bradford.

    Raise ValueError as `rgb_to_xyz`."""
    source = times(_BRADFORD, white_of(primaries))
    target = times(_BRADFORD, D50)
    gains = [aim / cone if cone else 0.0 for aim, cone in zip(target, source, strict=True)]
    scaled = _rows(
        (gain * row[0], gain * row[1], gain * row[2]) for gain, row in zip(gains, _BRADFORD, strict=True)
    )
    adaptation = product(inverted(_BRADFORD), scaled)
    return product(adaptation, rgb_to_xyz(primaries))


def white_of(primaries: Primaries) -> Row:
    x, y = primaries.white
    if y <= 0:
        raise ValueError("Expected a white with light")
    return x / y, 1.0, (1 - x - y) / y


def xyz_of(point: Point) -> Row:
    x, y = point
    return x, y, 1 - x - y


def times(matrix: Matrix, vector: Row) -> Row:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def product(left: Matrix, right: Matrix) -> Matrix:
    columns = [times(left, column) for column in transposed(right)]
    return transposed(columns)


def transposed(rows: Matrix | list[Row]) -> Matrix:
    return _rows(zip(*rows, strict=True))


def inverted(matrix: Matrix) -> Matrix:
    """Return the inverse. Raise ValueError if there is none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-9:
        raise ValueError("Expected primaries that span colours")
    adjugate = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return _rows((row[0] / determinant, row[1] / determinant, row[2] / determinant) for row in adjugate)


def _rows(rows: object) -> Matrix:
    first, second, third = (tuple(row) for row in rows)  # type: ignore[attr-defined]
    return first, second, third
