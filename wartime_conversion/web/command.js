// The commander's seat: order a run, see what waits for a person, decide, and keep the drill honest.

import * as forms from "./command_forms.js";
import { clock, h, hourMinute, toast } from "./dom.js";
import { outlook } from "./outlook.js";
import { deskTools, settle, speakChosen } from "./desk.js";
import * as queue from "./queue.js";
import { sheet } from "./sheet.js";
import * as siren from "./siren.js";
import { call, fetchMe, fetchRuns, link, SignInWanted, sync } from "./sync.js";
import { named, t } from "./text.js";
import { banner, clockFaces, overlay, sorted, taskRow } from "./view.js";

const API = "/api/v1/conversion";
const REFRESH_S = 5;
const state = { me: null, runs: [], run: null, pkg: null, entries: [], exercise: null, sirens: null, cars: [], plans: [], tab: "tasks", ordering: false };
const page = document.getElementById("page");

async function boot() {
  await settle();
  await ask(true);
  setInterval(() => { if (!document.hidden && !isBusy()) ask(false); }, REFRESH_S * 1000);
  setInterval(tick, 250);
}

// A half-filled form is not drawn over.
const isBusy = () => Boolean(document.querySelector(".sheet, .cover, dialog[open]")) || ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement?.tagName);

async function ask(isFirst) {
  try {
    state.me = await fetchMe();
    state.runs = await fetchRuns();
    state.plans = isFirst ? await call("GET", `${API}/plans`) : state.plans;
    const running = state.runs.filter((run) => run.state === "running");
    if (!state.run || !state.runs.some((run) => run.id === state.run)) state.run = (running.find((run) => run.kind === "actual") ?? running[0] ?? state.runs[0])?.id ?? null;
    if (state.run) {
      await sync(state.run);
      state.pkg = await queue.readPackage(state.run);
      state.entries = await queue.entries(state.run);
      [state.exercise, state.cars] = await Promise.all([call("GET", `${API}/runs/${state.run}/exercise`), call("GET", `${API}/runs/${state.run}/cars`)]);
      state.sirens ??= await call("GET", `${API}/runs/${state.run}/sirens`);
    }
  } catch (fault) {
    if (fault instanceof SignInWanted) state.me = null;
    else if (link.state !== "offline") toast(fault.message, "hot");
  }
  draw();
}

async function act(method, path, body) {
  try {
    await call(method, `${API}/runs/${state.run}${path}`, body);
    await ask(false);
  } catch (fault) {
    toast(fault.told?.detail ?? fault.message, "hot");
  }
}

const tasks = () => state.pkg.tasks.map((task) => overlay(task, state.entries, state.pkg.fetched_at));

function draw() {
  speakChosen();
  if (link.state === "signin" || !state.me) return page.replaceChildren(h("div.card", h("p", t("signin")), h("a", { href: "/drill/" }, t("login"))));
  if (state.ordering || !state.pkg) return page.replaceChildren(forms.orderForm(state, order, () => { state.ordering = false; draw(); }));
  return page.replaceChildren(banner(state.pkg.run), top(), h("div.seat", h("section.now", nowColumn()), h("section.work", workColumn()), h("section.side", sideColumn())));
}

async function order(body) {
  try {
    const run = await call("POST", `${API}/runs`, body);
    state.run = run.id;
    state.ordering = false;
    await ask(true);
  } catch (fault) { toast(fault.told?.detail ?? fault.message, "hot"); }
}

function top() {
  const running = state.pkg.run.state === "running";
  const done = state.pkg.tasks.filter((task) => task.state === "done").length;
  const pause = state.pkg.clocks.drill && running
    ? state.pkg.clocks.drill.pause
      ? h("button.plain", { type: "button", "data-act": "resume", onclick: () => act("POST", "/resume") }, t("resume"))
      : h("button.plain", { type: "button", "data-act": "pause", onclick: () => forms.askReason(t("pause"), (reason) => act("POST", "/pause", { reason })) }, t("pause"))
    : null;
  return h("header.seattop",
    h("div.clocks.huge", clockFaces(state.pkg)),
    h("div.tierclocks", state.pkg.clocks.tiers.map(tierFace)),
    h("div.progress", h("output", `${done}`), h("small", ` / ${state.pkg.tasks.length}`), h("div.bar", h("i", { style: `width:${(100 * done) / state.pkg.tasks.length}%` }))),
    h("div.tools2",
      h("select", { "aria-label": t("choose_run"), onchange: async (event) => { state.run = event.target.value; state.sirens = null; await ask(false); } },
        state.runs.map((run) => h("option", { value: run.id, selected: run.id === state.run }, `${run.code} ${run.state === "running" ? "" : t("ended")} ${run.reason}`))),
      pause,
      running ? h("button.plain", { type: "button", "data-act": "end", onclick: () => forms.askReason(t("end_run"), (reason) => act("POST", "/end", { reason })) }, t("end_run")) : null,
      running && state.pkg.run.kind === "actual" && state.pkg.run.purpose === "conversion" ? h("button.plain.danger", { type: "button", onclick: () => forms.askReason(t("recall"), (reason) => act("POST", "/recall", { reason })) }, t("recall")) : null,
      h("button.plain", { type: "button", "data-act": "order", onclick: () => { state.ordering = true; draw(); } }, t("new_run")),
      h("a.plain.linkbutton", { href: "/drill/readiness" }, t("readiness")),
      h("a.plain.linkbutton", { href: "/drill/plan" }, t("plan")),
      h("a.plain.linkbutton", { href: "/drill/roster" }, t("roster")),
      h("a.plain.linkbutton", { href: "/drill/compared" }, t("compared")),
      h("a.plain.linkbutton", { href: `${API}/runs/${state.run}/paper.pdf` }, t("paper")),
      h("a.plain.linkbutton", { href: "/drill/depot" }, t("depot")),
      h("a.plain.linkbutton", { href: "/drill/paper" }, t("paper_entry")),
      deskTools(draw)));
}

