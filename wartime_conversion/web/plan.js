// The plan on a desk screen: what it holds, where its figures come from, and how a version follows another.

import { deskTools, settle, speakChosen } from "./desk.js";
import { h, toast } from "./dom.js";
import { differences, versionTable } from "./plan_versions.js";
import { faultWords, refusalWords } from "./plan_faults.js";
import { registerView } from "./plan_register.js";
import { newTaskForm, taskForm } from "./plan_task.js";
import { WORDS } from "./plan_text.js";
import { evidenceWord } from "./plan_values.js";
import { call, SignInWanted } from "./sync.js";
import { language, learn, named, t } from "./text.js";

learn(WORDS);
const API = "/api/v1/conversion/plans";
const TABS = ["tasks", "openings", "components", "crews", "equipment", "materials", "limits", "versions"];
const page = document.getElementById("page");
const state = { me: null, versions: [], shown: "draft", told: null, tab: "tasks", tier: "", words: "", open: null, pair: null };

const planId = () => state.versions[0]?.plan_id ?? "reference";
const isDraft = () => state.shown === "draft";
const mayEdit = () => state.me.roles.some((role) => ["commander", "manager"].includes(role));
const mayPublish = () => state.me.roles.includes("commander");

async function load() {
  try {
    state.me = await call("GET", "/api/v1/session");
    state.versions = (await call("GET", API)).sort((a, b) => b.number - a.number);
    state.told = await call("GET", isDraft() ? `${API}/${planId()}/draft/values` : `${API}/versions/${state.shown}`);
  } catch (fault) {
    page.replaceChildren(h("div.card", h("p", fault instanceof SignInWanted ? t("signin") : fault.message), h("a", { href: "/drill/" }, t("login"))));
    return;
  }
  draw();
}

// Says what the server answered; `then` runs only where it agreed. Gives the reason of a refusal, else nothing.
async function act(method, path, body, then) {
  try { const told = await call(method, `${API}${path}`, body); await then?.(told); await load(); return null; } catch (fault) {
    const reason = refusalWords(fault.told) ?? fault.message;
    toast(reason, "hot");
    return reason;
  }
}

function draw() {
  speakChosen();
  document.title = t("plan");
  const views = { tasks, limits, versions, ...Object.fromEntries(["openings", "components", "crews", "equipment", "materials"].map((name) => [name, () => register(name)])) };
  page.replaceChildren(h("div.desk", head(), faultList(), h("nav.tabs", TABS.map((key) => h(`button.tab${state.tab === key ? ".on" : ""}`, { type: "button", "data-tab": key, onclick: () => { Object.assign(state, { tab: key, open: null }); draw(); } }, t(`ptab_${key}`)))), views[state.tab]()));
}

function head() {
  const plan = state.told.plan;
  return h("header.deskhead", h("div", h("h1", language.at === 0 ? plan.title_zh : plan.title_en), h("p.soft", isDraft() ? (state.told.revision ? `${t("draft")} r${state.told.revision} · v${state.told.base_number}` : t("no_draft")) : `v${state.told.number} · ${state.told.sha256.slice(0, 12)} · ${state.told.published_by}`)),
    h("div.row", h("select", { "aria-label": t("version"), "data-version": "1", onchange: (event) => { state.shown = event.target.value; state.open = null; load(); } },
      h("option", { value: "draft", selected: isDraft() }, t("draft")), state.versions.map((v) => h("option", { value: v.id, selected: v.id === state.shown }, `${t("version")} ${v.number} · ${v.published_at.slice(0, 10)}`))),
      h("button.plain", { type: "button", "data-act": "download", onclick: download }, t("download")),
      mayEdit() ? h("label.plain.linkbutton", t("upload"), h("input.hidden", { type: "file", accept: ".yaml,.yml", "data-upload": "1", "aria-label": t("upload"), onchange: upload })) : null,
      h("a.plain.linkbutton", { href: "/drill/command" }, t("command")),
      deskTools(draw)));
}

