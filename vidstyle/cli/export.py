"""`vidstyle models export`: a model as a graph for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vidstyle.errors import OptionError

from .terminal import out, print_json

__all__ = ["export"]


def export(
    model: Annotated[str, typer.Argument(help="A name or a checkpoint file.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help=".onnx, .pt, .xml or .npy.")],
    onnx: Annotated[bool, typer.Option("--onnx", help="ONNX, opset 17.")] = False,
    torchscript: Annotated[bool, typer.Option("--torchscript", help="TorchScript.")] = False,
    openvino: Annotated[bool, typer.Option("--openvino", help="OpenVINO: FILE.xml, and FILE.bin beside it.")] = False,
    code: Annotated[
        bool, typer.Option("--code", help="No graph: the code of --style, to be given to one, as FILE.npy.")
    ] = False,
    style: Annotated[
        list[str] | None,
        typer.Option("--style", "-s", metavar="IMG[:WEIGHT]", help="Bake a style in; without, it is an input, `code`."),
    ] = None,
    style_size: Annotated[int | None, typer.Option(help="Short side at which the net sees the style.")] = None,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="0 (the content) to 1; baked in.")] = 1.0,
    precision: Annotated[
        str, typer.Option(help="fp32, or int8 with --openvino for models that were calibrated.")
    ] = "fp32",
    overwrite: Annotated[bool, typer.Option("--overwrite/--no-overwrite", help="Replace an existing file.")] = True,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Write a model as ONNX, TorchScript or OpenVINO, for frames of any size; check it against PyTorch.

    In: frames (N, 3, H, W), RGB in [0, 1], and code (1, K) unless a style is baked in. Out: painted, like frames.
    """
    chosen = [name for name, asked in (("onnx", onnx), ("torchscript", torchscript), ("openvino", openvino)) if asked]
    if len(chosen) + code != 1:
        raise OptionError("give one of --onnx, --torchscript, --openvino and --code")
    if code and not style:
        raise OptionError("--code is of a style; give one with --style")
    from dataclasses import asdict

    from vidstyle.styles import parse_style
    from vidstyle.stylizers import Stylizer

    stylizer = Stylizer(model, "cpu", "fp32", "pytorch")
    styles = [parse_style(argument) for argument in style or []]
    encoded = stylizer.encode_style(styles, size=style_size) if styles else None
    from vidstyle.stylizers.export import export as run
    from vidstyle.stylizers.export import write_code

    if code:
        assert encoded is not None
        out.print(f"{write_code(encoded, output, overwrite)} numbers: {output}")
        return

    checks = run(stylizer, chosen[0], output, encoded, strength=strength, precision=precision, overwrite=overwrite)
    if json:
        print_json({"output": str(output), "checks": [asdict(check) for check in checks]})
        return
    table = Table("checked at", "largest difference", "mean square", box=None)
    for check in checks:
        table.add_row(f"{check.width}x{check.height}", f"{check.largest:.1e}", f"{check.mean_square:.1e}")
    out.print(table)
    out.print(f"{stylizer.name} as {chosen[0]}, {precision}: {output}")
