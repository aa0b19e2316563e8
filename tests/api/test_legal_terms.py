"""Legal terms, searches and the agenda over HTTP: what is answered, and that the rules of the services hold there, too."""

from __future__ import annotations

from datetime import timedelta

from tests.api.house import Service
from tests.review.scene import NOW

DAY = timedelta(days=1)


def test_a_term_is_proposed_started_changed_and_ended(service: Service) -> None:
    term = {"kind": "reporting_in", "starts_at": (NOW - DAY).isoformat(), "basis": "判决当日生效"}

    proposed = service.get("liming", "/subjects/1/clocks/proposed", kind="reporting_in").json()
    made = service.post("liming", "/subjects/1/clocks", term)
    again = service.post("liming", "/subjects/1/clocks", term)
    changed = service.post("head", f"/clocks/{made.json()['id']}/change-start", {"starts_at": NOW.isoformat(), "reason": "送达日"})
    ended = service.post("liming", f"/clocks/{changed.json()['id']}/end", {"note": "已报到"}).json()

    assert (proposed["source"], proposed["ref"]) == ("term", "")
    assert (made.status_code, made.json()["day"], made.json()["proposed_at"]) == (201, 1, proposed["at"])
    assert made.json()["edges"] == [{"edge": "report_by", "at": "2026-03-11T16:00:00Z", "reached": False}]
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert (changed.json()["starts_at"], changed.json()["basis"]) == ("2026-03-02T01:00:00Z", "送达日")
    assert (ended["ended_at"], ended["end_note"], ended["tell_at"]) == ("2026-03-02T01:00:00Z", "已报到", None)
    assert [one["kind"] for one in service.get("liming", "/clocks", running=True).json()["items"]] == ["out_of_contact"]
    assert len(service.get("liming", "/clocks", subject_id=1).json()["items"]) == 3


def test_a_search_is_opened_pursued_and_closed(service: Service) -> None:
    opened = service.post("liming", "/subjects/3/searches", {"reason": "电话不通"}).json()
    step = {"kind": "procuratorate", "text": "已通报"}
    made = service.post("liming", f"/searches/{opened['id']}/steps", step)
    closed = service.post("liming", f"/searches/{opened['id']}/close", {"outcome": "deceased", "note": "医院证明"}).json()
    late = service.post("liming", f"/searches/{opened['id']}/steps", step)

    assert (opened["clock_id"], opened["proposed"]["kind"]) == (None, "out_of_contact")
    assert (made.status_code, made.json()["found"]) == (201, False)
    assert (closed["status_wanted"], closed["procuratorate_told_at"], len(closed["steps"])) == ("deceased", "2026-03-02T01:00:00Z", 1)
    assert late.status_code == 409
    assert [one["id"] for one in service.get("liming", "/searches", open=False).json()["items"]] == [opened["id"]]


def test_what_is_not_well_formed_is_told_with_its_field(small_service: Service) -> None:
    answer = small_service.post("liming", "/subjects/3/clocks", {"kind": "reporting_in", "starts_at": "2027-01-01T00:00:00Z", "basis": "x"})

    assert (answer.status_code, answer.json()["field"]) == (422, "starts_at")


def test_the_agenda_tells_articles_and_measures_in_both_languages(service: Service) -> None:
    items = service.get("liming", "/agenda").json()["items"]
    of_subject = service.get("liming", "/subjects/1/agenda", until=(NOW + DAY).isoformat()).json()

    clock = next(item for item in items if item["kind"] == "out_of_contact")
    assert (clock["at"], clock["days_left"], clock["day"], clock["contact"]) == ("2026-03-12T16:00:00Z", 11, 0, "within_days")
    assert [(may["measure"], may["basis"]["verified"], may["basis"]["quoted"]) for may in clock["may"]] == [("admonition", True, False)]
    (article,) = clock["bases"]
    assert article["text_zh"].startswith("社区矫正对象失去联系的，社区矫正机构应当立即组织查找")
    assert article["text_en"].startswith("Where a person is out of contact")
    assert "search" in {item["kind"] for item in of_subject["items"]}
    assert {item["subject_id"] for item in of_subject["items"]} == {1}
