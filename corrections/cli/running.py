"""``corrections serve``, ``worker``, ``check`` and ``backtest``: the service itself, and its detection by hand."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from corrections.cli.speech import AsJson, complain, print_json, say, t, table
from corrections.errors import CorrectionsError, Unavailable

if TYPE_CHECKING:
    import uvicorn
    from sqlmodel import Session

    from corrections.settings import Settings

log = logging.getLogger(__name__)

PresetName = Literal["prompt", "calm"]
BACKLOG = 2048  # phones that may wait for a connection
GRACE_S = 20  # for requests in progress when the service is told to stop
M_MMAP_THRESHOLD = -3  # mallopt(3)
LARGE_BLOCK = 1_048_576  # bytes; a log-in's password hash takes 19 MiB for a tenth of a second

ZonesFile = Annotated[Path, typer.Option("--zones", exists=True, dir_okay=False, help=t("围栏，GeoJSON。", "Zones, GeoJSON."))]
ReportsFile = Annotated[
    Path,
    typer.Option(
        "--reports",
        exists=True,
        dir_okay=False,
        help=t("上报，CSV，按接收时间处理。", "Reports, CSV; taken in order of received_time."),
    ),
]
OutFile = Annotated[
    Path,
    typer.Option(
        "--out",
        dir_okay=False,
        help=t(
            "结果，每行一个违规的 JSON。",
            "Results, one incident a line as JSON.",
        ),
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command(
        help=t(
            "运行服务：接收上报、网页与接口、定时监测。Ctrl-C 或 SIGTERM 有序停止。",
            "Run the service: intake, HTTP and the scheduled monitoring in one process. Ends in good order on Ctrl-C or SIGTERM.",
        )
    )(serve)
    app.command(
        help=t(
            "只运行定时监测（与其他主机上的 serve --web 配合，需 PostgreSQL）。",
            "Run the scheduled monitoring only, beside serve --web on this or other hosts (with PostgreSQL).",
        )
    )(worker)
    app.command(help=t("立即判定新的上报，并列出发现的违规。", "Evaluate what is new now, and list the violations found."))(check)
    app.command(
        help=t(
            "用实时判定的同一代码处理文件中的上报，输出会提交给工作人员的违规。",
            "Run the live detection over a file: every incident that would have been put before an officer.",
        )
    )(backtest)


def serve(
    web: Annotated[
        bool,
        typer.Option(
            "--web",
            help=t(
                "只接收上报和提供网页、接口，不做监测。",
                "Only intake and HTTP, no monitoring.",
            ),
        ),
    ] = False,
    host: Annotated[str, typer.Option(help=t("监听地址（默认取设置）。", "Address to listen on (default: the settings)."))] = "",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help=t("端口（默认取设置）。", "Port (default: the settings)."))] = None,
) -> None:
    """1. Open the database. 2. Take the port, so that what cannot serve ends at once. 3. Run until told to stop."""
    from corrections.api.app import create_app
    from corrections.cli.opening import opened
    from corrections.console.app import before, console_app
    from corrections.ingest.writer import Ingest
    from corrections.monitor.scheduler import Monitor
    from corrections.portal import app as portal

    with opened() as (engine, settings):
        _set_up_logging(settings)
        _give_back_large_blocks()
        address = (host or settings.service.host, port or settings.service.port)
        with _listening(*address) as listener:
            monitor = Monitor(engine, settings, hears=True, evaluates=not web)
            api = create_app(engine, settings, ingest=Ingest(engine, settings, wake=monitor.wake), monitor=monitor)
            console = console_app(engine, settings)
            server = _server(portal.before(portal.portal_app(engine, settings), before(console, api)))
            console.state.desk.feed.ends_when(lambda: server.should_exit)
            # Before uvicorn listens to signals itself, and after: it raises the one that stopped it once more at its end.
            _on_stop(lambda: setattr(server, "should_exit", True))
            log.info("serving on http://%s:%d with %s", *listener.getsockname()[:2], engine.url.render_as_string(hide_password=True))
            server.run(sockets=[listener])
            if not server.started:
                raise CorrectionsError("The service could not start; see the log above.", "服务未能启动，原因见上方日志。")
            log.info("stopped")


def worker() -> None:
    from corrections.cli.opening import opened
    from corrections.monitor.scheduler import Monitor

    with opened() as (engine, settings):
        _set_up_logging(settings)
        _give_back_large_blocks()
        stopped = threading.Event()
        _on_stop(stopped.set)
        monitor = Monitor(engine, settings, hears=False, evaluates=True)
        monitor.start()
        log.info("monitoring %s", engine.url.render_as_string(hide_password=True))
        stopped.wait()
        monitor.stop()
        log.info("stopped")


def check(as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.monitor.evaluate import evaluate
    from corrections.store.database import reading

    with opened() as (engine, settings):
        with reading(engine) as session:
            before = _newest(session)
        done = evaluate(engine, settings)
        with reading(engine) as session:
            found = _raised_since(session, before)
    if as_json:
        print_json({"reports": done.reports, "subjects": done.subjects, "failed": done.failed, "violations": found})
    else:
        say(
            t(
                f"已判定 {done.reports} 条上报，涉及 {done.subjects} 名对象。",
                f"Evaluated {done.reports} reports of {done.subjects} subjects.",
            )
        )
        _tell_found(found)
        if done.failed:
            complain(
                t(
                    f"{len(done.failed)} 名对象判定失败，详见 corrections doctor。",
                    f"{len(done.failed)} subjects failed; see corrections doctor.",
                )
            )
    if done.failed:
        raise typer.Exit(1)


def backtest(
    zones: ZonesFile,
    reports: ReportsFile,
    out: OutFile,
    preset: Annotated[
        PresetName | None, typer.Option(help=t("判定方式（默认取设置）。", "When to open a violation (default: the settings)."))
    ] = None,
) -> None:
    from corrections.cli.opening import read_settings
    from corrections.monitor.backtest import backtest as run
    from corrections.store.rulebook import boundary_rule

    boundary = read_settings().rules.boundary
    rule = boundary_rule(boundary.model_copy(update={"preset": preset}) if preset else boundary)
    incidents = list(run(zones, reports, rule))
    with out.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(incident, ensure_ascii=False) + "\n" for incident in incidents)
    say(t(f"发现 {len(incidents)} 个违规，已写入 {out}。", f"Found {len(incidents)} incidents; written to {out}."))


# ---- serving


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise Unavailable(f"{host}:{port} cannot be listened on: {reason}", f"无法监听 {host}:{port}：{reason}") from error


def _server(app: Any) -> uvicorn.Server:
    """Told to stop, it answers what it has begun. Addresses of requests are not logged: those of phones hold credentials."""
    import uvicorn

    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


def _on_stop(action: Callable[[], Any]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: action())


def _set_up_logging(settings: Settings) -> None:
    """One line an event on standard error: text for people, or JSON for machines (``service.log_format``)."""
    import structlog

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.service.log_format == "json":
        last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain)]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


# ---- what a check found


def _newest(session: Session) -> int:
    from sqlalchemy import func
    from sqlmodel import select

    from corrections.store.tables import Violation

    return session.exec(select(func.max(Violation.id))).one() or 0


def _raised_since(session: Session, before: int) -> list[dict[str, Any]]:
    from sqlmodel import col, select

    from corrections.store.tables import Officer, Subject, Violation

    v = Violation
    statement = select(v, Subject.number, Officer.name).join(Subject, col(Subject.id) == col(v.subject_id))
    statement = statement.outerjoin(Officer, col(Officer.id) == col(v.officer_id)).where(col(v.id) > before)
    rows = session.exec(statement.order_by(col(v.id)))
    return [
        {
            "violation": x.id,
            "subject": number,
            "rule": x.rule,
            "severity": x.severity,
            "officer": officer,
            "zh": x.reason_zh,
            "en": x.reason_en,
        }
        for x, number, officer in rows
    ]


def _tell_found(found: list[dict[str, Any]]) -> None:
    if not found:
        say(t("没有新的违规。", "No new violation."))
        return
    headers = (t("编号", "no."), t("对象", "subject"), t("规则", "rule"), t("等级", "severity"), t("承办人", "officer"), t("说明", "why"))
    table(headers, [(f["violation"], f["subject"], f["rule"], f["severity"], f["officer"], t(f["zh"], f["en"])) for f in found])


def _give_back_large_blocks() -> None:
    """Have glibc return each large block to the system as it is freed. By itself it raises the threshold with the largest block seen
    and keeps them: 20 MB for every service that somebody ever logged in to. Where the C library has no such call, nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
