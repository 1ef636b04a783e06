"""Writes docs/operations.md and its pictures from the catalogue.

    python -m docs.build

Nothing here names an operation but the few whose effect does not show on the photograph itself."""

import io
import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw

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
BEFORE = {
    "autocontrast": "levels:out_black=90,out_white=170",
    "equalize": "levels:out_black=90,out_white=170",
    "trim": "pad:top=30,right=50,bottom=30,left=50,background=white",
    "colorkey": "rotate:angle=20,background=%2300b140",
}
"""What is done to the photograph first, where an operation needs another ground to be seen on."""

_HEAD = """# Operations

Generated from the catalogue by `make docs`; `GET /operations` answers the same as JSON Schema. A
transform is up to ten operations, done in the order written, and an output. Text form, for URLs:
`rotate:angle=90/grayscale`, each value percent-encoded once by itself, lists with `;`, the first
parameter with or without its name. JSON, for bodies:

    {"operations": [{"op": "rotate", "angle": 90}, {"op": "grayscale"}], "output": {"format": "webp"}}

Pixels are 8-bit sRGB with straight alpha and already upright. Angles are degrees clockwise, sizes px,
tone is percent with 0 for none; colours are as CSS writes them, and the `#` may be left out. Each
operation is done to every frame of an animation; what one takes from the pixels (where to cut, which
levels) it takes from the first. The photograph is Chelsea, by Stéfan van der Walt (CC0).
"""


def page() -> str:
    """Return the text of docs/operations.md."""
    parts = [_HEAD]
    for module, members in groupby(operations().values(), key=lambda operation: operation.__module__):
        parts.append(f"## {module.rpartition('.')[2].capitalize()}\n")
        parts += [_section(operation) for operation in members]
    parts.append("## Output\n\n" + _doc(Output) + "\n\n" + _table(Output.parameters().values()))
    return "\n".join(parts)


def _section(operation: type[Operation]) -> str:
    text = spelled(operation)
    (built,) = parse_text(text)
    before = f"{operation.name}-before" if operation.name in BEFORE else PHOTOGRAPH.stem
    suffix = ".webp" if operation.name in BEFORE else PHOTOGRAPH.suffix
    table = _table(operation.parameters().values())
    return (
        f"### {operation.name}\n\n{_doc(operation)} Kind: {operation.kind}.\n\n"
        f"`{text}` or `{json.dumps({'op': operation.name} | built.non_defaults())}`\n\n"
        f"| before | after |\n|---|---|\n"
        f"| ![before](pictures/{before}{suffix}) | ![after](pictures/{operation.name}.webp) |\n\n{table}"
    )


def spelled(operation: type[Operation]) -> str:
    return f"{operation.name}:{operation.example}" if operation.example else operation.name


def _doc(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split())


def _table(parameters: Iterable[Parameter]) -> str:
    rows = [_row(parameter) for parameter in parameters]
    return "| parameter | value | default | |\n|---|---|---|---|\n" + "".join(rows) if rows else ""


def _row(parameter: Parameter) -> str:
    names = " or ".join(f"`{name}`" for name in (parameter.name, parameter.short) if name)
    expected = parameter.expected.removesuffix(", or nothing")
    return f"| {names} | {expected} | {_default(parameter)} | {parameter.help} |\n"


def _default(parameter: Parameter) -> str:
    if parameter.is_required:
        return "required"
    return "" if parameter.default is None else f"`{parameter.spell(parameter.default)}`"


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """Yield every picture by name: of each operation, and before it where that is not the photograph."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for operation in operations().values():
            source = PHOTOGRAPH
            if operation.name in BEFORE:
                source = _render(PHOTOGRAPH, BEFORE[operation.name], folder / "before.png")
                yield f"{operation.name}-before", _shown(source)
            yield operation.name, _shown(_render(source, spelled(operation), folder / "after.png"))


def _render(source: Path, text: str, target: Path) -> Path:
    steps = [_with_badge(step) for step in parse_text(text)]
    transform = resolve(Transform(tuple(steps), Output(format="png")), probe(source).format)
    render_file(source, transform, target, others={_badge_reference(): BADGE})
    return target


def _badge_reference() -> str:
    return f"sha256:{sha256(BADGE.read_bytes()).hexdigest()}"


def _with_badge(operation: Operation) -> Operation:
    """Another image of an example is the badge."""
    values = operation.as_dict()
    for name, parameter in operation.parameters().items():
        if parameter.type == "image" and values[name] is not None:
            values[name] = _badge_reference()
    return type(operation).from_dict(values)


def _shown(path: Path) -> Image.Image:
    """Return the picture over a chessboard, on which transparency is seen."""
    image = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", image.size, "#ffffff")
    draw = ImageDraw.Draw(ground)
    for top in range(0, image.height, 10):
        for left in range(top % 20, image.width, 20):
            draw.rectangle((left, top, left + 9, top + 9), fill="#d8d8d8")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def main() -> None:
    for name, picture in pictures():
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=75, method=6)
        (PICTURES / f"{name}.webp").write_bytes(buffer.getvalue())
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
