// The forms of the commander's seat.

import { clock, h, hourMinute } from "./dom.js";
import { has, language, named, t } from "./text.js";

const TIERS = [["early", "早期转换", "early"], ["imminent", "临战转换", "imminent"], ["emergency", "紧急转换", "emergency"], ["activation", "物资库启用", "activation"]];
const ROLES = ["commander", "leader", "safety", "inspector", "storekeeper", "recorder", "evaluator"];
const PROFILES = [["", "全部任务", "all tasks"], ["tabletop90", "桌面推演 90 min", "table-top 90 min"], ["siren918", "9·18 试鸣日功能演练", "9-18 siren day"], ["walk512", "5·12 全流程演练", "5-12 walk-through"], ["skills", "单项训练 30 min", "skills 30 min"]];

export function askReason(title, then) {
  const words = h("textarea", { rows: 3, required: true, "data-reason": "1", placeholder: t("reason") });
  const dialog = h("dialog", h("form.card", { method: "dialog", onsubmit: (event) => { event.preventDefault(); dialog.close(); dialog.remove(); then(words.value); } },
    h("h2", title), words, h("div.row", h("button.plain", { type: "button", onclick: () => { dialog.close(); dialog.remove(); } }, t("close")), h("button.big", { type: "submit" }, t("confirm")))));
  document.body.append(dialog);
  dialog.showModal();
}

export function orderForm(state, order, back) {
  const choice = { kind: "drill", purpose: "conversion" };
  const form = h("form.order");
  function draw() {
    const actual = choice.kind === "actual";
    const radio = (group, value, label) => h(`button.choice${choice[group] === value ? ".on" : ""}.${value}`, { type: "button", "data-choice": value, onclick: () => { choice[group] = value; draw(); } }, label);
    form.replaceChildren(...[h("h1", t("new_run")),
      h("div.row", radio("kind", "drill", t("drill_banner")), radio("kind", "actual", t("actual_banner"))),
      h("div.row", radio("purpose", "conversion", t("purpose_conversion")), radio("purpose", "restoration", t("purpose_restoration"))),
      h("label", t("plan_version"), h("select", { name: "plan" }, state.plans.map((p) => h("option", { value: p.id }, `${language.at === 0 ? p.title_zh : p.title_en} · v${p.number} · ${p.sha256.slice(0, 8)}`)))),
      choice.purpose === "conversion" && !actual ? h("label", t("profile"), h("select", { name: "profile" }, PROFILES.map(([id, zh, en]) => h("option", { value: id }, language.at === 0 ? zh : en)))) : null,
      choice.purpose === "conversion" && !actual ? h("label", t("anchor"), h("input", { name: "anchor", type: "datetime-local", step: 1 })) : null,
      choice.purpose === "conversion" ? h("fieldset", h("legend", t("tiers")), TIERS.map(([id, zh, en]) => h("label.check", h("input", { type: "checkbox", name: "tier", value: id, checked: true }), language.at === 0 ? zh : en))) : null,
      h("label", t("reason"), h("input", { name: "reason", required: true, maxLength: 200 })),
      actual ? h("p.notice", t("actual_warning")) : h("p.soft", t("drill_note")),
      actual ? h("label", t("actual_confirm"), h("input", { name: "confirm", required: true, pattern: "实战|ACTUAL", autocomplete: "off" })) : null,
      h("div.row", h("button.plain", { type: "button", onclick: back }, t("back")), h(`button.big${actual ? ".hold" : ""}`, { type: "submit", "data-act": "start-run" }, t(actual ? "order_actual" : "order_drill")))].filter(Boolean));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    order({ kind: choice.kind, purpose: choice.purpose, plan_version: data.get("plan"), profile: data.get("profile") || null, reason: data.get("reason"), tiers: data.getAll("tier"), anchor_at: data.get("anchor") ? `${data.get("anchor").padEnd(19, ":00")}+08:00` : null });
  });
  draw();
  return h("div.orderpage", form);
}

