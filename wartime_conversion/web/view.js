// Shows the run: banner, clocks, what waits to be sent, and the tasks in chunks by zone.

import { clock, h, hourMinute } from "./dom.js";
import { has, named, t } from "./text.js";

const ORDER = ["holding", "second", "started", "claimed", "ready", "waiting", "done"];

// What the phone has said but the server may not know yet, laid over the task as last fetched.
export function overlay(task, entries, fetched_at = 0) {
  const mine = entries.filter((e) => e.task === task.code && e.status !== "sent" && e.status !== "conflict");
  const pending = entries.filter((e) => e.task === task.code && e.status === "sent" && e.outcome === "pending");
  const newer = entries.filter((e) => e.task === task.code && e.status === "sent" && e.outcome === "accepted" && e.sent_at > fetched_at);
  let state = task.state;
  const has_read = entries.some((e) => e.task === task.code && e.act === "read" && !["refused", "concurrent"].includes(e.outcome) && e.status !== "conflict");
  for (const entry of [...newer, ...pending, ...mine]) state = after(state, entry.act, task);
  return { ...task, state, server_state: task.state, has_read, unsent: mine.length, pending: pending.length };
}

function after(state, act, task) {
  const past = task.is_hold_point ? "holding" : "done";
  if (act === "claim" && state === "ready") return "claimed";
  if (act === "give_up" && state === "claimed") return "ready";
  if (act === "start" && ["ready", "claimed", "waiting"].includes(state)) return "started";
  if (act === "report" && state !== "done") return task.is_two_person ? "second" : past;
  if (act === "second" && state !== "done") return past;
  if (act === "accept") return "done";
  if (act === "send_back") return "started";
  return state;
}

export function banner(run) {
  const kind = run.kind === "drill" ? "drill" : run.purpose === "restoration" ? "restore" : "actual";
  return h(`div.banner.${kind}`, { role: "banner" },
    h("strong", t(`${kind}_banner`)), h("span.code", run.code), run.state !== "running" ? h("em", t("ended")) : null);
}

export function clockFaces(pkg) {
  const run = pkg.run;
  const now_s = (Date.now() + pkg.skew_ms - Date.parse(pkg.clocks.now)) / 1000;
  const since = (face) => face.elapsed_s + (face.is_running ? Math.max(0, now_s) : 0);
  const legal = clock(since(pkg.clocks.legal));
  const faces = [];
  if (pkg.clocks.drill) {
    faces.push(h("div.face", h("small", since(pkg.clocks.drill) < 0 ? t("to_siren") : t("drill_time"), pkg.clocks.drill.is_running || run.state !== "running" ? null : h("b.paused", ` · ${t("paused")}`)), h("output", clock(since(pkg.clocks.drill)))));
  }
  faces.push(h("div.face", h("small", t("legal")), h("output", legal)));
  return faces;
}

export function ageText(pkg) {
  const age_s = Math.max(0, (Date.now() - pkg.fetched_at) / 1000);
  const shown = age_s < 60 ? `${Math.floor(age_s)} s` : age_s < 3600 ? `${Math.floor(age_s / 60)} min` : `${Math.floor(age_s / 3600)} h`;
  return `${t("age")} ${shown}`;
}

export function counts(entries) {
  return {
    waiting: entries.filter((e) => e.status === "waiting").length,
    sent: entries.filter((e) => e.status === "sent").length,
    refused: entries.filter((e) => e.status === "sent" && e.outcome === "refused").length,
    conflict: entries.filter((e) => e.status === "conflict").length,
  };
}

export function syncStrip(link, entries, pkg, onSend) {
  const n = counts(entries);
  const cell = (key, kind) => h(`span.count${n[key] ? `.${kind}` : ""}`, { "data-count": key }, h("b", String(n[key])), ` ${t(`${key}_n`)}`);
  return h("div.strip",
    h(`span.link.${link.state}`, { "data-link": link.state }, t(link.state)),
    h("div.counts", cell("waiting", "warm"), cell("sent", "cool"), cell("refused", "hot"), cell("conflict", "hot")),
    pkg ? h("span.age", ageText(pkg)) : null,
    h("button.send", { onclick: onSend, type: "button" }, t("send_now")));
}

