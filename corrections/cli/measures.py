"""Proposals of measures, measures, and their papers, for ``corrections casework``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from corrections.cli.acting import acting
from corrections.cli.speech import As, AsJson, language, local, print_json, say, t, table

MeasureName = Literal["commendation", "admonition", "warning", "security_penalty", "revoke_probation", "revoke_parole", "imprison"]
StateName = Literal["proposed", "seconded", "refused", "withdrawn", "granted", "dismissed"]
PaperName = Literal["proposal", "measure"]

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=t("社区矫正对象编号。", "Number of the subject."))]
Number = Annotated[int, typer.Argument(metavar="N", help=t("处理建议编号。", "Number of the proposal."))]
OfSubject = Annotated[str, typer.Option(help=t("只列此对象编号的。", "Only those of the subject with this number."))]
On = Annotated[str, typer.Option(metavar="DAY", help=t("作出决定的日期。", "The local day of the decision."))]
By = Annotated[str, typer.Option(metavar="BODY", help=t("作出决定的机关。", "The body that decided."))]
Document = Annotated[str, typer.Option(help=t("文号。", "The number of its document."))]
Reason = Annotated[str, typer.Option(help=t("理由。", "Why."))]


def add_to(group: typer.Typer) -> None:
    """Put the commands into a group."""
    for name, command, words in (
        ("options", options, t("列出可以建议的措施及依据。", "List what may be proposed for a subject, and on which grounds.")),
        ("propose", propose, t("提出处理建议。", "Propose a measure.")),
        ("second", second, t("复核处理建议：同意或者不同意。", "Agree to a proposal, or refuse it, as the second officer.")),
        ("withdraw", withdraw, t("撤回本人提出的处理建议。", "Take back a proposal of one's own.")),
        ("outcome", outcome, t("登记有权机关的决定。", "Record what was decided about a proposal.")),
        ("proposals", proposals, t("列出处理建议，新的在前。", "List proposals, the newest first.")),
        ("measure", measure, t("登记已在纸面作出的奖惩。", "Record a measure that was taken on paper.")),
        ("revoke", revoke, t("撤销一项奖惩的登记，不再计数。", "Take a measure back; it no longer counts.")),
        ("measures", measures, t("列出奖惩，新的在前。", "List measures, the newest first.")),
        ("paper", paper, t("将建议或奖惩的文书存为 PDF；记入审计。", "Save the paper of a proposal or measure as PDF; it is audited.")),
    ):
        group.command(name, help=words)(command)


def options(subject: Subject, login: As, as_json: AsJson = False) -> None:
    from corrections.domain.casework import MeasureKind
    from corrections.domain.measures import Second
    from corrections.records import proposals as listing
    from corrections.records.casework_words import CASEWORK

    with acting(login) as by:
        found = listing.options(by.session, by.actor, by.subject(subject), settings=by.settings, now=by.now)
    if as_json:
        print_json(
            [
                {
                    "measure": one.measure, "ground": one.ground.key, "text_zh": one.ground.text_zh, "text_en": one.ground.text_en,
                    "verified": one.ground.verified, "source": one.ground.source, "fits": one.fits, "second": one.second,
                    "needs_statement": one.needs_statement,
                }
                for one in found
            ]
        )  # fmt: skip
        return
    which = 0 if language() == "zh" else 1
    names = (t("依据", "ground"), t("符合", "fits"), t("复核", "seconded by"), t("先听取陈述", "heard first"), t("条件", "condition"))
    table(
        (t("措施", "measure"), *names),
        [
            (
                CASEWORK[MeasureKind][one.measure][which], one.ground.key, t("是", "yes") if one.fits else "",
                CASEWORK[Second][one.second][which], t("是", "yes") if one.needs_statement else "",
                (one.ground.text_zh, one.ground.text_en)[which],
            )
            for one in found
        ],
    )  # fmt: skip


def propose(
    subject: Subject,
    login: As,
    measure: Annotated[MeasureName, typer.Option(help=t("措施。", "The measure."))],
    ground: Annotated[str, typer.Option(help=t("依据（见 options）。", "The ground, as listed by options."))],
    facts: Annotated[str, typer.Option(help=t("事实。", "The facts."))],
    violation: Annotated[list[int] | None, typer.Option(metavar="N", help=t("所依据的违规，可多次。", "It rests on; repeatable."))] = None,
    statement: Annotated[int | None, typer.Option(metavar="N", help=t("陈述编号。", "Number of her statement."))] = None,
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import MeasureKind
    from corrections.records import proposals as service

    with acting(login) as by:
        made = service.propose(
            by.session, by.actor, by.subject(subject), measure=MeasureKind(measure), ground=ground, facts=facts,
            violation_ids=violation or (), statement_id=statement, settings=by.settings, now=by.now,
        )  # fmt: skip
        told = made.model_dump()
    _say(told, as_json)


def second(
    number: Number,
    login: As,
    refuse: Annotated[bool, typer.Option("--refuse", help=t("不同意（须说明理由）。", "Refuse it, with the reason."))] = False,
    note: Annotated[str, typer.Option(help=t("复核意见。", "The reason, or a remark."))] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.records import proposals as service

    with acting(login) as by:
        revision = service.proposal_for(by.session, by.actor, number).revision
        told = service.second(
            by.session, by.actor, number, revision=revision, agree=not refuse, note=note, settings=by.settings, now=by.now
        ).model_dump()  # fmt: skip
    _say(told, as_json)


def withdraw(number: Number, login: As, reason: Reason, as_json: AsJson = False) -> None:
    from corrections.records import proposals as service

    with acting(login) as by:
        revision = service.proposal_for(by.session, by.actor, number).revision
        told = service.withdraw(by.session, by.actor, number, revision=revision, reason=reason, now=by.now).model_dump()
    _say(told, as_json)


def outcome(
    number: Number,
    login: As,
    on: On,
    decided_by: By,
    document: Document,
    dismissed: Annotated[bool, typer.Option("--dismissed", help=t("未予采纳。", "It was not granted."))] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.records import proposals as service

    with acting(login) as by:
        revision = service.proposal_for(by.session, by.actor, number).revision
        found, made = service.record_outcome(
            by.session, by.actor, number, revision=revision, granted=not dismissed, decided_on=day_of(on), decided_by=decided_by,
            document=document, now=by.now,
        )  # fmt: skip
        told = found.model_dump() | {"measure_id": made.id if made else None}
    _say(told, as_json)


def proposals(
    login: As,
    state: Annotated[StateName | None, typer.Option(help=t("只列此状态的。", "Only those in this state."))] = None,
    subject: OfSubject = "",
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import ProposalState
    from corrections.records.proposals import list_proposals

    with acting(login) as by:
        chosen, subject_id = ProposalState(state) if state else None, by.subject(subject) if subject else None
        rows = list_proposals(by.session, by.actor, state=chosen, subject_id=subject_id, limit=500)
        told = [row.model_dump() | {"subject": _number(by.session, row.subject_id)} for row in rows]
        zone = by.zone
    if as_json:
        print_json(told)
        return
    names = (t("对象", "subject"), t("措施", "measure"), t("依据", "ground"), t("状态", "state"), t("提出", "proposed"))
    table(
        ("N", *names),
        [
            (row["id"], row["subject"], _measure(row["measure"]), row["ground"], _state(row["state"]), local(row["proposed_at"], zone))
            for row in told
        ],
    )


def measure(
    subject: Subject,
    login: As,
    kind: Annotated[MeasureName, typer.Option(help=t("奖惩种类。", "Which measure."))],
    on: On,
    decided_by: By,
    document: Document,
    ground: Annotated[str, typer.Option(help=t("依据（见 options）。", "The ground, as listed by options."))] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import MeasureKind
    from corrections.records.measures import record_measure

    with acting(login) as by:
        made = record_measure(
            by.session, by.actor, by.subject(subject), kind=MeasureKind(kind), decided_on=day_of(on), decided_by=decided_by,
            document=document, ground=ground, settings=by.settings, now=by.now,
        )  # fmt: skip
        told = made.model_dump()
    _say_measure(told, as_json)


def revoke(
    number: Annotated[int, typer.Argument(metavar="N", help=t("奖惩编号。", "Number of the measure."))],
    login: As,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    from corrections.records.measures import revoke_measure

    with acting(login) as by:
        told = revoke_measure(by.session, by.actor, number, reason=reason, now=by.now).model_dump()
    _say_measure(told, as_json)


def measures(
    login: As,
    subject: OfSubject = "",
    all_: Annotated[bool, typer.Option("--all", help=t("也列出已撤销的。", "Those that were taken back, too."))] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.records.measures import list_measures

    with acting(login) as by:
        subject_id = by.subject(subject) if subject else None
        rows = list_measures(by.session, by.actor, subject_id=subject_id, in_force=None if all_ else True, limit=500)
        told = [row.model_dump() | {"subject": _number(by.session, row.subject_id)} for row in rows]
        zone = by.zone
    if as_json:
        print_json(told)
        return
    names = (
        t("对象", "subject"),
        t("奖惩", "measure"),
        t("日期", "day"),
        t("机关", "body"),
        t("文号", "document"),
        t("撤销", "taken back"),
    )
    table(
        ("N", *names),
        [
            (
                row["id"], row["subject"], _measure(row["kind"]), local(row["decided_on"], zone)[:10], row["decided_by"], row["document"],
                local(row["revoked_at"], zone),
            )
            for row in told
        ],
    )  # fmt: skip


def paper(
    of: Annotated[PaperName, typer.Argument(metavar="KIND", help=t("proposal 或 measure。", "proposal or measure."))],
    number: Annotated[int, typer.Argument(metavar="N", help=t("其编号。", "Its number."))],
    out: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help=t("新 PDF 文件。", "The new PDF file."))],
    login: As,
    lang: Annotated[Literal["zh", "en"] | None, typer.Option(help=t("文书语言。", "The paper's language."))] = None,
) -> None:
    from corrections.records.measure_papers import measure_paper, proposal_paper

    chosen: Any = lang or language()
    make = proposal_paper if of == "proposal" else measure_paper
    with acting(login) as by:
        draft = make(by.session, by.actor, number, chosen, settings=by.settings, now=by.now)
    write_new(out, draft.paper().content)


def write_new(out: Path, content: bytes) -> None:
    """Write a file that is not there yet, for its owner alone. Raises FileExistsError."""
    import os

    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    say(t(f"已存为 {out}", f"Saved as {out}"))


def day_of(text: str) -> date:
    """A local day. Raises Invalid."""
    from corrections.errors import Invalid

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text} is not a day, such as 2026-03-02.", f"“{text}”不是日期，应形如 2026-03-02。") from error


def _number(session: Any, subject_id: int) -> str:
    from corrections.store.tables import Subject

    return str(session.get_one(Subject, subject_id).number)


def _say(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    word = _measure(told["measure"])
    say(t(f"处理建议 {told['id']}（{word}）：{_state(told['state'])}", f"Proposal {told['id']} ({word}): {_state(told['state'])}"))


def _say_measure(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    word, over = _measure(told["kind"]), t("，已撤销", ", taken back") if told["revoked_at"] else ""
    say(t(f"奖惩 {told['id']}：{word}{over}", f"Measure {told['id']}: {word}{over}"))


def _measure(kind: str) -> str:
    from corrections.domain.casework import MeasureKind
    from corrections.records.casework_words import CASEWORK

    return t(*CASEWORK[MeasureKind][MeasureKind(kind)])


def _state(state: str) -> str:
    from corrections.domain.casework import ProposalState
    from corrections.records.casework_words import CASEWORK

    return t(*CASEWORK[ProposalState][ProposalState(state)])
