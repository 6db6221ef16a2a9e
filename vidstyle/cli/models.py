"""`vidstyle models`: what there is, and fetching what is not in the package."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from .compress import compress
from .export import export
from .terminal import out, print_json, progress_bar

__all__ = ["app"]

app = typer.Typer(help="List models, fetch those that are not in the package, compress and export them.")
app.command()(compress)
app.command()(export)


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="The list as JSON.")] = False
) -> None:
    """List the models that load by name, and the layouts of checkpoints that vidstyle reads."""
    if context.invoked_subcommand:
        return
    from vidstyle.zoo import RELEASES, architectures, available

    cards = available()
    if json:
        print_json([asdict(card) for card in cards])
        return
    table = Table("model", "architecture", "parameters", "licence", "trained on", box=None)
    for card in cards:
        table.add_row(card.name, card.architecture, f"{card.parameters:,}", card.licence, card.data)
    out.print(table)
    if missing := sorted(RELEASES.keys() - {card.name for card in cards}):
        out.print(f"to be fetched with `vidstyle models get`: {', '.join(missing)}")
    out.print(f"checkpoint files of these layouts load too: {', '.join(sorted(a.name for a in architectures()))}")


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME|URL", help="A released model, or the address of a model file.")],
    sha256: Annotated[str, typer.Option(metavar="HEX", help="What the file at that address must have.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model of that name.")] = False,
) -> None:
    """Fetch a model once; from then on it loads by its name."""
    from vidstyle.zoo import download

    with progress_bar(shown=True) as bar:
        task = bar.add_task(f"fetching {name}", total=None, of="? MB", rate="")

        def on_progress(size: int, total: int) -> None:
            bar.update(task, completed=size / 1e6)
            if total:
                bar.update(task, total=total / 1e6, of=f"{total / 1e6:.1f} MB")

        path = download(name, sha256, overwrite=overwrite, on_progress=on_progress)
    out.print(f"{path.stem}: {path}")
