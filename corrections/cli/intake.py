"""``corrections import`` and ``corrections ingest``: register files, zones, and recorded reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from corrections.cli.secrets import secrets_file
from corrections.cli.speech import AsJson, Secrets, complain, print_json, say, t, table
from corrections.errors import ImportRejected

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.records.imports import Imported
    from corrections.records.outlines import Outline
    from corrections.store.tables import ZoneRevision

DatumName = Literal["WGS84", "GCJ02", "BD09", "CGCS2000"]
DryRun = Annotated[bool, typer.Option("--dry-run", help=t("只检查，不写入。", "Check everything, change nothing."))]
Bureau = Annotated[
    str,
    typer.Option("--bureau", metavar="CODE", help=t("司法局代码（只有一个时可省略）。", "Code of the bureau, where there are several.")),
]
RegisterFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=t("CSV 或 XLSX 文件。", "A CSV or XLSX file."))]
ZonesFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help=t("GeoJSON FeatureCollection。", "A GeoJSON FeatureCollection."))
]

imports = typer.Typer(
    no_args_is_help=True,
    help=t(
        "导入登记表或电子围栏：全部正确才写入，有误时逐行列出。",
        "Import register files or zones: all or nothing, with a line for each fault.",
    ),
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(imports, name="import")


@imports.command(help=t("司法所（列：code, name, name_en）。", "Offices (columns: code, name, name_en)."))
def offices(file: RegisterFile, bureau: Bureau = "", dry_run: DryRun = False, as_json: AsJson = False) -> None:
    _import("offices", file, bureau, dry_run, None, as_json)


@imports.command(
    help=t(
        "工作人员（列：login, name, role, office）；密码只显示一次。",
        "Officers (columns: login, name, role, office); passwords are shown this once.",
    )
)
def officers(file: RegisterFile, bureau: Bureau = "", dry_run: DryRun = False, secrets: Secrets = None, as_json: AsJson = False) -> None:
    _import("officers", file, bureau, dry_run, secrets, as_json)


@imports.command(
    help=t(
        "社区矫正对象（列：number, name, category, level, office, term_from, term_until 等，可同行含定位依据和设备）；设备凭证只显示一次。",
        "Subjects (columns: number, name, category, level, office, term_from, term_until and more; a row may hold the legal basis and the "
        "device); device credentials are shown this once.",
    )
)
def subjects(file: RegisterFile, bureau: Bureau = "", dry_run: DryRun = False, secrets: Secrets = None, as_json: AsJson = False) -> None:
    _import("subjects", file, bureau, dry_run, secrets, as_json)


@imports.command(
    help=t(
        "定位设备（列：number, device, client, datum, interval_s）；凭证只显示一次。",
        "Devices (columns: number, device, client, datum, interval_s); credentials are shown this once.",
    )
)
def devices(file: RegisterFile, bureau: Bureau = "", dry_run: DryRun = False, secrets: Secrets = None, as_json: AsJson = False) -> None:
    _import("devices", file, bureau, dry_run, secrets, as_json)


def _import(kind: str, file: Path, bureau: str, dry_run: bool, secrets: Path | None, as_json: bool) -> None:
    from corrections.cli.opening import bureau_of, opened
    from corrections.clock import now
    from corrections.records.imports import Register, import_register
    from corrections.store.database import writing

    data = file.read_bytes()
    with opened() as (engine, settings), secrets_file(None if dry_run else secrets) as place:
        try:
            with writing(engine) as session:
                bureau_id = bureau_of(session, bureau).id
                assert bureau_id is not None
                done = import_register(
                    session, None, Register(kind), data, file.name, bureau_id=bureau_id, settings=settings, dry_run=dry_run, now=now()
                )
                rows = [] if dry_run else done.credentials + done.passwords
                place.keep(rows)
        except ImportRejected as error:
            _tell_faults(error, as_json)
            raise typer.Exit(1) from error
        if as_json:
            print_json({"imported": done.counts, "dry_run": dry_run, "secrets": [] if secrets else rows})
            return
        _tell_counts(done)
        place.show(rows)


def _tell_counts(done: Imported) -> None:
    counts = "，".join(f"{name} {n}" for name, n in done.counts.items()) or "0"
    if done.dry_run:
        say(t(f"检查通过，可导入：{counts}。未写入任何数据。", f"Without fault; would import: {counts}. Nothing was changed."))
    else:
        say(t(f"已导入：{counts}。", f"Imported: {counts}."))


def _tell_faults(error: ImportRejected, as_json: bool) -> None:
    if as_json:
        print_json({"error": error.code, "rows": error.rows})
    else:
        headers = (t("行", "row"), t("列", "column"), t("问题", "what is wrong"))
        table(headers, [(row["row"], row["field"], t(str(row["zh"]), str(row["en"]))) for row in error.rows])
    complain(t(error.zh, error.en))


@imports.command(
    help=t(
        "电子围栏：每个要素一个围栏或其新版本。无效的边界会被拒绝，或按 --repair 修复并报告差异。",
        "Zones: each feature is a zone or a new version of one. An invalid outline is refused, or repaired on request and the difference "
        "told in numbers.",
    )
)
def zones(
    file: ZonesFile,
    datum: Annotated[DatumName, typer.Option(help=t("文件坐标系。", "Datum of the file."))] = "WGS84",
    repair: Annotated[bool, typer.Option("--repair", help=t("修复无效的边界。", "Repair invalid outlines."))] = False,
    valid_from: Annotated[
        str,
        typer.Option(
            "--valid-from",
            metavar="TIME",
            help=t(
                "生效时间，如 2026-03-02 或 2026-03-02T08:00（本局时间），可为过去；默认现在。",
                "In force from, such as 2026-03-02 or 2026-03-02T08:00 (local time), which may be past; default now.",
            ),
        ),
    ] = "",
    bureau: Bureau = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import bureau_of, local_moment, opened
    from corrections.clock import now
    from corrections.domain.model import Datum
    from corrections.records.zone_files import import_zones
    from corrections.store.database import writing

    content, moment = file.read_bytes(), now()
    with opened() as (engine, _):
        try:
            with writing(engine) as session:
                here = bureau_of(session, bureau)
                since = local_moment(valid_from, here.timezone) if valid_from else moment
                assert here.id is not None
                with session.begin_nested() as savepoint:
                    made = import_zones(session, None, here.id, content, datum=Datum(datum), repair=repair, valid_from=since, now=moment)
                    rows = [_zone_row(session, revision, outline) for revision, outline in made]
                    if dry_run:
                        savepoint.rollback()
        except ImportRejected as error:
            _tell_faults(error, as_json)
            raise typer.Exit(1) from error
    _tell_zones(rows, dry_run, as_json)


def _zone_row(session: Session, revision: ZoneRevision, outline: Outline) -> dict[str, Any]:
    from dataclasses import asdict

    from corrections.store.tables import Zone

    zone = session.get_one(Zone, revision.zone_id)
    return {
        "zone": zone.code,
        "name": zone.name,
        "kind": zone.kind,
        "version": revision.version,
        "scope": revision.scope,
        "valid_from": revision.valid_from,
        "area_km2": round(outline.area_km2, 3),
        "repair": asdict(outline.repair) if outline.repair else None,
    }


def _tell_zones(rows: list[dict[str, Any]], dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"zones": rows, "dry_run": dry_run})
        return
    headers = (
        t("围栏", "zone"),
        t("名称", "name"),
        t("类型", "kind"),
        t("版本", "version"),
        t("面积（平方公里）", "area (km2)"),
        t("修复", "repair"),
    )
    table(headers, [(r["zone"], r["name"], r["kind"], r["version"], r["area_km2"], _repair_told(r["repair"])) for r in rows])
    if dry_run:
        say(
            t(
                f"检查通过，可发布 {len(rows)} 个围栏。未写入任何数据。",
                f"Without fault; would publish {len(rows)} zones. Nothing was changed.",
            )
        )
    else:
        say(t(f"已发布 {len(rows)} 个围栏。", f"Published {len(rows)} zones."))


def _repair_told(repair: dict[str, Any] | None) -> str:
    if repair is None:
        return ""
    km2, share, moved = repair["difference_km2"], repair["difference_share"], repair["displacement_m"]
    return t(
        f"{repair['reason']}；相差 {km2:.4f} 平方公里（{share:.2%}），边界最多移动 {moved:.0f} 米",
        f"{repair['reason']}; differs by {km2:.4f} km2 ({share:.2%}), edge moved by up to {moved:.0f} m",
    )
