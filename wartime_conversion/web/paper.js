// The recorder's desk: what was signed on paper is entered as it stands there, with its own times and a picture of the
// sheet. Whoever enters it is never whoever signed it, and the record says so. Kept in the queue like everything signed.

import { takeIn } from "./camera.js";
import { deskTools, settle, speakChosen } from "./desk.js";
import { h, hourMinute, toast } from "./dom.js";
import * as queue from "./queue.js";
import { scanCode } from "./scan.js";
import { bounds, isMet } from "./sheet.js";
import { fetchMe, fetchRuns, link, onChange, SignInWanted, sync } from "./sync.js";
import { language, learn, named, t, unit } from "./text.js";
import { banner, record, syncStrip } from "./view.js";

learn({
  paper_how: ["照单子上的原样录入。签字人、时刻以单子为准；单子先拍照。补录人不能是签字人。", "Enter what stands on the sheet: who signed and when. Take its picture first. Whoever enters is not whoever signed."],
  paper_not_recorder: ["你不是本次任务的记录员；请指挥员先指派“记录员”。", "You are not this run's recorder; ask the commander to give you that role."],
  paper_task: ["单子上的任务", "Task on the sheet"], sheet_photo: ["单子照片（必拍）", "Picture of the sheet (wanted)"], more_photos: ["现场照片", "Pictures of the work"],
  begun_at: ["开始时刻", "Begun at"], done_at: ["完成时刻", "Done at"], signed_by: ["签认人", "Signed by"], read_by: ["唱票人", "Read by"], second_by: ["第二人", "Second person"], released_by: ["停检点放行人", "Hold point released by"], at_time: ["时刻", "At"],
  sheet_head: ["页脚“记录 #”后的链首（可只抄前 8 位）", "Head printed at the foot (8 digits are enough)"], enter: ["录入这张单子", "Enter this sheet"], entered: ["已录入", "Entered"], entered_list: ["本机补录", "Entered on this device"], recorder_is: ["补录人", "Entered by"],
});

const page = document.getElementById("page");
const state = { me: null, run: null, runs: [], pkg: null, entries: [], task: "", photos: [], isFilled: false };

async function load() {
  try {
    state.me = await fetchMe();
    state.runs = (await fetchRuns()).filter((run) => run.state === "running");
    if (!state.runs.some((run) => run.id === state.run)) state.run = state.runs[0]?.id ?? null;
    if (state.run) await sync(state.run);
  } catch (fault) {
    if (fault instanceof SignInWanted) { page.replaceChildren(h("div.card", h("p", t("signin")), h("a", { href: "/drill/" }, t("login")))); return; }
    state.me ??= await queue.getMeta("me");
    state.run ??= await queue.getMeta("run");
  }
  await refresh();
}

async function refresh() {
  state.pkg = state.run ? await queue.readPackage(state.run) : null;
  state.entries = state.run ? await queue.entries(state.run) : [];
  draw();
}

const isRecorder = () => state.pkg.roles.some((role) => role.role === "recorder" && role.person_id === state.me?.id);
const opens = () => state.pkg.tasks.filter((task) => task.state !== "done");

function draw() {
  speakChosen();
  document.title = t("paper_entry");
  const head = h("header.deskhead", h("div", h("h1", t("paper_entry")), h("p.soft", t("paper_how"))), h("div.row", state.runs.length > 1 ? h("select", { "aria-label": t("choose_run"), onchange: async (event) => { state.run = event.target.value; await load(); } }, state.runs.map((run) => h("option", { value: run.id, selected: run.id === state.run }, run.code))) : null,
    h("a.plain.linkbutton", { href: "/drill/" }, t("title")), h("a.plain.linkbutton", { href: "/drill/command" }, t("command")), deskTools(draw)));
  if (!state.pkg) return page.replaceChildren(h("div.desk", head, h("p.empty", t("no_run"))));
  const mine = state.entries.filter((entry) => entry.via === "paper");
  return page.replaceChildren(banner(state.pkg.run), h("div.desk", head, syncStrip(link, state.entries, state.pkg, () => sync(state.run)),
    isRecorder() ? [chooser(), state.task ? form() : null] : h("p.notice", { "data-notice": "recorder" }, t("paper_not_recorder")),
    mine.length ? h("section", h("h2", t("entered_list")), record(mine, state.pkg.tasks)) : null));
}

function chooser() {
  const scan = async () => { const place = await scanCode(); if (opens().some((task) => task.code === place)) { choose(place); } else if (place) toast(`${t("unknown_code")} ${place}`, "hot"); };
  return h("div.row", h("label.grow", t("paper_task"), h("select", { "data-paper-task": "1", onchange: (event) => choose(event.target.value) }, h("option", { value: "" }, t("choose")), opens().map((task) => h("option", { value: task.code, selected: task.code === state.task }, `${task.code} ${named(task)} · ${t(`state_${task.state}`)}`)))),
    h("button.plain", { type: "button", "data-act": "scan", onclick: scan }, t("scan")));
}

function choose(code) { Object.assign(state, { task: code, photos: [] }); draw(); }

