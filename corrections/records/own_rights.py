"""A subject's rights over her record, in plain words, each with the article it rests on. What is said is the sense, not the wording.

Sources: 个人信息保护法 Arts 24, 28, 34, 35, 45 to 47, 50 [found: PIPL]; 社区矫正法 Arts 26, 29, 34 [found: LAW].
"""

from __future__ import annotations

from dataclasses import dataclass

from corrections.settings.portal import Portal

Both = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Right:
    """A right, and the article it rests on."""

    name: str
    words: Both
    source: Both


RIGHTS: tuple[Right, ...] = (
    Right(
        "why",
        (
            "司法局为履行法定职责处理您的信息，只能用于社区矫正。位置属于敏感信息，要严格保护。",
            "The bureau handles your data to do its duty by law, for community corrections alone. Your location is sensitive and must be "
            "kept safe.",
        ),
        ("个人信息保护法第二十八条、第三十四条", "Personal Information Protection Law, Arts 28, 34"),
    ),
    Right(
        "see",
        ("您可以查看并复制自己的信息。", "You may see your data and take a copy."),
        ("个人信息保护法第四十五条", "Personal Information Protection Law, Art 45"),
    ),
    Right(
        "correct",
        ("信息有错或不全，您可以要求改正、补充。", "If something is wrong or missing, you may ask to have it put right."),
        ("个人信息保护法第四十六条", "Personal Information Protection Law, Art 46"),
    ),
    Right(
        "delete",
        (
            "用途已经实现、保存期限已到的，您可以要求删除。法律规定的保存期限未到的，先停用。",
            "When the purpose is met or the time is up, you may ask to have data deleted. If the law sets a longer time, it is not used "
            "until then.",
        ),
        ("个人信息保护法第四十七条", "Personal Information Protection Law, Art 47"),
    ),
    Right(
        "answer",
        ("不同意您的请求，要说明理由。", "If your request is refused, you must be told why."),
        ("个人信息保护法第五十条", "Personal Information Protection Law, Art 50"),
    ),
    Right(
        "person",
        (
            "电脑只提供线索，不作决定。对您的处理都由工作人员决定。",
            "The computer only points things out. Every decision about you is made by a person.",
        ),
        ("个人信息保护法第二十四条", "Personal Information Protection Law, Art 24"),
    ),
    Right(
        "life",
        (
            "监管不能不必要地影响您的工作和生活，不能变相限制人身自由。",
            "Supervision must not disturb your work and life more than it needs to, nor lock you in by other means.",
        ),
        ("社区矫正法第三十四条", "Community Corrections Law, Art 34"),
    ),
)
PROCURATORATE: Both = ("当地人民检察院", "the local people's procuratorate")


def petition(portal: Portal) -> Right:
    """The way to the procuratorate."""
    said = portal.procuratorate
    zh, en = said.zh or PROCURATORATE[0], said.en or said.zh or PROCURATORATE[1]
    return Right(
        "petition",
        (
            f"认为自己的权利受到侵害，您可以向人民检察院申诉、控告、检举。可以找：{zh}。",
            f"If you think your rights were violated, you may complain to the people's procuratorate: {en}.",
        ),
        ("社区矫正法第三十四条", "Community Corrections Law, Art 34"),
    )


def rights(portal: Portal) -> list[Right]:
    """All of them."""
    return [*RIGHTS, petition(portal)]