export function taskRow(task, onOpen) {
  const flags = [
    task.is_two_person ? h("span.flag", t("two_person")) : null,
    task.is_hold_point ? h("span.flag.hold", t("hold_point")) : null,
    task.is_sample ? h("span.flag.soft", t(task.drill.mode === "simulate" ? "simulate" : "sample")) : null,
    task.unsent ? h("span.flag.warm", `${t("waiting_n")} ${task.unsent}`) : null,
    task.pending ? h("span.flag.warm", t("outcome_pending")) : null,
  ];
  return h(`button.task.${task.state}`, { type: "button", "data-task": task.code, onclick: () => onOpen(task.code) },
    h("span.dot", { "aria-hidden": "true" }),
    h("span.body", h("span.name", named(task)), h("span.line", h("code", task.code), h("span", t(`state_${task.state}`)), flags)),
    h("span.go", { "aria-hidden": "true" }, task.state === "done" ? "✓" : "›"));
}

export function sorted(tasks) {
  return [...tasks].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.position - b.position);
}

export function todo(tasks, onOpen) {
  const ready = sorted(tasks.filter((task) => !["waiting", "done"].includes(task.state)));
  if (!ready.length) return h("p.empty", t("nothing_ready"));
  return h("div.list", ready.map((task) => taskRow(task, onOpen)));
}

export function byZone(tasks, zones, open, onToggle, onOpen) {
  return h("div.zones", zones.map((zone) => {
    const own = tasks.filter((task) => task.zone === zone.id);
    if (!own.length) return null;
    const done = own.filter((task) => task.state === "done").length;
    const isOpen = open.has(zone.id);
    return h("section.zone", { "data-zone": zone.id },
      h("button.zonehead", { type: "button", "aria-expanded": String(isOpen), onclick: () => onToggle(zone.id) },
        h("code", zone.id), h("span.name", named(zone)),
        h("span.bar", h("i", { style: `width:${(100 * done) / own.length}%` })), h("span.num", `${done}/${own.length}`)),
      isOpen ? h("div.list", own.sort((a, b) => a.position - b.position).map((task) => taskRow(task, onOpen))) : null);
  }));
}

export function reasonText(entry) {
  const key = `r_${entry.reason}`;
  const words = entry.reason ? (has(key) ? t(key) : entry.reason) : "";
  const facts = entry.facts ? Object.values(entry.facts).map(String).join(" · ") : "";
  return [words, facts].filter(Boolean).join("：");
}

export function record(entries, tasks) {
  if (!entries.length) return h("p.empty", t("nothing_said"));
  const byCode = new Map(tasks.map((task) => [task.code, task]));
  return h("ol.record", [...entries].reverse().map((entry) => {
    const fate = entry.status === "waiting" ? "waits_here" : entry.status === "conflict" ? "status_conflict" : `outcome_${entry.outcome}`;
    const kind = entry.status === "sent" ? entry.outcome : entry.status;
    const task = byCode.get(entry.task);
    return h(`li.${kind}`, { "data-entry": entry.id, "data-fate": kind },
      h("div.what", h("b", t(entry.act)), " ", entry.task ? h("code", entry.task) : null, " ", task ? named(task) : ""),
      h("div.fate", t(fate), entry.reason ? h("span", ` — ${reasonText(entry)}`) : null),
      h("div.meta", `#${entry.sequence} · ${hourMinute(entry.made_at)} · ${entry.signer_name ?? ""}`, entry.via === "paper" ? h("span.flag", t("on_paper")) : null, entry.photos?.length ? ` · ${entry.photos.length} ${t("photos_n")}` : ""));
  }));
}