async function download() {
  const source = isDraft() ? (await call("GET", `${API}/${planId()}/draft`)).source : await (await fetch(`${API}/versions/${state.shown}.yaml`)).text();
  const link = h("a", { href: URL.createObjectURL(new Blob([source], { type: "application/yaml" })), download: `${planId()}-${isDraft() ? "draft" : `v${state.told.number}`}.yaml` });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function upload(event) {
  const [file] = event.target.files;
  if (!file) return;
  const standing = await call("GET", `${API}/${planId()}/draft`);
  await act("PUT", `/${planId()}/draft`, { source: await file.text(), revision: standing.revision }, () => { state.shown = "draft"; toast(t("saved")); });
}

function faultList() {
  if (!state.told.faults.length) return h("p.faults.none", { "data-faults": "0" }, t("no_faults"));
  return h("details.faults", { "data-faults": String(state.told.faults.length), open: isDraft() }, h("summary", `${t("faults")} ${state.told.faults.length}`), h("ul", state.told.faults.map((f) => h("li", h("code", f.fault), " ", faultWords(f), " ", h("span.soft", f.place)))));
}

// How far a figure may be trusted: A is an assumption, M a recollection; both wait for the owner.
export function marks(sources) {
  const flag = (code) => (code === "A" ? h("span.flag.warm", { title: state.told.plan.sources[code] }, `A ${t("assumed")} · ${t("to_confirm")}`) : code === "M" ? h("span.flag.warm", { title: state.told.plan.sources[code] }, `M ${t("recalled")} · ${t("to_confirm")}`) : h("span.flag", { title: state.told.plan.sources[code] ?? "" }, code));
  return sources.map(flag);
}

const tierName = (id) => named(state.told.plan.tiers.find((tier) => tier.id === id) ?? { zh: id });
const taskName = (task) => (language.at === 0 ? task.name_zh : task.name_en);

function tasks() {
  const all = [...state.told.plan.tasks, ...state.told.plan.restore_tasks];
  const wanted = all.filter((task) => (!state.tier || task.tier === state.tier) && `${task.id} ${task.name_zh} ${task.name_en}`.toLowerCase().includes(state.words.toLowerCase()));
  const list = h("div.plantasks", wanted.map(taskLine));
  const words = h("input", { type: "search", value: state.words, placeholder: t("search"), "aria-label": t("search"), onchange: () => { state.words = words.value; draw(); } });
  return h("section", h("div.row.filters", h("select", { "aria-label": t("tiers"), onchange: (event) => { state.tier = event.target.value; draw(); } }, h("option", { value: "" }, `${t("all_tiers")} ${all.length}`), state.told.plan.tiers.map((tier) => h("option", { value: tier.id, selected: tier.id === state.tier }, named(tier)))), words),
    isDraft() && mayEdit() ? h("details", { "data-new-task": "1" }, h("summary", t("add_task")), newTaskForm(state.told.plan, state.told.choices, addTask)) : null, list);
}

async function addTask(id, fields) {
  const reason = await act("POST", `/${planId()}/draft/tasks/${encodeURIComponent(id)}`, { fields, revision: state.told.revision }, () => { Object.assign(state, { open: id, tier: "", words: "" }); toast(t("saved")); });
  if (!reason) document.querySelector(`[data-plan-task="${CSS.escape(id)}"]`)?.scrollIntoView();
  return reason;
}

const removeTask = (id) => act("DELETE", `/${planId()}/draft/tasks/${encodeURIComponent(id)}?revision=${state.told.revision}`, undefined, () => { state.open = null; toast(t("saved")); });
const saveTask = (id, fields) => act("PATCH", `/${planId()}/draft/tasks/${encodeURIComponent(id)}`, { fields, revision: state.told.revision }, () => toast(t("saved")));
const faultCount = (id) => state.told.faults.filter(({ place }) => place === `tasks[${id}]` || place.startsWith(`tasks[${id}].`)).length;

function taskLine(task) {
  const isOpen = state.open === task.id;
  return h("article.plantask", { "data-plan-task": task.id },
    h("button.plantaskhead", { type: "button", "aria-expanded": String(isOpen), onclick: () => { state.open = isOpen ? null : task.id; draw(); } },
      h("code", task.id), h("b", taskName(task)), h("span.soft", `${tierName(task.tier)} · ${task.spread.optimistic_min} / ${task.spread.likely_min} / ${task.spread.pessimistic_min} ${t("minutes")}`),
      h("span.marks", faultCount(task.id) ? h("span.flag.warm", { "data-task-faults": String(faultCount(task.id)) }, `${t("faults")} ${faultCount(task.id)}`) : null, task.hold_point ? h("span.flag.hold", t("hold_point")) : null, task.two_person ? h("span.flag", t("two_person")) : null, marks(task.sources))),
    isOpen ? taskBody(task) : null);
}

function taskBody(task) {
  const line = (label, value) => (value ? [h("dt", label), h("dd", value)] : null);
  const counts = (map) => Object.entries(map).map(([id, n]) => `${id} ${n}`).join(", ");
  const bounds = (v) => [v.least, v.most].some((x) => x !== null) ? ` ${v.least ?? ""}…${v.most ?? ""} ${v.unit}` : "";
  return h("div.plantaskbody",
    h("dl", line(t("duration"), `${task.spread.optimistic_min} / ${task.spread.likely_min} / ${task.spread.pessimistic_min}`), line(t("needs"), task.links.map((l) => `${l.task_id} ${l.kind}${l.lag_min ? ` ${l.lag_min > 0 ? "+" : ""}${l.lag_min}` : ""}`).join(", ")),
      line(t("crew"), [counts(task.crew), counts(task.equipment), counts(task.materials)].filter(Boolean).join(" · ")), line(t("acceptance"), language.at === 0 ? task.acceptance_zh : task.acceptance_en),
      line(t("values"), task.acceptance.map((v) => `${named(v)}${bounds(v)}`).join("; ")), line(t("evidence"), task.evidence.map(evidenceWord).join(", ")), line(t("hazards"), task.hazards.map((id) => named(state.told.plan.hazards.find((row) => row.id === id) ?? { zh: id, en: id })).join(", ")), line(t("effects"), task.effects.map((id) => t(`eff_${id}`)).join(", ")), line(t("by"), `${t(`role_${task.sign_role}`)}${task.hold_role ? ` · ${t("hold_point")} ${t(`role_${task.hold_role}`)}` : ""}`),
      line(t("source"), task.sources.map((code) => `${code}: ${state.told.plan.sources[code] ?? "?"}`).join("; "))),
    isDraft() ? (mayEdit() ? taskForm(task, state.told, (fields) => saveTask(task.id, fields), () => removeTask(task.id)) : h("p.soft", t("cannot_edit")))
      : mayEdit() ? h("button.plain", { type: "button", "data-act": "to-draft", onclick: () => { state.shown = "draft"; load(); } }, t("edit_in_draft")) : null);
}

const register = (name) => registerView(name, { plan: state.told.plan, mayEdit: isDraft() && mayEdit(), open: state.open, marks, draw,
  toggle: (id) => { state.open = state.open === id ? null : id; draw(); },
  save: (id, fields, isNew) => act(isNew ? "POST" : "PATCH", `/${planId()}/draft/${name}/${encodeURIComponent(id)}`, { fields, revision: state.told.revision }, () => { state.open = null; toast(t("saved")); }),
  remove: (id) => act("DELETE", `/${planId()}/draft/${name}/${encodeURIComponent(id)}?revision=${state.told.revision}`, undefined, () => { state.open = null; toast(t("saved")); }) });

function limits() {
  const plan = state.told.plan;
  return h("section", h("div.cards", plan.tiers.map((tier) => h("article.limit", { "data-tier": tier.id }, h("h2", named(tier)), h("output", tier.limit_days === null ? t("no_limit") : t("limit_days").replace("{n}", tier.limit_days)), tier.limit_days === null ? null : h(`span.flag${tier.limit_confirmed ? "" : ".warm"}`, tier.limit_confirmed ? t("sourced") : t("to_confirm")),
    h("p.soft", `${t("source")}: ${tier.limit_source}`), h("p.soft", `${t("calendar_word")}: ${tier.calendar_text}`), h("p.soft", `${t("clock_word")}: ${tier.clock_text}`)))),
  h("h2", t("source")), h("dl.sources", Object.entries(plan.sources).map(([code, text]) => [h("dt", marks([code])), h("dd", text)])));
}

function versions() {
  const note = h("input", { maxLength: 2000, placeholder: t("publish_note"), "aria-label": t("publish_note"), required: true });
  const publish = h("form.row", { "data-form": "publish", onsubmit: async (event) => {
    event.preventDefault();
    const draft = await call("GET", `${API}/${planId()}/draft`);
    await act("POST", `/${planId()}/versions`, { source: draft.source, note: note.value }, (told) => { state.shown = told.id; state.tab = "versions"; toast(`${t("published")} v${told.number}`); });
  } }, note, h("button.big", { type: "submit" }, t("publish")));
  return h("section", mayPublish() && isDraft() && state.told.revision ? publish : null, versionTable(state.versions, API), differences(state, API, draw));
}

await settle();
await load();
