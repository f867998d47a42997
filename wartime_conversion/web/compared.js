// Drills side by side over time: how long they took, how much was done, what was refused and what was learnt.

import { deskTools, settle, speakChosen } from "./desk.js";
import { h } from "./dom.js";
import { WORDS } from "./plan_text.js";
import { call, fetchRuns, SignInWanted } from "./sync.js";
import { language, learn, t } from "./text.js";

learn(WORDS);
const API = "/api/v1/conversion";
const page = document.getElementById("page");
const state = { rows: [], runs: [], profile: "" };

async function load() {
  try {
    [state.rows, state.runs] = await Promise.all([call("GET", `${API}/comparison`), fetchRuns()]);
  } catch (fault) {
    page.replaceChildren(h("div.card", h("p", fault instanceof SignInWanted ? t("signin") : fault.message), h("a", { href: "/drill/" }, t("login"))));
    return;
  }
  draw();
}

const kindOf = (row) => (row.kind === "actual" ? "actual" : row.profile ?? "all");
const kindName = (key) => (key === "actual" ? t("actual_word") : key === "all" ? t("drill_word") : key);

function draw() {
  speakChosen();
  document.title = t("compared");
  const kinds = [...new Set(state.rows.map(kindOf))];
  const rows = state.rows.filter((row) => !state.profile || kindOf(row) === state.profile);
  const longest = Math.max(1, ...rows.map((row) => row.minutes ?? 0));
  page.replaceChildren(h("div.desk", h("header.deskhead", h("h1", t("compared")), h("div.row",
    h("select", { "aria-label": t("kind"), onchange: (event) => { state.profile = event.target.value; draw(); } }, h("option", { value: "" }, t("all_profiles")), kinds.map((key) => h("option", { value: key, selected: key === state.profile }, kindName(key)))),
    h("a.plain.linkbutton", { href: "/drill/command" }, t("command")), deskTools(draw))),
  rows.length ? h("div.scroll", h("table", h("thead", h("tr", [t("run_word"), t("begun"), t("kind"), t("took"), t("tasks_done"), t("refusals"), t("improvements"), ""].map((x) => h("th", x)))), h("tbody", rows.map((row) => line(row, longest))))) : h("p.soft", t("no_runs"))));
}

function line(row, longest) {
  const run = state.runs.find((item) => item.code === row.code);
  const begun = new Date(row.started_at).toLocaleString(language.at === 0 ? "zh-CN" : "en-GB", { dateStyle: "short", timeStyle: "short", timeZone: "Asia/Shanghai" });
  return h("tr", { "data-compared": row.code }, h("td", h("code", row.code)), h("td", begun), h("td", kindName(kindOf(row))),
    h("td", row.minutes === null ? "—" : h("span.took", h("i", { style: `width:${Math.round((120 * row.minutes) / longest)}px` }), row.minutes.toFixed(1))),
    h("td", `${row.tasks_done} / ${row.tasks}`), h("td", String(row.refused)), h("td", String(row.improvements)), h("td", run ? h("a", { href: `${API}/runs/${run.id}/report.html` }, t("report_page")) : ""));
}

await settle();
await load();