export function roles(state, act) {
  const pkg = state.pkg;
  const people = pkg.signers;
  const list = h("ul.roles", pkg.roles.map((role) => h("li", h("span", t(`role_${role.role}`), role.crew ? ` · ${named(pkg.crews.find((c) => c.id === role.crew) ?? { zh: role.crew })}` : ""),
    h("b", role.person_name), role.is_stand_in ? h("small.flag", t("stand_in")) : null,
    pkg.run.state === "running" ? h("button.small", { type: "button", "aria-label": t("end_role"), onclick: () => act("DELETE", `/roles/${role.id}`) }, "×") : null)));
  if (pkg.run.state !== "running") return list;
  const held = new Set(pkg.roles.map((role) => role.role));
  const vacant = [...new Set(pkg.tasks.filter((task) => task.state !== "done").flatMap((task) => [task.sign_role, task.hold_role]))].filter((role) => role && !held.has(role));
  const form = h("form.roleform", { onsubmit: (event) => { event.preventDefault(); const data = new FormData(form); document.activeElement?.blur(); act("POST", "/roles", { role: data.get("role"), crew: data.get("crew") || null, person: data.get("person"), is_stand_in: data.get("stand") === "on" }); } },
    h("select", { name: "role", "aria-label": t("roles") }, ROLES.map((r) => h("option", { value: r }, t(`role_${r}`)))),
    h("select", { name: "crew", "aria-label": t("crew") }, h("option", { value: "" }, t("all_crews")), pkg.crews.map((c) => h("option", { value: c.id }, named(c)))),
    h("select", { name: "person", "aria-label": t("person") }, people.map((p) => h("option", { value: p.id }, p.name))),
    h("label.check", h("input", { type: "checkbox", name: "stand" }), t("stand_in")), h("button.plain", { type: "submit" }, t("give_role")));
  return [list, vacant.length ? h("p.hot", { "data-vacant": "1" }, `${t("vacant")}：${vacant.map((role) => t(`role_${role}`)).join("、")}`) : null, h("details", h("summary", t("give_role")), form)];
}

// Every hour of the desk is Shanghai's; the ways out are locked by command, and the server checks the counts.
export function exits(state, act) {
  const { pkg } = state;
  const isLocked = pkg.exits_locked.length > 0;
  const people = pkg.people_inside === null ? t("not_counted") : String(pkg.people_inside);
  return h("div.exits", { "data-exits": isLocked ? "locked" : "free" }, h("p", h(`span.flag${isLocked ? ".hold" : ""}`, t(isLocked ? "exits_locked" : "exits_free")), ` ${pkg.exits_locked.join("、")}`),
    h("p.soft", `${t("people_inside")} ${people} · ${t("cars_inside")} ${pkg.cars_inside}`),
    pkg.run.state !== "running" ? null : isLocked
      ? h("button.plain", { type: "button", "data-act": "free-exits", onclick: () => askReason(t("free_exits"), (reason) => act("POST", "/exits/free", { reason })) }, t("free_exits"))
      : h("button.plain", { type: "button", "data-act": "lock-exits", onclick: () => askReason(t("lock_exits"), (reason) => act("POST", "/exits/lock", { reason })) }, t("lock_exits")));
}

function milestones(state) {
  const list = state.exercise.milestones;
  if (!list.length) return null;
  const drill = state.pkg.clocks.drill;
  const now_s = drill ? drill.elapsed_s + (drill.is_running ? (Date.now() + state.pkg.skew_ms - Date.parse(state.pkg.clocks.now)) / 1000 : 0) : 0;
  return h("section.milestones", h("h2", t("milestones")), list.map((m) => h(`p${m.at_s <= now_s ? ".passed" : ""}`, { "data-milestone": String(m.at_s) }, h("code", clock(m.at_s).slice(3)), ` ${language.at === 0 ? m.expect_zh || m.expect : m.expect}`)));
}

export function injects(state, act) {
  const byCode = new Map(state.pkg.tasks.map((task) => [task.code, task]));
  return h("div.injects", milestones(state), state.exercise.injects.map((inject) => {
    const at = byCode.get(inject.at_task);
    const isLive = at && !["waiting", "done"].includes(at.state);
    return h(`article.inject${inject.played_at ? ".played" : ""}`, { "data-inject": inject.id },
      h("header", h("code", inject.id), h("b", named(inject)), h("small", `@ ${inject.at_task}`, isLive ? h("span.flag.warm", t(`state_${at.state}`)) : null)),
      h("p.soft", `${t("expected")}：${language.at === 0 ? inject.expect_zh || inject.expect : inject.expect}`),
      inject.played_at
        ? inject.decision
          ? h("p", `${hourMinute(inject.decided_at)} ${inject.decided_by}：${inject.decision}`, inject.is_as_expected === null ? "" : h(`span.flag${inject.is_as_expected ? "" : ".hold"}`, t(inject.is_as_expected ? "as_expected" : "not_as_expected")))
          : decisionForm(inject, act)
        : h("div.row", h("button.plain", { type: "button", "data-act": "play", onclick: () => act("POST", `/injects/${inject.id}`, {}) }, t("play_inject")), timedForm(inject, act)));
  }));
}

function timedForm(inject, act) {
  const minute = h("input", { type: "number", min: 0, placeholder: t("at_minute"), value: inject.due_at_s == null ? "" : inject.due_at_s / 60, "aria-label": t("at_minute") });
  return h("form.inline", { onsubmit: (event) => { event.preventDefault(); minute.blur(); act("POST", `/injects/${inject.id}`, { due_at_s: Math.round(Number(minute.value) * 60) }); } }, minute, h("button.plain", { type: "submit" }, t("schedule")));
}

