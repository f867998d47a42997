// The roster: who is in which crew, who leads it, and whose training still counts.

import { deskTools, settle, speakChosen } from "./desk.js";
import { h, toast } from "./dom.js";
import { WORDS } from "./plan_text.js";
import { call, SignInWanted } from "./sync.js";
import { language, learn, named, t } from "./text.js";

learn(WORDS);
const API = "/api/v1/conversion";
const page = document.getElementById("page");
const state = { members: [], ready: null, me: null };

async function load() {
  try {
    [state.me, state.members, state.ready] = await Promise.all([call("GET", "/api/v1/session"), call("GET", `${API}/members`), call("GET", `${API}/readiness`)]);
  } catch (fault) {
    page.replaceChildren(h("div.card", h("p", fault instanceof SignInWanted ? t("signin") : fault.message), h("a", { href: "/drill/" }, t("login"))));
    return;
  }
  draw();
}

async function act(method, path, body) {
  try { await call(method, `${API}${path}`, body); toast(t("kept")); } catch (fault) { toast(fault.told?.detail ?? fault.message, "hot"); }
  await load();
}

function draw() {
  speakChosen();
  document.title = t("roster");
  const mayPlace = state.me.roles.some((role) => ["commander", "manager"].includes(role));
  page.replaceChildren(h("div.desk", h("header.deskhead", h("div", h("h1", t("roster")), h("p.soft", t("roster_how"))), h("div.row", h("a.plain.linkbutton", { href: "/drill/command" }, t("command")), h("a.plain.linkbutton", { href: "/drill/readiness" }, t("readiness")),
    deskTools(draw))),
  h("section.cards", state.members.map((member) => card(member, mayPlace)))));
}

function card(member, mayPlace) {
  const trained = state.ready.training.filter((row) => row.person_id === member.id);
  return h("article.limit", { "data-member": member.name }, h("h2", member.name), h("p.soft", member.has_pin ? t("has_pin") : t("no_pin")),
    mayPlace ? placeForm(member) : h("p", member.crew ?? t("no_crew"), member.is_leader ? ` · ${t("is_leader")}` : ""),
    trained.map((row) => h("p", { "data-training": row.subject }, row.subject, h("small.soft", ` ${t("trained_until")} ${row.valid_until}`))),
    mayPlace ? h("details", h("summary", t("add_training")), trainingForm(member)) : null);
}

function placeForm(member) {
  const form = h("form.taskform", { onsubmit: (event) => {
    event.preventDefault();
    const data = new FormData(form);
    document.activeElement?.blur();
    act("PUT", `/members/${member.id}`, { crew: data.get("crew") || null, phone: data.get("phone") || null, is_leader: data.get("leader") === "on" });
  } }, h("label", t("crew"), h("select", { name: "crew" }, h("option", { value: "" }, t("no_crew")), state.ready.crews.map((crew) => h("option", { value: crew.id, selected: crew.id === member.crew }, named(crew))))),
  h("label", t("telephone"), h("input", { name: "phone", type: "tel", maxLength: 40, value: member.phone ?? "" })),
  h("div.row", h("label.check", h("input", { type: "checkbox", name: "leader", checked: member.is_leader }), t("is_leader")), h("button.plain", { type: "submit", "data-act": "place" }, t("save"))));
  return form;
}

function trainingForm(member) {
  const form = h("form.taskform", { onsubmit: (event) => {
    event.preventDefault();
    const data = new FormData(form);
    document.activeElement?.blur();
    act("POST", "/readiness/training", { person: member.id, subject: data.get("subject"), trained_on: data.get("on"), valid_until: data.get("until") });
  } }, h("label", t("course"), h("input", { name: "subject", required: true })), h("label", t("trained_on"), h("input", { name: "on", type: "date", required: true })), h("label", t("trained_until"), h("input", { name: "until", type: "date", required: true })), h("button.plain", { type: "submit", "data-act": "train" }, t("save")));
  return form;
}

await settle();
await load();
