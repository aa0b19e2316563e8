"""``corrections casework``: attachments, statements, proposals and measures with their papers, false alarms, in an officer's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from corrections.cli import measures
from corrections.cli.acting import acting
from corrections.cli.speech import As, AsJson, language, local, print_json, say, t, table

AboutName = Literal["violation", "statement", "leave_request", "search", "check_entry"]
MeansName = Literal["phone", "message", "video", "visit", "other"]

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=t("社区矫正对象编号。", "Number of the subject."))]
About = Annotated[AboutName, typer.Argument(metavar="KIND", help=t("附于何种记录。", "What it belongs to."))]
AboutId = Annotated[int, typer.Argument(metavar="N", help=t("该记录的编号。", "Its number."))]

casework = typer.Typer(
    no_args_is_help=True,
    help=t("附件、陈述申辩、处理建议、奖惩及文书、误报统计。", "Attachments, statements, proposals, measures and papers, false alarms."),
)
measures.add_to(casework)


def add_to(app: typer.Typer) -> None:
    app.add_typer(casework, name="casework")


@casework.command(help=t("添加附件（JPEG、PNG、HEIC、PDF）。", "Attach a photo or document (JPEG, PNG, HEIC, PDF)."))
def attach(
    about: About,
    about_id: AboutId,
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help=t("文件。", "The file."))],
    login: As,
    note: Annotated[str, typer.Option(help=t("说明。", "What it shows."))] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import AttachedTo
    from corrections.records import attachments

    content = file.read_bytes()
    with acting(login) as by:
        made = attachments.attach(
            by.session, by.actor, AttachedTo(about), about_id, content=content, name=file.name, note=note,
            settings=by.settings, now=by.now,
        )  # fmt: skip
        told = made.model_dump()
    if as_json:
        print_json(told)
        return
    say(t(f"已添加附件 {told['id']}：{told['name']}（{told['sha256']}）", f"Attachment {told['id']}: {told['name']} ({told['sha256']})"))


@casework.command(help=t("列出附件。", "List attachments."))
def attachments(about: About, about_id: AboutId, login: As, as_json: AsJson = False) -> None:
    from corrections.domain.casework import AttachedTo
    from corrections.records.attachments import list_attachments

    with acting(login) as by:
        found = list_attachments(by.session, by.actor, AttachedTo(about), about_id)
        rows = [one.model_dump() | {"size": file.size, "media_type": file.media_type} for one, file in found]
        zone = by.zone
    if as_json:
        print_json(rows)
        return
    names = (t("名称", "name"), t("类型", "type"), t("字节", "bytes"), t("说明", "note"), t("时间", "added"))
    table(
        ("N", *names),
        [(row["id"], row["name"], row["media_type"], row["size"], row["note"], local(row["added_at"], zone)) for row in rows],
    )


@casework.command(help=t("将附件存为新文件；记入审计。", "Save an attachment to a new file; it is audited."))
def fetch(
    number: Annotated[int, typer.Argument(metavar="N", help=t("附件编号。", "Number of the attachment."))],
    out: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help=t("新文件。", "The new file."))],
    login: As,
) -> None:
    from corrections.records.attachments import open_attachment

    with acting(login) as by:
        _, file = open_attachment(by.session, by.actor, number, by.now)
        content = file.content
    measures.write_new(out, content)


@casework.command(help=t("登记本人的陈述、申辩，或其放弃陈述。", "Take down a statement, or that she declined."))
def statement(
    subject: Subject,
    login: As,
    means: Annotated[MeansName, typer.Option(help=t("方式。", "By which means."))],
    text: Annotated[str, typer.Option(help=t("内容；放弃的，写明如何告知。", "What she said; where she declined, how she was asked."))],
    violation: Annotated[int | None, typer.Option(metavar="N", help=t("针对的违规。", "The violation it is about."))] = None,
    declined: Annotated[bool, typer.Option("--declined", help=t("本人放弃陈述、申辩。", "She was heard and declined."))] = False,
    at: Annotated[str, typer.Option(metavar="WHEN", help=t("听取时间（默认现在）。", "When she was heard (default: now)."))] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.records.statements import record_statement
    from corrections.review.reviewing import Means

    with acting(login) as by:
        made = record_statement(
            by.session, by.actor, by.subject(subject), text=text, means=Means(means), declined=declined, violation_id=violation,
            taken_at=by.moment(at), settings=by.settings, now=by.now,
        )  # fmt: skip
        told = made.model_dump()
    if as_json:
        print_json(told)
        return
    say(t(f"已登记陈述 {told['id']}。", f"Statement {told['id']} is recorded."))


@casework.command(help=t("列出一名对象的陈述、申辩，新的在前。", "List a subject's statements, the newest first."))
def statements(subject: Subject, login: As, as_json: AsJson = False) -> None:
    from corrections.records import words
    from corrections.records.statements import list_statements

    with acting(login) as by:
        rows = [row.model_dump() for row in list_statements(by.session, by.actor, by.subject(subject), limit=500)]
        zone = by.zone
    if as_json:
        print_json(rows)
        return
    which = 0 if language() == "zh" else 1
    names = (t("时间", "heard"), t("方式", "means"), t("违规", "violation"), t("放弃", "declined"), t("内容", "text"))
    table(
        ("N", *names),
        [
            (
                row["id"], local(row["taken_at"], zone), words.MEANS[row["means"]][which], row["violation_id"],
                t("是", "yes") if row["declined"] else "", row["text"],
            )
            for row in rows
        ],
    )  # fmt: skip


@casework.command(help=t("按围栏、定位程序、规则统计误报。", "Count false alarms by zone, client and rule."))
def figures(
    login: As,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help=t("起始日。", "The first local day."))],
    until: Annotated[str, typer.Option(metavar="DAY", help=t("截止日（含）。", "The last local day, included."))],
    as_json: AsJson = False,
) -> None:
    from dataclasses import asdict

    from corrections.cli.measures import day_of
    from corrections.records.figures import false_alarms

    with acting(login) as by:
        found = false_alarms(by.session, by.actor, day_of(since), day_of(until), settings=by.settings.false_alarms)
    if as_json:
        print_json(asdict(found))
        return
    for heading, rows in (
        (t("合计", "In all"), [found.total]),
        (t("按围栏", "By zone"), found.by_zone),
        (t("按定位程序", "By client"), found.by_client),
        (t("按规则", "By rule"), found.by_rule),
    ):
        say(f"\n{heading}")
        names = (t("名称", "name"), t("办结", "decided"), t("误报", "false"), t("占比", "share"), t("原因", "causes"), t("提示", "remark"))
        table(names, [_figure(row) for row in rows])


def _figure(row: Any) -> tuple[Any, ...]:
    from corrections.records import words

    which = 0 if language() == "zh" else 1
    causes = ", ".join(f"{words.CAUSES[cause][which]} {number}" for cause, number in row.causes.items())
    share = "" if row.share is None else f"{row.share:.0%}"
    remark = row.remark[which] if row.remark else ""
    return (row.name_zh, row.name_en)[which], row.decided, row.false_alarms, share, causes, remark
