"""The commands together, and the one place where errors become words and exit codes: 0 fine, 1 failed, 2 wrong usage."""

from __future__ import annotations

import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from corrections.cli import (
    casework,
    doctor,
    founding,
    intake,
    keeping,
    leave,
    legal,
    log,
    notices,
    own,
    proving,
    queue,
    reports,
    roster,
    rounds,
    running,
    users,
)
from corrections.cli.speech import complain, say, t
from corrections.errors import CorrectionsError


class Commands(TyperGroup):
    """The root of all commands: whatever goes wrong below is told in a line or two and exits with 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CorrectionsError as error:
            complain(t("错误：" + error.zh, "Error: " + error.en))
            raise typer.Exit(1) from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise  # the reader of our output has gone; click ends quietly
            complain(t(f"错误：{_file_fault(error)}", f"Error: {_file_fault(error)}"))
            raise typer.Exit(1) from error
        except Exception as error:
            if ctx.params.get("traceback") or isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "exit_code"):
                raise
            _tell_unexpected(error)
            raise typer.Exit(1) from error


def _file_fault(error: OSError) -> str:
    return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)


def _tell_unexpected(error: Exception) -> None:
    from corrections.cli.opening import database_fault

    if told := database_fault(error):
        complain(t("错误：" + told.zh, "Error: " + told.en))
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''} ({place.name}:{place.lineno})"
    complain(t(f"程序内部错误：{what}", f"Unexpected error: {what}"))
    complain(
        t(
            "请用 corrections --traceback … 重试并将全部输出报给维护者。",
            "Repeat it with corrections --traceback … and report what it prints.",
        )
    )


app = typer.Typer(
    cls=Commands,
    name="corrections",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=t(
        "社区矫正定位监管：接收定位上报、判定违规、分派核查、记录监管日志。设置在 config/*.toml 与 CORRECTIONS_* 环境变量中。",
        "Community corrections monitoring: takes in location reports, finds violations, queues them for review and writes the "
        "supervision log. Settings are in config/*.toml and CORRECTIONS_* variables.",
    ),
)


def _version(asked: bool) -> None:
    if asked:
        from corrections import __version__

        say(f"corrections {__version__}")
        raise typer.Exit


@app.callback()
def _everything(
    traceback: Annotated[
        bool, typer.Option("--traceback", help=t("出现内部错误时显示完整过程。", "Show where an unexpected error came from."))
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=t("显示版本。", "Show the version."))
    ] = False,
) -> None:
    """Options of every command."""


for _part in (
    founding,
    running,
    intake,
    reports,
    queue,
    rounds,
    roster,
    leave,
    legal,
    casework,
    notices,
    proving,
    log,
    own,
    keeping,
    users,
    doctor,
):
    _part.add_to(app)


def main() -> None:
    """The entry point ``corrections``."""
    app()
