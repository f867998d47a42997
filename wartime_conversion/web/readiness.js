// Readiness between drills: the figure, its reasons, and the work that lifts it.

import { deskTools, settle, speakChosen } from "./desk.js";
import { h, hourMinute, toast } from "./dom.js";
import { WORDS } from "./plan_text.js";
import { call, SignInWanted } from "./sync.js";
import { language, learn, named, t } from "./text.js";

learn(WORDS);

const API = "/api/v1/conversion/readiness";
const page = document.getElementById("page");
const NEXT = { found: ["assign"], assigned: ["mend"], mended: ["recheck", "fail_recheck"], rechecked: ["strike_off"], struck_off: [] };
let told = null;

async function load() {
  try { told = await call("GET", API); } catch (fault) {
    page.replaceChildren(h("div.card", h("p", fault instanceof SignInWanted ? t("signin") : fault.message), h("a", { href: "/drill/" }, t("login"))));
    return;
  }
  draw();
}

async function act(method, path, body) {
  try { await call(method, `${API}${path}`, body); } catch (fault) { toast(fault.told?.detail ?? fault.message, "hot"); }
  await load();
}

function draw() {
  speakChosen();
  document.title = t("readiness");
  page.replaceChildren(h("header.deskhead.narrow", h("h1", t("readiness")), h("div.row", h("a.plain.linkbutton", { href: "/drill/command" }, t("command")), h("a.plain.linkbutton", { href: "/drill/roster" }, t("roster")), h("a.plain.linkbutton", { href: "/api/v1/conversion/labels.pdf?kind=components" }, t("labels")), deskTools(draw))), h("div.ready", h("section", figure(), h("h2", `${t("reason")} ${told.reasons.length}`), told.reasons.map(reason)),
    h("section", h("h2", t("ledger")), ledger(), h("h2", t("rounds")), rounds(), h("h2", t("hazards_loop")), hazards())));
}

function figure() {
  return h("div.figure", h("small", t("readiness")), h("output", { "data-percent": String(told.percent) }, String(told.percent), h("small", " %")),
    h(told.is_ready ? "p.yes" : "p.no", t(told.is_ready ? "ready_yes" : "ready_no")),
    Object.entries(told.parts).map(([key, share]) => h("div.part", h("span", t(`part_${key}`)), h("span.bar", h("i", { style: `width:${100 * share}%` })), h("span", `${Math.floor(100 * share)} %`))));
}

// A reason names its component, round or crew in Chinese; the lists of the page know the English as well.
const said = (r) => (language.at === 0 ? r.zh : (told[r.part] ?? []).find((one) => one.id === r.id)?.en ?? r.zh);

const reason = (r) => h(`div.reason${r.is_blocking ? ".blocking" : ""}`, h("b", `${t(`part_${r.part}`)} ${r.id}`), " ", said(r), " ", h("small", detail(r.detail), r.is_blocking ? ` · ${t("blocking")}` : ""));

// The server's short English details in the screen's language.
function detail(text) {
  if (language.at === 1) return text;
  const counted = /^(\d+)\/(\d+) trained, (\d+) on the roster$/.exec(text);
  if (counted) return `训练合格 ${counted[1]}/${counted[2]} 人，名册 ${counted[3]} 人`;
  const words = { "no leader": "没有组长", "never passed": "从未合格", "never counted": "从未清点", unknown: "状况未查", damaged: "损坏", missing: "缺失", minor: "一般", major: "较大", critical: "重大" };
  return words[text] ?? text.replace("due", "到期").replace(", overdue", "，已超期");
}

function ledger() {
  return h("table", h("thead", h("tr", ["", t("opening"), t("present"), t("condition"), ""].map((x) => h("th", x)))), h("tbody", told.components.map((c) => {
    const present = h("input", { type: "number", min: 0, value: c.present, "aria-label": t("present") });
    const condition = h("select", { "aria-label": t("condition") }, ["unknown", "good", "worn", "damaged", "missing"].map((k) => h("option", { value: k, selected: k === c.condition }, t(`cond_${k}`))));
    return h("tr", { "data-component": c.id }, h("td", language.at === 0 ? c.zh : c.en), h("td", h("code", c.opening)), h("td", present, ` / ${c.quantity}`), h("td", condition),
      h("td", h("button.small", { type: "button", onclick: () => act("PUT", `/components/${c.id}`, { present: Number(present.value), condition: condition.value }) }, t("save"))));
  })));
}

// A is an assumption; anything else is the source it names.
const sourceMark = (source) => (/^A\b/.test(source) ? h("span.flag.warm", { title: source }, `A ${t("assumed")} · ${t("to_confirm")}`) : h("span.flag", source));

function rounds() {
  return h("table", h("tbody", told.rounds.map((r) => {
    const last = told.walked.find((w) => w.round_id === r.id && w.is_passed);
    const due = last ? new Date(Date.parse(last.done_at) + r.every_days * 86400000).toISOString().slice(0, 10) : null;
    return h("tr", { "data-round": r.id }, h("td", named(r), " ", sourceMark(r.source)), h("td", t("every_days").replace("{n}", r.every_days)), h("td", due ? `${t("due")} ${due}` : h("span.flag.warm", t("never_walked"))),
      h("td", h("button.small", { type: "button", onclick: () => act("POST", `/rounds/${r.id}`, { is_passed: true }) }, t("passed")), " ", h("button.small", { type: "button", onclick: () => act("POST", `/rounds/${r.id}`, { is_passed: false }) }, t("failed"))));
  })));
}

function hazards() {
  const subject = h("input", { required: true, placeholder: t("subject") }), words = h("input", { required: true, placeholder: t("words") });
  const severity = h("select", { "aria-label": t("hazards") }, ["minor", "major", "critical"].map((k) => h("option", { value: k }, t(`sev_${k}`))));
  return [h("form.row", { onsubmit: (event) => { event.preventDefault(); act("POST", "/hazards", { subject: subject.value, words: words.value, severity: severity.value }); } }, subject, words, severity, h("button.plain", { type: "submit" }, t("find_hazard"))),
    told.hazards.map((hazard) => {
      const owner = h("input", { placeholder: t("owner") }), due = h("input", { type: "date", "aria-label": t("due_on") });
      return h("div.hazard", { "data-hazard": hazard.state }, h("b", `${hazard.subject}：${hazard.words}`), h("span.flag", t(`sev_${hazard.severity}`)), h("span.flag", t(`haz_${hazard.state}`)), hazard.owner ? h("small", `${hazard.owner} ${hazard.due_on}`) : null, h("small.soft", `${hazard.found_by} ${hourMinute(hazard.found_at)}`),
        NEXT[hazard.state].includes("assign") ? [owner, due] : null,
        NEXT[hazard.state].map((event) => h("button.small", { type: "button", onclick: () => act("POST", `/hazards/${hazard.id}/steps`, event === "assign" ? { event, owner: owner.value, due_on: due.value || null } : { event }) }, t(`ev_${event}`))));
    })];
}

await settle();
await load();