function decisionForm(inject, act) {
  const words = h("input", { required: true, placeholder: t("decision"), "aria-label": t("decision") });
  const send = (ok) => { if (!words.value.trim()) { words.focus(); return; } words.blur(); act("POST", `/injects/${inject.id}`, { decision: words.value, is_as_expected: ok }); };
  return h("div.row", words, h("button.plain", { type: "button", onclick: () => send(true) }, t("as_expected")), h("button.plain", { type: "button", onclick: () => send(false) }, t("not_as_expected")));
}

export function scores(state, act) {
  const grade = (objective, key, mine) => h(`button.grade${mine?.grade === key ? ".on" : ""}.${key}`, { type: "button", title: t(`grade_${key}`), "data-grade": key, onclick: (event) => act("PUT", "/scores", { objective, grade: key, note: event.target.closest(".score").querySelector("input").value }) }, key);
  return h("div.scores", h("p.soft", ["P", "S", "M", "U"].map((g) => `${g} ${t(`grade_${g}`)}`).join(" · ")), state.exercise.objectives.map((objective) => {
    const all = state.exercise.scores.filter((s) => s.objective === objective.id);
    const mine = all.find((s) => s.evaluator === state.me.name);
    return h("div.score", { "data-objective": objective.id }, h("b", named(objective)), h("div.grades", ["P", "S", "M", "U"].map((g) => grade(objective.id, g, mine))),
      h("input", { value: mine?.note ?? "", placeholder: t("note"), "aria-label": t("note") }),
      all.filter((s) => s !== mine).map((s) => h("small.soft", `${s.evaluator} ${s.grade} ${s.note}`)));
  }));
}

export function hotWash(state, act) {
  const form = h("form.hotform", { onsubmit: (event) => { event.preventDefault(); const data = new FormData(form); document.activeElement?.blur(); act("POST", "/hot-wash", { kind: data.get("kind"), words: data.get("words"), owner: data.get("owner") || null, due_on: data.get("due_on") || null }); } },
    h("select", { name: "kind", "aria-label": t("kind") }, ["strength", "improvement", "remark"].map((k) => h("option", { value: k }, t(`said_${k}`)))),
    h("textarea", { name: "words", rows: 2, required: true, placeholder: t("words") }), h("input", { name: "owner", placeholder: t("owner") }), h("input", { name: "due_on", type: "date", "aria-label": t("due_on") }), h("button.big", { type: "submit" }, t("save")));
  return h("div.hotwash", form, state.exercise.hot_wash.map((said) => h(`p.said.${said.kind}`, h("b", t(`said_${said.kind}`)), " ", said.words, h("small.soft", ` ${said.said_by}${said.owner ? ` → ${said.owner} ${said.due_on}` : ""}`))));
}

// A line that was signed on paper says who entered it.
function onPaper(event) {
  const { via, entered_by } = JSON.parse(event.body).detail;
  return via === "paper" ? h("span.flag", `${t("on_paper")} · ${t("entered_by")} ${entered_by}`) : null;
}

export function logView(base, run) {
  const list = h("ol.log");
  fetch(`${base}/events?after=${Math.max(0, run.entries - 200)}`).then((reply) => reply.json()).then((events) => {
    list.replaceChildren(...events.reverse().map((event) => h("li", h("code", `#${event.number}`), ` ${hourMinute(event.at)} `, h("b", has(`event_${event.kind}`) ? t(`event_${event.kind}`) : event.kind), ` ${event.task ?? ""} ${event.person}`, onPaper(event))));
  });
  return h("div", h("p.soft", `${t("head")} `, h("code", run.head)), h("a", { href: `${base}/log` }, t("export_log")), list);
}

export function cars(state, act) {
  if (!state.cars.length) return h("p.soft", t("no_cars"));
  return h("div.carbox", h("table.cars", h("thead", h("tr", ["", t("bay"), t("entered"), t("owner_car"), ""].map((x) => h("th", x)))), h("tbody", state.cars.map((car) => h("tr", h("td", h("b", car.plate ?? "—"), car.plate_kind === "green" ? h("span.flag", t("electric")) : null), h("td", car.bay_id ?? ""), h("td.num", hourMinute(car.entered_at)), h("td.owner", { "data-owner": car.owner ?? "" }, car.owner ? [car.owner, h("small.soft", ` ${t(`rel_${car.owner_relation}`)}`)] : h("span.soft", t("owner_unknown"))),
    h("td", ["notified", "to_tow", "towed"].map((mark) => h(`button.small${car.marks.includes(mark) ? ".on" : ""}`, { type: "button", disabled: car.marks.includes(mark), onclick: () => act("POST", `/cars/${car.id}/${mark}`) }, t(`car_${mark}`)))))))));
}
