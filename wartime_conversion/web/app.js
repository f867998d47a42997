// The phone page: starts from what this phone keeps, then asks the server.

import { h, toast } from "./dom.js";
import * as queue from "./queue.js";
import { settle, speakChosen, turnLanguage, turnTheme } from "./desk.js";
import { scanCode } from "./scan.js";
import { askSigner } from "./signer.js";
import { sheet } from "./sheet.js";
import * as siren from "./siren.js";
import { call, fetchMe, fetchRuns, link, onChange, SignInWanted, sync } from "./sync.js";
import { named, t } from "./text.js";
import { ageText, banner, byZone, clockFaces, overlay, record, syncStrip, todo } from "./view.js";

const REFRESH_S = 10;
const state = { me: null, runs: [], run: null, pkg: null, entries: [], tab: "todo", crew: "", openZones: new Set(), task: null, mayStay: true, isSound: false };
const page = document.getElementById("page");

async function boot() {
  await settle("dark");
  state.me = (await queue.getMeta("me")) ?? null;
  state.runs = (await queue.getMeta("runs")) ?? [];
  state.run = (await queue.getMeta("run")) ?? null;
  state.crew = (await queue.getMeta("crew")) ?? "";
  await load();
  draw();
  onChange(async () => { await load(); draw(); });
  registerWorker();
  await ask();
  openFromAddress();
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  addEventListener("hashchange", openFromAddress);
  setInterval(() => { if (!document.hidden && !state.task) ask(); }, REFRESH_S * 1000);
  setInterval(drawClock, 500);
  state.mayStay = await queue.askToStay();
}

async function registerWorker() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/drill/sw.js", { scope: "/drill/" });
    await navigator.serviceWorker.ready;
    document.documentElement.dataset.offline = "ready";
  } catch (fault) {
    document.documentElement.dataset.offline = "failed";
    toast(String(fault), "hot");
  }
}

async function load() {
  state.pkg = state.run ? await queue.readPackage(state.run) : null;
  state.entries = state.run ? await queue.entries(state.run) : [];
}

async function ask() {
  try {
    state.me = await fetchMe();
    state.runs = await fetchRuns();
    await chooseRun();
    await sync(state.run);
  } catch (fault) {
    if (fault instanceof SignInWanted) state.me = null;
  }
  await load();
  draw();
}

async function chooseRun() {
  const running = state.runs.filter((run) => run.state === "running");
  const known = state.runs.some((run) => run.id === state.run);
  const unsent = state.entries.some((entry) => entry.status === "waiting");
  if (known && (unsent || running.some((run) => run.id === state.run))) return;
  const first = running.find((run) => run.kind === "actual") ?? running[0];
  if (first) await setRun(first.id);
}

async function setRun(id) {
  state.run = id;
  await queue.setMeta("run", id);
  await load();
}

// A QR code at an opening, a component, a zone or a task leads to /drill/#K3: that zone's chunk opens.
function openFromAddress() {
  const place = decodeURIComponent(location.hash.slice(1));
  if (!place || !state.pkg) return;
  history.replaceState(null, "", location.pathname);
  openPlace(place);
}

function openPlace(place) {
  const { tasks: all, openings, zones, components } = state.pkg;
  const component = components.find((item) => item.id === place);
  const opening = openings.find((item) => item.id === (component?.opening ?? place));
  const task = all.find((item) => item.code === place);
  const zone = zones.find((item) => item.id === (opening?.zone ?? place));
  if (task) state.task = task.code;
  else if (zone) { state.tab = "zones"; state.openZones = new Set([zone.id]); }
  else if (!component) { toast(`${t("unknown_code")} ${place}`, "hot"); return; }
  if (component) toast(`${component.id} ${named(component)} · ${component.stored_at || "—"} · ×${component.quantity}`);
  draw();
  if (zone) document.querySelector(`[data-zone="${zone.id}"]`)?.scrollIntoView();
}

async function scan() {
  const place = await scanCode();
  if (place?.startsWith("bin:")) location.href = `/drill/depot#${place.slice(4)}`;
  else if (place) openPlace(place);
}

const tasks = () => state.pkg.tasks.map((task) => overlay(task, state.entries, state.pkg.fetched_at));

function draw() {
  if (state.task && document.querySelector(`[data-sheet="${state.task}"]`)) return drawStrip();
  const focus = document.activeElement?.dataset?.keep;
  const parts = [head()];
  if (link.state === "signin") parts.push(loginForm());
  if (state.pkg) parts.push(body());
  else if (link.state !== "signin") parts.push(h("p.empty", t("no_run")));
  page.replaceChildren(...parts.flat());
  if (state.task && state.pkg) openSheet();
  if (focus) document.querySelector(`[data-keep="${focus}"]`)?.focus();
  speakChosen();
  return undefined;
}

function head() {
  const parts = [];
  if (state.pkg) parts.push(banner(state.pkg.run));
  parts.push(h("div.top", state.pkg ? h("div.clocks", clockFaces(state.pkg)) : h("strong", t("title")),
    h("div.tools",
      h("button.tool", { type: "button", onclick: turnTheme, "aria-label": t("theme") }, "◐"),
      h("button.tool", { type: "button", onclick: () => turnLanguage(draw) }, t("language")))));
  if (state.pkg) parts.push(h("div.sirenplace", sirenBar()));
  parts.push(strip());
  if (!isSecureContext) parts.push(h("p.notice", { "data-notice": "http" }, t("plain_http"), " ", h("a", { href: "/drill/tls" }, t("plain_http_how"))));
  return parts;
}

