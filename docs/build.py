"""Writes docs/operations.md with its pictures from the catalogue, and code from the source into the guide.

    python -m docs.build  # `make docs`

No operation is named here but the few that change nothing on the photograph as it is."""

import io
import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw

from docs.includes import fill_includes
from progimage.operations import Operation, Output, operations
from progimage.parameters import Parameter
from progimage.text_form import parse_text
from progimage.transform import Transform
from transforms.decoding.decode import probe
from transforms.engine import render_file
from transforms.planning.resolve import resolve

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
PHOTOGRAPH = PICTURES / "chelsea.jpg"
BADGE = PICTURES / "badge.png"
PAGE = HERE / "operations.md"
GUIDES = [HERE / "adding-an-operation.md", HERE / "adding-an-endpoint.md"]
BEFORE = {
    "autocontrast": "levels:out_black=90,out_white=170",
    "equalize": "levels:out_black=90,out_white=170",
    "trim": "pad:top=30,right=50,bottom=30,left=50,background=white",
    "colorkey": "rotate:angle=20,background=white",
}
"""Transforms of the photograph for operations whose example changes nothing on the photograph itself."""

_CHESS_PX = 10

_HEAD = """# Operations

Generated from the catalogue by `make docs`; `GET /operations` answers the same as JSON Schema. A
transform is up to ten operations, done in the order written, and an output. Text form, for URLs:
`rotate:angle=90/grayscale`, each value percent-encoded once by itself, lists with `;`, the first
parameter with or without its name. JSON, for bodies:

    {"operations": [{"op": "rotate", "angle": 90}, {"op": "grayscale"}], "output": {"format": "webp"}}

Pixels are 8-bit sRGB with straight alpha and already upright. Angles are degrees clockwise, sizes px,
tone is percent with 0 for none; colours are as CSS writes them, and the `#` may be left out. Each
operation is done to every frame of an animation. If an operation decides by pixels (where to cut, which
levels), the first frame decides for all. The photograph is Chelsea, by Stéfan van der Walt (CC0).
"""


def page() -> str:
    """Return the text of docs/operations.md."""
    parts = [_HEAD]
    by_module = groupby(operations().values(), key=lambda operation: operation.__module__)
    for module, members in by_module:
        title = module.rpartition(".")[2].capitalize()
        parts.append(f"## {title}\n")
        parts += [_section(operation) for operation in members]
    output_table = _table(Output.parameters().values())
    parts.append(f"## Output\n\n{_doc(Output)}\n\n{output_table}")
    return "\n".join(parts)


def guide(path: Path) -> str:
    """Return the text of a guide with the code that the source has today."""
    return fill_includes(path.read_text())


def _section(operation: type[Operation]) -> str:
    text = spelled(operation)
    (example,) = parse_text(text)
    as_json = json.dumps({"op": operation.name} | example.non_defaults())
    before = f"{operation.name}-before.webp" if operation.name in BEFORE else PHOTOGRAPH.name
    table = _table(operation.parameters().values())
    return (
        f"### {operation.name}\n\n{_doc(operation)} Kind: {operation.kind}.\n\n"
        f"`{text}` or `{as_json}`\n\n"
        f"| before | after |\n|---|---|\n"
        f"| ![before](pictures/{before}) | ![after](pictures/{operation.name}.webp) |\n\n{table}"
    )


def spelled(operation: type[Operation]) -> str:
    """Return the example of an operation in the text form."""
    if not operation.example:
        return operation.name
    return f"{operation.name}:{operation.example}"


def _doc(documented: type) -> str:
    text = documented.__doc__ or ""
    return " ".join(text.split())


def _table(parameters: Iterable[Parameter]) -> str:
    rows = [_row(parameter) for parameter in parameters]
    if not rows:
        return ""
    return "| parameter | value | default | |\n|---|---|---|---|\n" + "".join(rows)


def _row(parameter: Parameter) -> str:
    spellings = [name for name in (parameter.name, parameter.short) if name]
    names = " or ".join(f"`{name}`" for name in spellings)
    expected = parameter.expected.removesuffix(", or null")
    return f"| {names} | {expected} | {_default(parameter)} | {parameter.help} |\n"


def _default(parameter: Parameter) -> str:
    if parameter.is_required:
        return "required"
    if parameter.default is None:
        return ""
    return f"`{parameter.spell(parameter.default)}`"


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """Yield the name and the image of every picture: after each operation, and before it if BEFORE has it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for operation in operations().values():
            source = PHOTOGRAPH
            if operation.name in BEFORE:
                source = _render(
                    PHOTOGRAPH,
                    BEFORE[operation.name],
                    folder / "before.png",
                )
                yield f"{operation.name}-before", _on_chessboard(source)
            result = _render(source, spelled(operation), folder / "after.png")
            yield operation.name, _on_chessboard(result)


def _render(source: Path, text: str, target: Path) -> Path:
    steps = [_with_badge(step) for step in parse_text(text)]
    requested = Transform(tuple(steps), Output(format="png"))
    transform = resolve(requested, probe(source).format)
    render_file(source, transform, target, others={_badge_reference(): BADGE})
    return target


def _badge_reference() -> str:
    digest = sha256(BADGE.read_bytes()).hexdigest()
    return f"sha256:{digest}"


def _with_badge(operation: Operation) -> Operation:
    """Replace the other image that an example names by the badge."""
    values = operation.as_dict()
    for name, parameter in operation.parameters().items():
        if parameter.type == "image" and values[name] is not None:
            values[name] = _badge_reference()
    return type(operation).from_dict(values)


def _on_chessboard(path: Path) -> Image.Image:
    """Return the picture over a chessboard, which shows through transparent parts."""
    image = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", image.size, "#ffffff")
    draw = ImageDraw.Draw(ground)
    for top in range(0, image.height, _CHESS_PX):
        first_left = top % (2 * _CHESS_PX)
        for left in range(first_left, image.width, 2 * _CHESS_PX):
            square = (left, top, left + _CHESS_PX - 1, top + _CHESS_PX - 1)
            draw.rectangle(square, fill="#d8d8d8")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def main() -> None:
    for name, picture in pictures():
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=75, method=6)
        (PICTURES / f"{name}.webp").write_bytes(buffer.getvalue())
    PAGE.write_text(page())
    for path in GUIDES:
        path.write_text(guide(path))


if __name__ == "__main__":
    main()
