"""``corrections ingest``: recorded reports from a file, through the same door as those of phones."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corrections.cli.intake import Bureau
from corrections.cli.speech import AsJson, complain, print_json, say, t, table
from corrections.errors import NotFound

if TYPE_CHECKING:
    from corrections.ingest.file import Taken

SHOWN = 50
FileOrStdin = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help=t(
            "CSV（含列名；必需列 device、fix_time）或每行一条 JSON；- 为标准输入。",
            "A CSV with column names (device and fix_time at least) or one JSON report a line; - for standard input.",
        ),
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command(
        help=t(
            "导入记录的上报：重复导入不会重复保存；有误的行逐条列出（退出码 1），其余照常保存。之后运行 check 判定。",
            "Take in recorded reports. Repeating a file changes nothing; faulty lines are listed (exit code 1), the others stored. Then "
            "run check.",
        )
    )(ingest)


def ingest(file: FileOrStdin, bureau: Bureau = "", as_json: AsJson = False) -> None:
    from corrections.cli.opening import bureau_of, opened
    from corrections.ingest.file import ingest_file
    from corrections.ingest.writer import Ingest
    from corrections.store.database import reading

    with opened() as (engine, settings), _readable(file) as path:
        with reading(engine) as session:
            bureau_id = bureau_of(session, bureau).id
        assert bureau_id is not None
        taken = ingest_file(Ingest(engine, settings), bureau_id, path)
    _tell(taken, as_json)
    if taken.refused:
        raise typer.Exit(1)


@contextmanager
def _readable(file: str) -> Iterator[Path]:
    """The file, or standard input kept in one."""
    if file != "-":
        if not Path(file).is_file():
            raise NotFound(f"There is no file {file}.", f"没有文件 {file}。", field="file")
        yield Path(file)
        return
    with tempfile.NamedTemporaryFile(prefix="corrections-ingest-") as kept:
        for chunk in iter(lambda: sys.stdin.buffer.read(1 << 20), b""):
            kept.write(chunk)
        kept.flush()
        yield Path(kept.name)


def _tell(taken: Taken, as_json: bool) -> None:
    faults = [{"line": f.line, "reason": f.flaw.reason.value, "field": f.flaw.field, "detail": f.flaw.detail} for f in taken.faults]
    if as_json:
        print_json({"stored": taken.stored, "repeated": taken.repeated, "refused": taken.refused, "faults": faults})
        return
    if faults:
        headers = (t("行", "line"), t("原因", "reason"), t("字段", "field"), t("说明", "what is wrong"))
        shown = zip(taken.faults[:SHOWN], faults, strict=False)
        words = [(t(f.flaw.reason.zh, f.flaw.reason.en), fault) for f, fault in shown]
        table(headers, [(x["line"], x["reason"], x["field"], f"{said} {x['detail']}".strip()) for said, x in words])
    if len(faults) > SHOWN:
        complain(t(f"……另有 {len(faults) - SHOWN} 行有误。", f"... and {len(faults) - SHOWN} more faulty lines."))
    say(
        t(
            f"已保存 {taken.stored} 条，重复 {taken.repeated} 条，未采用 {taken.refused} 条。",
            f"Stored {taken.stored}, repeated {taken.repeated}, refused {taken.refused}.",
        )
    )
