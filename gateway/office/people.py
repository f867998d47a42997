"""Office pages of people and scripts: who may do what, the record of what was done, one's own password."""

import json

from facility.context import Context
from facility.identity import Role
from facility.store import read_audit
from gateway.office.asked import Asked
from gateway.office.blocks import Act, Block, Cell, Field, Form, Kind, Look, Row, Table, data, ours
from gateway.staff import store
from gateway.staff.store import PersonRow, TokenRow

ROLES: tuple[tuple[str, str], ...] = (
    (Role.ATTENDANT, "收费员"),
    (Role.MANAGER, "管理员"),
    (Role.COMMANDER, "指挥"),
    (Role.CREW, "班组"),
    (Role.STOREKEEPER, "仓库员"),
    (Role.EVALUATOR, "评估员"),
    (Role.AUDITOR, "审计"),
)
RECORDS_A_PAGE = 100


def _roles(roles: list[str], asked: Asked) -> Cell:
    return data(" · ".join(asked.say(dict(ROLES).get(role, role)) for role in roles))


async def people(ctx: Context, asked: Asked) -> list[Block]:
    """People and scripts' tokens, with the forms that add them."""
    persons = await store.read_people(asked.conn)
    tokens = await store.read_tokens(asked.conn)
    who = tuple((str(one.id), f"{one.name} ({one.login})") for one in persons)
    chosen = Field(name="person", label="人员", kind=Kind.CHOICE, options=who, are_options_ours=False)
    roles = Field(name="roles", label="角色", kind=Kind.MANY, options=ROLES)
    password = Field(name="password", label="新密码（至少 8 位）", kind=Kind.PASSWORD)
    return [
        Table(
            title="人员",
            columns=("姓名", "登录名", "角色", "状态", ""),
            rows=tuple([_person(one, asked) for one in persons]),
            empty="没有人员。",
        ),
        Form(
            title="添加人员",
            method="POST",
            path="/api/v1/people",
            fields=(
                Field(name="name", label="姓名"),
                Field(name="login", label="登录名（小写字母和数字）"),
                roles,
                password,
            ),
            button="添加",
        ),
        Form(
            title="改变角色",
            method="PATCH",
            path="/api/v1/people/{person}",
            fields=(chosen, roles),
            button="保存",
        ),
        Form(
            title="重设密码",
            method="PUT",
            path="/api/v1/people/{person}/password",
            fields=(chosen, password),
            button="重设",
            note="此人的所有登录随即失效。",
        ),
        Table(
            title="脚本令牌",
            columns=("名称", "角色", "建立", "状态", ""),
            rows=tuple([_token(one, asked) for one in tokens]),
            empty="没有令牌。",
        ),
        Form(
            title="新令牌",
            method="POST",
            path="/api/v1/tokens",
            fields=(Field(name="name", label="名称"), roles),
            button="建立",
            shows="answer",
            note="密钥只显示这一次。",
        ),
    ]


def _person(one: PersonRow, asked: Asked) -> Row:
    change = {"roles": one.roles, "is_active": not one.is_active}
    path = f"/api/v1/people/{one.id}"
    return Row(
        cells=(
            data(one.name),
            data(one.login, Look.CODE),
            _roles(one.roles, asked),
            ours("可登录", Look.GOOD) if one.is_active else ours("已停用", Look.QUIET),
        ),
        acts=(
            Act(label="停用", method="PATCH", path=path, body=change, is_grave=True)
            if one.is_active
            else Act(label="启用", method="PATCH", path=path, body=change),
        ),
    )


def _token(one: TokenRow, asked: Asked) -> Row:
    is_standing = one.revoked_at is None
    act = Act(label="吊销", method="DELETE", path=f"/api/v1/tokens/{one.id}", is_grave=True)
    return Row(
        cells=(
            data(one.name),
            _roles(one.roles, asked),
            data(one.created_by, note=asked.at(one.created_at)),
            ours("有效", Look.GOOD) if is_standing else ours("已吊销", Look.QUIET),
        ),
        acts=(act,) if is_standing else (),
    )


async def record(ctx: Context, asked: Asked) -> list[Block]:
    """Who did what, the newest first, a page at a time."""
    before = asked.words.get("before", "")
    rows = await read_audit(
        asked.conn, before_id=int(before) if before.isdecimal() else None, limit=RECORDS_A_PAGE
    )
    return [
        Table(
            title="操作记录",
            columns=("时间", "谁", "做了什么", "对象", "细节"),
            rows=tuple(
                [
                    Row(
                        cells=(
                            data(asked.at(one.at)),
                            data(one.person_name),
                            data(one.act, Look.CODE),
                            data(one.subject),
                            data(json.dumps(one.detail, ensure_ascii=False) if one.detail else "", Look.CODE),
                        )
                    )
                    for one in rows
                ]
            ),
            empty="没有更早的记录。",
            older=f"/office/record?before={rows[-1].id}" if len(rows) == RECORDS_A_PAGE else "",
        )
    ]


async def me(ctx: Context, asked: Asked) -> list[Block]:
    """One's own password."""
    return [
        Form(
            title="修改我的密码",
            method="PUT",
            path="/api/v1/session/password",
            fields=(
                Field(name="current", label="现在的密码", kind=Kind.PASSWORD),
                Field(name="password", label="新密码（至少 8 位）", kind=Kind.PASSWORD),
            ),
            button="修改",
            note="别处的登录随即失效，这里保持登录。",
        )
    ]
