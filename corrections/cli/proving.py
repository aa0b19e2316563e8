"""``corrections explain`` and ``corrections try``: why a violation stands, and what changed rules would have said."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli.intake import Bureau
from corrections.cli.speech import AsJson, language, local, print_json, say, t, table

if TYPE_CHECKING:
    from corrections.monitor.explain import Explanation
    from corrections.monitor.trial_findings import Found, Trial

LanguageName = Literal["zh", "en"]
DatumName = Literal["WGS84", "GCJ02", "BD09", "CGCS2000"]

Number = Annotated[int, typer.Argument(metavar="ID", help=t("违规编号。", "Number of the violation."))]
InNameOf = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="LOGIN",
        help=t(
            "以哪位工作人员的名义（账号）；默认为本机操作员。", "In which officer's name (login); by default the operator at the machine."
        ),
    ),
]
Why = Annotated[str, typer.Option("--purpose", help=t("查看位置信息的目的，将留痕。", "Why the locations are looked at; it is recorded."))]
Tongue = Annotated[LanguageName | None, typer.Option("--lang", help=t("用哪种语言说明。", "In which language it is told."))]


def add_to(app: typer.Typer) -> None:
    app.command(
        help=t(
            "说明一条违规的依据，并依据保存的上报重新推算：逐位一致时退出码为 0，否则列出差异，退出码为 1。查看将留痕。",
            "Explain a violation and derive it again from the stored reports: exit code 0 when it comes out identical to the bit; else "
            "what differs is told, exit code 1. The look is recorded.",
        )
    )(explain)
    app.command(
        "try",
        help=t(
            "发布前试行：围栏草案或改动的越界设置，对最近若干天保存的上报会新增、取消或改变哪些违规。不写入任何违规；查看将留痕。",
            "Try before you publish: which violations a draft zone, or changed settings of the boundary rule, would have made new, gone or "
            "different over the last days of stored reports. Nothing is written but that the locations were looked at.",
        ),
    )(try_)


def try_(
    zone: Annotated[
        Path | None,
        typer.Option(
            "--zone",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help=t("围栏草案，GeoJSON，格式同 import zones。", "Draft zones, GeoJSON, as import zones takes them."),
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=t("改动的越界设置，可多次，如 boundary.preset=calm。", "A changed setting, such as boundary.preset=calm; repeatable."),
        ),
    ] = None,
    days: Annotated[int, typer.Option(help=t("最近多少天。", "How many days back."))] = 14,
    datum: Annotated[DatumName, typer.Option(help=t("围栏坐标系。", "Datum of the outlines."))] = "WGS84",
    repair: Annotated[bool, typer.Option("--repair", help=t("修复无效的轮廓。", "Mend invalid outlines."))] = False,
    bureau: Bureau = "",
    login: InNameOf = "",
    purpose: Why = "",
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import bureau_of, opened, usage
    from corrections.clock import now
    from corrections.domain.model import Datum
    from corrections.monitor import trial
    from corrections.monitor.violations import timezone_of
    from corrections.records.accounts import actor_by_login
    from corrections.records.zone_files import read_zones
    from corrections.store.database import reading

    if (zone is None) == (not changes):
        raise usage("须且只能给出 --zone 或 --set。", "Give either --zone or --set.")
    given = _changes(changes or [])
    why = purpose or t("发布前试行", "Trial before publishing")
    with opened() as (engine, settings):
        with reading(engine) as session:
            actor = actor_by_login(session, login, "cli") if login else None
            bureau_id = actor.bureau_id if actor else bureau_of(session, bureau).id
            assert bureau_id is not None
            timezone = timezone_of(session, bureau_id)
            drafts = read_zones(session, bureau_id, zone.read_bytes(), datum=Datum(datum), repair=repair) if zone else []
        if zone is not None:
            made = trial.try_zones(engine, actor, bureau_id, drafts, days, why, settings, now())
        else:
            changed = trial.changed_boundary(settings.rules.boundary, given)
            made = trial.try_settings(engine, actor, bureau_id, changed, days, why, settings, now())
    if as_json:
        zh, en = made.summary
        print_json({**asdict(made), "summary_zh": zh, "summary_en": en})
    else:
        _tell_trial(made, timezone)


def _changes(texts: list[str]) -> dict[str, str]:
    from corrections.cli.opening import usage

    if wrong := next((text for text in texts if "=" not in text), None):
        raise usage(f"“{wrong}”应形如 名称=值。", f"{wrong} is not NAME=VALUE.")
    pairs = (text.partition("=") for text in texts)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _tell_trial(made: Trial, zone: ZoneInfo) -> None:
    say(t(*made.summary))
    rows = [_trial_row(subject.number, one, zone) for subject in made.subjects for one in subject.found]
    if rows:
        headers = (t("对象", "subject"), t("变化", "change"), t("规则", "rule"), t("围栏", "zone"), t("开始", "began"), t("结束", "ended"))
        table((*headers, t("最深（米）", "deepest (m)"), t("确信度", "certainty"), "N", t("说明", "what")), rows)


CHANGES = {"new": ("新增", "new"), "gone": ("取消", "gone"), "different": ("变化", "different")}


def _trial_row(number: str, one: Found, zone: ZoneInfo) -> tuple[Any, ...]:
    from corrections.records import words

    decision = "" if one.decision is None else t(*words.DECISIONS[one.decision])
    what = t("；", "; ").join(filter(None, [decision, *(t(zh, en) for zh, en in zip(one.told_zh, one.told_en, strict=True))]))
    return (
        number,
        t(*CHANGES[one.change]),
        t(*words.RULES[one.rule]),
        one.zone_code,
        local(one.started_at, zone),
        local(one.ended_at, zone),
        f"{one.deepest_m:.0f}",
        f"{one.certainty:.3f}",
        one.violation_id,
        what,
    )


def explain(number: Number, login: InNameOf = "", purpose: Why = "", lang: Tongue = None, as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.monitor import explain as explaining
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import reading

    why = purpose or t(f"说明违规 {number} 的依据", f"Explanation of violation {number}")
    with opened() as (engine, _):
        with reading(engine) as session:
            actor = actor_by_login(session, login, "cli") if login else None
        told = explaining.explain(engine, actor, number, why, now())
    if as_json:
        print_json(asdict(told))
    else:
        _tell(told, lang or language())
    if not told.agrees:
        raise typer.Exit(1)


def _tell(told: Explanation, lang: str) -> None:
    """The paragraph, then the data: the zone version, the deciding fixes, the course, what spoke against it, what differs."""

    def s(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    zone = ZoneInfo(told.timezone)
    say(f"{s('违规', 'Violation')} {told.violation_id}  {told.subject_number}")
    say(s(told.paragraph_zh, told.paragraph_en))
    if told.waiting:
        say(s("另有上报或登记变更等待判定，结果可能随之改变。", "Reports or changes of the record wait to be evaluated and may change it."))
    if told.unchecked:
        say(s("未重新推算的字段：", "Not derived again: ") + ", ".join(told.unchecked))
    if told.zone is not None:
        z = told.zone
        since, until = local(z["valid_from"], zone), local(z["valid_until"], zone) or s("至今", "now")
        say(s(f"围栏 {z['code']} 第 {z.get('version')} 版", f"Zone {z['code']}, version {z.get('version')}") + f"  {since} - {until}")
    if told.evidence.get("deciding"):
        headers = (
            s("时间", "time"),
            s("距边界（米）", "from the edge (m)"),
            s("确信度", "certainty"),
            s("精度（米）", "radius (m)"),
            "lat",
            "lon",
        )
        table(headers, [_fix_row(fix, zone) for fix in told.evidence["deciding"]])
    for at, metres, certainty in told.evidence.get("course", []):
        say(f"  {_clock(at, zone)}  {metres:.0f} m  {certainty:.3f}")
    if (against := told.evidence.get("against")) is not None:
        say(s("与此相反的情况：", "Against it: ") + ", ".join(f"{key} {value}" for key, value in against.items()))
    for one in told.differences:
        say(f"! {one.field}: {one.stored} -> {one.derived}")


def _fix_row(fix: dict[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    radius = "" if fix["accuracy_m"] is None else f"{fix['accuracy_m']:.0f}"
    place = f"{fix['lat']:.6f}", f"{fix['lon']:.6f}"
    return _clock(fix["fix_us"], zone), f"{fix['distance_m']:.1f}", f"{fix['certainty']:.4f}", radius, *place


def _clock(us: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(us / 1_000_000, zone):%Y-%m-%d %H:%M:%S}"
