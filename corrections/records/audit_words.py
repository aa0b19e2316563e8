"""What each action of the audit trail is called on screen, and its details and what they say, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from corrections.domain.casework import (
    ApprovalRank,
    AttachedTo,
    ClockKind,
    LeaveKind,
    LeaveReportKind,
    MeasureKind,
    ObjectedTo,
    ObjectionOutcome,
    ProposalState,
    SearchOutcome,
    SearchStepKind,
)
from corrections.domain.model import Scope
from corrections.records import words
from corrections.records.casework_words import CASEWORK

Both = tuple[str, str]

ACTIONS: Mapping[str, Both] = {
    "absence.end": ("结束缺勤", "absence ended"),
    "absence.record": ("登记缺勤", "absence recorded"),
    "attachment.add": ("添加附件", "attachment added"),
    "attachment.read": ("打开附件", "attachment opened"),
    "authority.grant": ("登记定位依据", "legal basis granted"),
    "authority.revoke": ("撤销定位依据", "legal basis ended"),
    "bureau.create": ("建立司法局", "bureau created"),
    "channel.test": ("测试通知渠道", "channel tested"),
    "check_in.answer": ("本人签到", "check-in answered"),
    "check_in.ask": ("要求签到", "check-in asked for"),
    "check_secret.commit": ("封存随机时刻的种子", "secret of random moments committed"),
    "checks.rederive": ("重新推导随机时刻", "random moments derived again"),
    "clock.change_start": ("更正法定期限的起算", "start of a legal term changed"),
    "clock.end": ("结束法定期限", "legal term ended"),
    "clock.start": ("起算法定期限", "legal term started"),
    "contact_ban.impose": ("登记禁止接触", "contact ban imposed"),
    "contact_ban.revoke": ("撤销禁止接触", "contact ban ended"),
    "device.change": ("变更定位设备", "device changed"),
    "device.enrol": ("登记定位设备", "device enrolled"),
    "device.revoke": ("停用定位设备", "device revoked"),
    "device.rotate": ("更换设备凭据", "credential of a device renewed"),
    "duty.cancel": ("取消值班", "duty cancelled"),
    "duty.import": ("导入值班表", "roster imported"),
    "duty.plan": ("安排值班", "duty planned"),
    "fix.request": ("请求定位", "fix asked for"),
    "gateway.create": ("登记对接系统", "gateway created"),
    "gateway.revoke": ("停用对接系统", "gateway revoked"),
    "leave.approve": ("批准外出", "leave approved"),
    "leave.certificate": ("打印外出证明", "leave certificate made"),
    "leave.grant": ("登记外出", "leave granted"),
    "leave.refuse": ("不批准外出", "leave refused"),
    "leave.report": ("登记外出报告", "report on leave"),
    "leave.request": ("申请外出", "leave asked for"),
    "leave.revoke": ("撤销外出", "leave revoked"),
    "leave.withdraw": ("撤回外出申请", "request for leave withdrawn"),
    "location.read": ("查看位置", "location looked at"),
    "log.entry": ("写入监管日志", "entry in the log"),
    "login": ("登录", "log-in"),
    "login.refused": ("登录被拒绝", "log-in refused"),
    "login.waits": ("密码错误过多，暂停尝试", "too many wrong passwords: no more for a while"),
    "logout": ("退出", "log-out"),
    "measure.paper": ("生成奖惩文书", "paper of a measure made"),
    "measure.record": ("登记奖惩", "measure recorded"),
    "measure.revoke": ("撤销奖惩", "measure taken back"),
    "notice.seen": ("本人已阅提醒", "notice seen by the subject"),
    "objection.answer": ("答复异议", "objection answered"),
    "objection.make": ("提出异议", "objection made"),
    "office.change": ("变更司法所", "office changed"),
    "office.create": ("建立司法所", "office created"),
    "officer.addresses": ("变更工作人员联系方式", "addresses of an officer changed"),
    "officer.change": ("变更工作人员", "officer changed"),
    "officer.create": ("建立账号", "account created"),
    "officer.deactivate": ("停用账号", "account closed"),
    "officer.password": ("重设密码", "password set"),
    "own.copy": ("本人取得资料副本", "copy of her record taken"),
    "own.view": ("本人查看资料", "own view opened"),
    "own_link.make": ("生成本人查询链接", "link to an own view made"),
    "own_link.revoke": ("停用本人查询链接", "link to an own view ended"),
    "proposal.make": ("提出处理建议", "measure proposed"),
    "proposal.outcome": ("登记处理结果", "outcome of a proposal recorded"),
    "proposal.paper": ("生成处理建议文书", "paper of a proposal made"),
    "proposal.second": ("复核处理建议", "proposal seconded or refused"),
    "proposal.withdraw": ("撤回处理建议", "proposal withdrawn"),
    "register.import": ("批量导入", "register imported"),
    "round.begin": ("开始定位核查", "check round begun"),
    "round.hand_over": ("移交定位核查", "check round handed over"),
    "round.sign": ("签署定位核查", "check round signed"),
    "search.close": ("结束查找", "search closed"),
    "search.open": ("组织查找", "search opened"),
    "search.step": ("登记查找情况", "step of a search"),
    "statement.record": ("记录陈述、申辩", "statement taken down"),
    "subject.change": ("变更对象登记", "subject changed"),
    "subject.create": ("登记对象", "subject registered"),
    "subject.retry": ("重新判定对象", "subject evaluated again"),
    "subject.status": ("变更对象状态", "status of a subject changed"),
    "zone.publish": ("发布电子围栏", "zone published"),
    "zone.retire": ("停用电子围栏", "zone retired"),
}


GROUPS: Mapping[str, Both] = {
    "login": ("登录", "log-in"), "location": ("位置", "locations"), "subject": ("矫正对象", "subjects"),
    "device": ("定位设备", "devices"), "zone": ("电子围栏", "zones"), "leave": ("外出", "leave"), "round": ("核查与签到", "checks"),
    "log": ("监管日志", "the log"), "measure": ("奖惩与处理建议", "measures"), "clock": ("期限与查找", "terms and searches"),
    "own": ("本人", "the subject herself"), "officer": ("账号与机构", "accounts and offices"), "duty": ("值班与缺勤", "roster"),
    "gateway": ("系统", "the system"),
}  # fmt: skip
MEMBERS = {
    "logout": "login", "fix": "location", "authority": "subject", "contact_ban": "subject", "statement": "measure", "proposal": "measure",
    "search": "clock", "check_in": "round", "check_secret": "round", "checks": "round", "own_link": "own", "objection": "own",
    "notice": "own", "office": "officer", "bureau": "officer", "absence": "duty", "channel": "gateway", "register": "gateway",
    "attachment": "log",
}  # fmt: skip

NAMES: Mapping[str, Both] = {
    "about": ("关于", "about"), "about_id": ("编号", "number"), "absence": ("缺勤编号", "absence no."), "agree": ("同意", "agreed"),
    "approved_by": ("批准人", "approved by"), "at": ("时间", "at"), "attachment": ("附件编号", "attachment no."),
    "authorities": ("定位依据", "legal bases"), "authority": ("依据编号", "legal basis no."), "ban": ("禁令编号", "ban no."),
    "basis": ("依据", "basis"), "bureau": ("司法局", "bureau"), "category": ("矫正类别", "category"), "channel": ("渠道", "channel"),
    "channels": ("渠道", "channels"), "check_in": ("签到编号", "check-in no."), "client": ("定位程序", "client"),
    "clock": ("期限编号", "term no."), "commitment": ("封存值", "commitment"), "datum": ("坐标系", "datum"), "day": ("日期", "day"),
    "days": ("天数", "days"), "decided_on": ("决定日期", "decided on"), "declined": ("拒绝陈述", "declined"),
    "deputy": ("代理人", "deputy"), "deputy_id": ("代理人", "deputy"), "destination": ("目的地", "destination"),
    "device": ("定位设备", "device"), "devices": ("定位设备", "devices"), "distance_m": ("距离（米）", "distance (m)"),
    "document": ("文书号", "document"), "due_at": ("期限", "due"), "duties": ("值班", "duties"), "duty": ("值班编号", "duty no."),
    "ended_at": ("结束时间", "ended at"), "entry": ("记录编号", "entry no."), "expires_at": ("失效时间", "expires"),
    "failures": ("错误次数", "wrong tries"), "file": ("文件", "file"), "found": ("已查找到", "found"), "from": ("自", "from"),
    "gateway": ("对接系统", "gateway"),
    "ground": ("事由", "ground"), "interval_s": ("上报间隔（秒）", "interval (s)"), "kind": ("种类", "kind"),
    "language": ("语言", "language"), "late": ("逾期", "late"), "leave": ("外出编号", "leave no."), "level": ("管理类别", "level"),
    "link": ("链接编号", "link no."), "login": ("账号", "login"), "matches": ("相符", "matches"), "measure": ("奖惩", "measure"),
    "minor": ("未成年", "minor"), "minutes": ("分钟", "minutes"), "name": ("名称", "name"), "note": ("说明", "note"),
    "notice": ("提醒编号", "notice no."), "number": ("编号", "number"), "objection": ("异议编号", "objection no."),
    "office": ("司法所", "office"), "office_id": ("司法所", "office"), "officer": ("账号", "login"),
    "officer_id": ("责任工作人员", "officer"), "officers": ("工作人员", "officers"), "offices": ("司法所", "offices"),
    "outcome": ("结果", "outcome"), "own": ("本人地址", "own address"), "proposal": ("建议编号", "proposal no."),
    "proposed_at": ("建议起算", "proposed start"), "rank": ("审批级别", "decided by"), "reason": ("理由", "reason"),
    "register": ("登记种类", "register"), "report": ("上报编号", "report no."), "request": ("申请编号", "request no."),
    "revoked_at": ("撤销时间", "ended at"), "role": ("角色", "role"), "round": ("核查编号", "round no."), "scope": ("范围", "scope"),
    "search": ("查找编号", "search no."), "sha256": ("文件哈希", "SHA-256"), "since": ("自", "since"), "starts_at": ("起算", "starts"),
    "state": ("状态", "state"), "statement": ("笔录编号", "statement no."), "status": ("状态", "status"),
    "step": ("步骤编号", "step no."), "subjects": ("对象", "subjects"), "term_from": ("矫正起始", "term from"),
    "term_until": ("矫正期满", "term until"), "to": ("移交给", "to"), "total_days": ("累计天数", "days in all"),
    "until": ("至", "until"), "version": ("版本", "version"), "violation": ("违规编号", "violation no."),
    "violations": ("违规编号", "violations no."), "what": ("内容", "what"), "why": ("原因", "why"), "zone": ("电子围栏", "zone"),
}  # fmt: skip
"""The names of details."""

LANGUAGES: words.Words = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
REGISTERS: words.Words = {
    "offices": ("司法所", "offices"), "officers": ("工作人员", "staff"), "subjects": ("矫正对象", "subjects"),
    "devices": ("定位设备", "devices"),
}  # fmt: skip
SCOPES: words.Words = {
    Scope.EVERYONE: ("全体对象", "everyone"), Scope.LEVEL: ("某一管理类别", "a level"), Scope.OFFICE: ("某一司法所", "an office"),
    Scope.SUBJECT: ("某一对象", "a subject"),
}  # fmt: skip
WHYS: words.Words = {"end of term": ("矫正期满", "end of the term")}
KINDS: Mapping[str, words.Words] = {
    "measure": CASEWORK[MeasureKind], "leave": CASEWORK[LeaveKind], "leave.report": CASEWORK[LeaveReportKind],
    "search": CASEWORK[SearchStepKind], "clock": CASEWORK[ClockKind], "zone": words.ZONE_KINDS, "log": words.ENTRY_KINDS,
}  # fmt: skip
"""What ``kind`` says, by the action or its noun."""
WORDS: Mapping[str, words.Words] = {
    "language": LANGUAGES, "register": REGISTERS, "role": words.ROLES, "category": words.CATEGORIES, "level": words.LEVELS,
    "status": words.STATUSES, "rank": CASEWORK[ApprovalRank], "state": CASEWORK[ProposalState], "why": WHYS, "scope": SCOPES,
    "outcome": {**CASEWORK[SearchOutcome], **CASEWORK[ObjectionOutcome], **CASEWORK[ProposalState]},
    "about": {**CASEWORK[AttachedTo], **CASEWORK[ObjectedTo]}, "measure": CASEWORK[MeasureKind],
}  # fmt: skip


def group(action: str) -> str:
    """To which of ``GROUPS`` an action belongs."""
    noun = action.partition(".")[0]
    return MEMBERS.get(noun, noun)