const people = (name, isWanted) => h("select", { name, required: isWanted, "aria-label": name }, h("option", { value: "" }, t("choose")), state.pkg.signers.filter((s) => s.id !== state.me.id).map((s) => h("option", { value: s.id }, s.name)));
const moment = (name, isWanted, value = "") => h("input", { name, type: "datetime-local", required: isWanted, value, max: local(Date.now() + state.pkg.skew_ms) });
const local = (at_ms) => new Date(at_ms + 8 * 3600e3).toISOString().slice(0, 16);
const fromLocal = (text) => new Date(`${text}:00+08:00`).toISOString();

function form() {
  const task = opens().find((item) => item.code === state.task);
  if (!task) return null;
  const shown = h("div.photos");
  const showPhotos = () => shown.replaceChildren(...state.photos.map((name, i) => {
    const image = h("img.thumb", { alt: t(i ? "more_photos" : "sheet_photo") });
    queue.readPhoto(name).then((photo) => { if (photo) image.src = URL.createObjectURL(photo.blob); });
    return image;
  }));
  showPhotos();
  const picture = h("input", { type: "file", accept: "image/*", "data-sheet-photo": "1", onchange: async (event) => { for (const file of event.target.files) state.photos.push(await takeIn(file)); event.target.value = ""; showPhotos(); } });
  const today = local(Date.now() + state.pkg.skew_ms).slice(0, 11);
  const node = h("form.taskform.paperform", { "data-form": "paper", onsubmit: (event) => { event.preventDefault(); enter(task, new FormData(node)); } },
    h("h2", `${task.code} ${named(task)}`), h("p.accept", language.at === 0 ? task.acceptance_zh : task.acceptance_en),
    h("label", t(state.photos.length ? "more_photos" : "sheet_photo"), picture), shown,
    task.wanted.map((want) => h("label", `${named(want)} ${want.kind === "text" || want.kind === "time" ? "" : `（${t("must")} ${bounds(want)}）`} ${unit(want.unit)}`, field(want))),
    h("div.trio", h("label", t("begun_at"), moment("begun_at", false)), h("label", t("done_at"), moment("done_at", true)), h("label", `${t("signed_by")}（${t(`role_${task.sign_role}`)}）`, people("signed_by", true))),
    task.is_read_wanted ? h("div.trio", h("label", t("read_by"), people("read_by", true))) : null,
    task.is_two_person ? h("div.trio", h("label", t("second_by"), people("second_by", false))) : null,
    task.is_hold_point ? h("div.trio", h("label", `${t("released_by")}（${t(`role_${task.hold_role}`)}）`, people("released_by", false)), h("label", t("at_time"), moment("released_at", false))) : null,
    h("label", t("sheet_head"), h("input", { name: "sheet", pattern: "[0-9a-f]{0,64}", autocomplete: "off" })),
    h("label", t("note"), h("input", { name: "note", maxLength: 400 })),
    h("div.row", h("small.soft", `${t("recorder_is")} ${state.me.name} · ${today}`), h("button.big", { type: "submit", "data-act": "enter-paper" }, t("enter"))));
  return node;
}

function field(want) {
  const name = `value.${want.id}`;
  if (want.kind === "confirm") return h("input", { name, type: "checkbox", "data-value": want.id });
  const type = want.kind === "time" ? "time" : want.kind === "text" ? "text" : "number";
  return h("input", { name, type, step: want.kind === "time" ? 1 : "any", required: true, "data-value": want.id });
}

function valuesOf(task, data) {
  return Object.fromEntries(task.wanted.map((want) => {
    const raw = data.get(`value.${want.id}`);
    if (want.kind === "confirm") return [want.id, raw === "on"];
    return [want.id, want.kind === "number" || want.kind === "count" ? Number(raw) : raw];
  }));
}

// One sheet holds several signatures; each becomes a statement of its own, in the order in which they were given.
function statements(task, data) {
  const said = [];
  const add = (act, who, at, more = {}) => { if (who && at) said.push({ act, signer: who, at, ...more }); };
  const done = data.get("done_at");
  if (data.get("begun_at")) add("start", data.get("signed_by"), data.get("begun_at"));
  add("read", data.get("read_by"), done);
  add("report", data.get("signed_by"), done, { values: valuesOf(task, data) });
  add("second", data.get("second_by"), done);
  add("accept", data.get("released_by"), data.get("released_at") || done);
  return said;
}

async function enter(task, data) {
  if (!state.photos.length) { toast(t("sheet_photo"), "hot"); return; }
  const unmet = task.wanted.filter((want) => !isMet(want, valuesOf(task, data)[want.id], task.is_sample));
  if (unmet.length && !confirm(`${t("r_values")}：${unmet.map(named).join("、")}`)) return;
  for (const said of statements(task, data)) {
    const signer = state.pkg.signers.find((row) => row.id === said.signer);
    await queue.keep({ run: state.run, task: task.code, act: said.act, signer: signer.id, signer_name: signer.name, values: said.values ?? {},
      photos: said.act === "report" ? state.photos : state.photos.slice(0, 1), note: data.get("note"), via: "paper", paper: { signed_at: fromLocal(said.at), sheet: data.get("sheet") } }, null);
  }
  toast(`${t("entered")} ${task.code}`);
  Object.assign(state, { task: "", photos: [] });
  await refresh();
  await sync(state.run);
}

onChange(async () => { if (!document.querySelector("[data-form=paper]")) await refresh(); });
await settle();
await load();