const strip = () => syncStrip(link, state.entries, state.pkg, () => sync(state.run, { retryConflicts: true }));
function drawStrip() { document.querySelector(".strip")?.replaceWith(strip()); }
const sirenBar = () => siren.bar(state.pkg, state.isSound, () => { state.isSound = !state.isSound; if (!state.isSound) siren.stop(); draw(); });
function drawClock() {
  if (!state.pkg) return;
  document.querySelector(".sirenplace")?.replaceChildren(...[sirenBar()].filter(Boolean));
  document.querySelector(".clocks")?.replaceChildren(...clockFaces(state.pkg));
  const age = document.querySelector(".age");
  if (age) { age.textContent = ageText(state.pkg); age.classList.toggle("stale", Date.now() - state.pkg.fetched_at > 60000); }
}

function body() {
  const running = state.runs.filter((run) => run.state === "running");
  const mine = state.crew ? tasks().filter((task) => task.crews[state.crew] !== undefined) : tasks();
  const views = {
    todo: () => todo(mine, open),
    zones: () => byZone(mine, state.pkg.zones, state.openZones, toggleZone, open),
    record: () => record(state.entries, state.pkg.tasks),
  };
  const tab = (key, label, n) => h(`button.tab${state.tab === key ? ".on" : ""}`, { type: "button", "data-tab": key, "aria-pressed": String(state.tab === key), onclick: () => { state.tab = key; draw(); } }, label, n === null ? null : h("b", String(n)));
  const ready = mine.filter((task) => !["waiting", "done"].includes(task.state)).length;
  return [
    running.length > 1 ? h("select.runs", { "data-keep": "run", "aria-label": t("choose_run"), onchange: async (event) => { await setRun(event.target.value); await sync(state.run); draw(); } },
      running.map((run) => h("option", { value: run.id, selected: run.id === state.run }, `${run.code} ${run.reason}`))) : null,
    pinCard(),
    h("div.tabs", tab("todo", t("todo"), ready), tab("zones", t("by_zone"), null), tab("record", t("record"), state.entries.length)),
    state.tab === "record" ? null : h("div.filter",
      h("select", { "data-keep": "crew", "aria-label": t("my_crew"), onchange: (event) => { state.crew = event.target.value; queue.setMeta("crew", state.crew); draw(); } },
        h("option", { value: "" }, t("all_crews")), state.pkg.crews.map((crew) => h("option", { value: crew.id, selected: crew.id === state.crew }, named(crew)))),
      h("button.plain", { type: "button", "data-act": "scan", onclick: scan }, t("scan")),
      h("button.plain", { type: "button", "data-act": "headcount", onclick: countPeople }, t("headcount"), state.pkg.people_inside === null ? null : h("b", ` ${state.pkg.people_inside}`))),
    h("main", views[state.tab]()),
    h("footer.foot", state.me ? h("span", `${t("signed_as")} ${state.me.name}`) : null, state.mayStay ? null : h("small", t("no_keep")),
      h("nav.links", [["paper", "paper_entry"], ["depot", "depot"], ["command", "command"]].map(([page_, key]) => h("a", { href: `/drill/${page_}` }, t(key))))),
  ].filter(Boolean);
}

function pinCard() {
  const own = state.pkg.signers.find((signer) => signer.id === state.me?.id);
  if (!state.me || own?.has_pin || link.state === "offline") return null;
  const pin = h("input", { type: "password", inputMode: "numeric", autocomplete: "new-password", pattern: "[0-9]{4,8}", minLength: 4, maxLength: 8, required: true, "data-keep": "pin", name: "pin" });
  const crew = h("select", { name: "crew", "aria-label": t("my_crew") }, h("option", { value: "" }, t("my_crew")), state.pkg.crews.map((c) => h("option", { value: c.id }, named(c))));
  return h("form.card", { "data-form": "pin", onsubmit: async (event) => {
    event.preventDefault();
    await call("PUT", "/api/v1/conversion/members/me", { pin: pin.value, crew: crew.value || null });
    await ask();
  } }, h("b", t("set_pin")), h("small", t("set_pin_why")), pin, crew, h("button.big", { type: "submit" }, t("save")));
}

function loginForm() {
  const name = h("input", { name: "login", autocomplete: "username", required: true, placeholder: t("login_name"), "data-keep": "login" });
  const word = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true, placeholder: t("password") });
  return h("form.card", { "data-form": "login", onsubmit: async (event) => {
    event.preventDefault();
    try {
      await call("POST", "/api/v1/session", { login: name.value, password: word.value });
      await ask();
    } catch { toast(t("login_failed"), "hot"); }
  } }, h("b", t(state.entries.length ? "signin" : "login")), name, word, h("button.big", { type: "submit" }, t("login")));
}

function open(code) { state.task = code; openSheet(); }
function openSheet() {
  const task = tasks().find((item) => item.code === state.task);
  if (!task) { state.task = null; return; }
  document.querySelector(".sheet")?.remove();
  const close = () => { state.task = null; document.querySelector(".sheet")?.remove(); document.body.classList.remove("covered"); draw(); };
  document.body.append(sheet(task, state.pkg, state.me, close, async (isMore) => { if (!isMore) close(); await load(); draw(); sync(state.run); }));
  document.body.classList.add("covered");
}

async function countPeople() {
  const said = prompt(t("headcount"), "0");
  if (said === null || !/^\d+$/.test(said)) return;
  const who = await askSigner(state.pkg, state.me, "", "headcount", null);
  if (!who) return;
  await queue.keep({ run: state.run, act: "headcount", signer: who.signer.id, signer_name: who.signer.name, values: { people: Number(said) } }, who.key);
  await load(); draw(); sync(state.run);
}

function toggleZone(id) { if (!state.openZones.delete(id)) state.openZones.add(id); draw(); }
boot();
