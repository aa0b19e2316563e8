"""导入: a file is looked through first, with its first rows and every fault; the same file is then taken in, all of it or nothing."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.table_file import csv_file
from corrections.console.visit import Uploading, Visit, Visiting, choice, language_of
from corrections.domain.model import Datum
from corrections.errors import Conflict, CorrectionsError, Forbidden, ImportRejected, Invalid, NotFound
from corrections.records.import_preview import DUTIES, Preview, blank, preview
from corrections.records.imports import Register, import_register
from corrections.records.roster_file import import_duties
from corrections.records.zone_files import import_zones
from corrections.store.access import Action

router = APIRouter(prefix="/console/admin/import")
ZONES = "zones"
KINDS: Mapping[str, Action] = {
    Register.OFFICES.value: Action.WRITE_REGISTER, Register.OFFICERS.value: Action.WRITE_ACCOUNTS,
    Register.SUBJECTS.value: Action.WRITE_REGISTER, Register.DEVICES.value: Action.WRITE_REGISTER, ZONES: Action.WRITE_ZONES,
    DUTIES: Action.WRITE_ROSTER,
}  # fmt: skip
"""What may be imported, by whom."""
WORDS: Mapping[str, tuple[str, str]] = {
    "offices": ("司法所", "offices"), "officers": ("工作人员", "staff"), "subjects": ("矫正对象", "subjects"),
    "devices": ("定位设备", "devices"), "authorities": ("定位依据", "legal bases"), "zones": ("电子围栏", "zones"),
    "duties": ("值班", "duties"),
}  # fmt: skip
TITLES: Mapping[str, tuple[str, str]] = {
    "login": ("账号", "login"), "password": ("首次密码", "first password"), "device": ("定位设备", "device"),
    "subject": ("对象编号", "subject"), "credential": ("设备凭据", "credential"),
}  # fmt: skip
SHOWN = 200  # faults and secrets
REFUSALS = (Invalid, Conflict, NotFound, Forbidden)


class Do(StrEnum):
    CHECK = "check"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file brought in, or would. ``secrets`` are rows with their titles, shown this once; ``repaired`` outlines were mended."""

    counts: Mapping[str, int]
    dry_run: bool
    titles: Sequence[str] = ()
    secrets: Sequence[Sequence[str]] = ()
    repaired: int = 0

    @property
    def file(self) -> str:
        """The secrets as CSV in base64, for a link that saves them."""
        out = io.StringIO()
        csv.writer(out).writerows([self.titles, *self.secrets])
        return base64.b64encode(("\ufeff" + out.getvalue()).encode()).decode()


@dataclass(slots=True)
class Asked:
    """A form, and the file that came with it or was brought back by it."""

    fields: dict[str, str]
    content: bytes = b""
    faults: Sequence[Mapping[str, Any]] = ()
    preview: Preview | None = None
    taken: Taken | None = None
    error: CorrectionsError | None = None


@router.get("")
def form(visit: Visiting, kind: Annotated[str, Query(max_length=20)] = "") -> Response:
    return _page(visit, Asked({"kind": kind}))


@router.get("/blank.csv")
def empty_table(visit: Visiting, kind: Annotated[str, Query(max_length=20)] = "") -> Response:
    """An empty table with the titles that a file may have."""
    visit.actor.require(KINDS.get(kind, Action.WRITE_ROSTER))
    titles, _ = blank(kind, language_of(visit.request, visit.desk))
    return csv_file(f"{kind}.csv", titles, [])


@router.post("")
def take(sent: Uploading, visit: Visiting) -> Response:
    """First what the file would bring in, or every fault with its row; then the same file is taken in. Secrets are shown here, once."""
    asked = Asked(sent.fields)
    try:
        do, kind = choice(asked.fields, "do", Do), _kind(visit, asked.fields)
        if sent.files:
            asked.fields["filename"], asked.content = sent.files[0].name, sent.files[0].content
        else:
            asked.content = _again(asked.fields)
        if kind != ZONES:
            with visit.reading() as session:
                asked.preview = preview(session, visit.actor, kind, asked.content, asked.fields["filename"])
        asked.taken = _take(visit, kind, asked, dry_run=do is Do.CHECK)
    except ImportRejected as error:
        asked.error, asked.faults = error, error.rows
    except REFUSALS as error:
        asked.error = error
    return _page(visit, asked)


def _kind(visit: Visit, fields: Mapping[str, str]) -> str:
    kind = fields.get("kind", "")
    if kind not in KINDS:
        raise Invalid("Choose one of what is offered.", "请选择所列选项之一。", field="kind")
    visit.actor.require(KINDS[kind])
    return kind


def _again(fields: dict[str, str]) -> bytes:
    """The file that was looked through before, as its form brought it back. Raises Invalid."""
    try:
        content = base64.b64decode(fields.get("content", ""), validate=True)
    except binascii.Error:
        content = b""
    if not content:
        raise Invalid("Choose a file.", "请选择文件。", field="file")
    fields.setdefault("filename", "")
    return content


def _take(visit: Visit, kind: str, asked: Asked, *, dry_run: bool) -> Taken:
    terms: dict[str, Any] = {"bureau_id": visit.actor.bureau_id, "dry_run": dry_run, "now": visit.now}
    name = asked.fields["filename"]
    with visit.writing() as session:
        if kind == DUTIES:
            return Taken({DUTIES: import_duties(session, visit.actor, asked.content, name, **terms).duties}, dry_run)
        if kind == ZONES:
            datum, repair = choice(asked.fields, "datum", Datum), asked.fields.get("repair") == "yes"
            made = import_zones(session, visit.actor, **terms, content=asked.content, datum=datum, repair=repair, valid_from=visit.now)
            return Taken({ZONES: len(made)}, dry_run, repaired=sum(outline.repair is not None for _, outline in made))
        done = import_register(session, visit.actor, Register(kind), asked.content, name, settings=visit.settings, **terms)
    secrets = [] if dry_run else done.passwords or done.credentials
    return Taken(done.counts, dry_run, list(secrets[0]) if secrets else (), [list(row.values()) for row in secrets])


def _page(visit: Visit, asked: Asked) -> Response:
    visit.actor.require(Action.WRITE_ROSTER)
    kinds = [kind for kind, action in KINDS.items() if visit.may(action)]
    error = asked.error
    content = base64.b64encode(asked.content).decode() if asked.taken and asked.taken.dry_run else ""
    return page(
        visit, "import.html.j2", status=error.status if error else 200, here="/console/admin/import", kinds=kinds, what=WORDS, asked=asked,
        form=asked.fields, content=content, error=error, taken=asked.taken, shown=SHOWN, datums=list(Datum), zones=ZONES,
        titles=TITLES,
    )  # fmt: skip