function tierFace(tier) {
  const now_s = (Date.now() + state.pkg.skew_ms - Date.parse(state.pkg.clocks.now)) / 1000;
  const elapsed_s = tier.elapsed_s === null ? null : tier.elapsed_s + (tier.is_running ? now_s : 0);
  const left = tier.limit_s === null || elapsed_s === null ? null : tier.limit_s - elapsed_s;
  return h(`div.tier${left !== null && left < 0 ? ".over" : ""}`, { title: tier.limit_source }, h("small", named(tier), ` ${tier.done}/${tier.tasks}`),
    h("output", left === null ? "—" : clock(left)),
    h("small", tier.limit_s === null ? "" : `${tier.limit_s / 86400} d${tier.is_confirmed ? "" : ` · ${t("to_confirm")}`}`));
}

// What needs a person now: hold points, second signatures, open safety counts.
function nowColumn() {
  const all = tasks();
  const holding = all.filter((task) => task.state === "holding");
  const second = all.filter((task) => task.state === "second");
  const ready = sorted(all.filter((task) => ["ready", "claimed", "started"].includes(task.state)));
  return [
    h("h2", t("hold_points"), h("b", ` ${holding.length}`)),
    holding.length ? holding.map((task) => h("div.holdcard", taskRow(task, open),
      h("div.row", h("button.big.hold", { type: "button", onclick: () => open(task.code) }, t("accept")),
        h("button.plain", { type: "button", "data-act": "override", onclick: () => override(task) }, t("override"))))) : h("p.soft", t("none_waits")),
    second.length ? [h("h2", t("state_second"), h("b", ` ${second.length}`)), h("div.list", second.map((task) => taskRow(task, open)))] : null,
    h("h2", t("todo"), h("b", ` ${ready.length}`)), h("div.list", ready.map((task) => taskRow(task, open))),
  ];
}

function override(task) { forms.askReason(`${t("override")} ${task.code}`, (reason) => act("POST", `/tasks/${task.code}/override`, { reason })); }

function workColumn() {
  const tabs = ["tasks", "outlook", "injects", "scores", "hot_wash", "log"].filter((key) => key !== "injects" || state.pkg.run.kind === "drill");
  const views = { tasks: taskTable, outlook: () => outlook(state.pkg, draw), injects: () => forms.injects(state, act), scores: () => forms.scores(state, act), hot_wash: () => forms.hotWash(state, act), log: () => forms.logView(`${API}/runs/${state.run}`, state.pkg.run) };
  return [h("div.tabs", tabs.map((key) => h(`button.tab${state.tab === key ? ".on" : ""}`, { type: "button", "data-tab": key, onclick: () => { state.tab = key; draw(); } }, t(`tab_${key}`)))), views[state.tab]()];
}

function taskTable() {
  return h("table.tasks", h("thead", h("tr", ["", t("tab_tasks"), t("crew"), t("state"), t("begin_end"), ""].map((x) => h("th", x)))),
    h("tbody", tasks().map((task) => h(`tr.${task.state}`, { "data-row": task.code },
      h("td", h("code", task.code)), h("td", h("button.name", { type: "button", onclick: () => open(task.code) }, named(task)), task.is_hold_point ? h("span.flag.hold", t("hold_point")) : null, task.is_two_person ? h("span.flag", t("two_person")) : null),
      h("td", task.lead_crew ?? ""), h("td", t(`state_${task.state}`), task.is_overridden ? h("small.warmtext", ` ${t("overridden")}`) : null),
      h("td.num", task.started_at ? hourMinute(task.started_at) : "", task.finished_at ? `–${hourMinute(task.finished_at)}` : ""),
      h("td", task.state === "waiting" ? h("button.small", { type: "button", onclick: () => override(task) }, t("free_now")) : null)))));
}

function sideColumn() {
  return [
    h("h2", t("roles")), forms.roles(state, act),
    h("h2", t("exits")), forms.exits(state, act),
    state.sirens ? [h("h2", t("siren")), h("div", { id: "siren" }, sirenNow()), siren.picker(state.sirens, tick, state.pkg.run.state === "running" ? sounded : null, state.pkg.run.kind === "drill"), h("small.soft", `${t("source")} ${state.sirens.source}`)] : null,
    h("h2", t("cars_inside"), h("b", ` ${state.pkg.cars_inside}`)), forms.cars(state, act),
  ];
}

function open(code) {
  const task = tasks().find((item) => item.code === code);
  const close = () => { document.querySelector(".sheet")?.remove(); draw(); };
  document.querySelector(".sheet")?.remove();
  document.body.append(sheet(task, state.pkg, state.me, close, async () => { close(); await ask(false); }));
}

// What sounds in the run comes first; a pattern heard here for itself is shown where nothing does.
const sirenNow = () => siren.bar(state.pkg, false, null) ?? siren.face();

async function sounded(what) {
  try {
    await call("POST", `${API}/runs/${state.run}/sirens`, { what: what.id });
    siren.play(what);
    toast(t("siren_told"));
    await ask(false);
  } catch (fault) { toast(fault.told?.detail ?? fault.message, "hot"); }
}

function tick() {
  if (state.pkg) document.getElementById("siren")?.replaceChildren(sirenNow());
  if (!state.pkg || state.ordering) return;
  document.querySelector(".clocks")?.replaceChildren(...clockFaces(state.pkg));
  document.querySelector(".tierclocks")?.replaceChildren(...state.pkg.clocks.tiers.map(tierFace));
}

boot();
