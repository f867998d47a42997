// Sends what the queue keeps and fetches how the run stands. An entry counts as sent only on 200 or 201;
// anything else stays in sight. A 401 keeps everything and asks for a sign-in.

import * as queue from "./queue.js";

const API = "/api/v1/conversion";
const BATCH = 25;
const WAIT_S = 20;

export const link = { state: "unknown", detail: "", at: null };
const listeners = new Set();
const channel = "BroadcastChannel" in self ? new BroadcastChannel("pingzhan-drill") : null;
if (channel) channel.onmessage = () => tell(false);

export function onChange(listener) { listeners.add(listener); }

function tell(others = true) {
  listeners.forEach((listener) => listener());
  if (others) channel?.postMessage("changed");
}

function setLink(state, detail = "") {
  link.state = state;
  link.detail = detail;
  link.at = Date.now();
}

export class Away extends Error {}
export class SignInWanted extends Error {}

export async function call(method, path, body, headers = {}) {
  let reply;
  try {
    reply = await fetch(path, {
      method, headers: body instanceof Blob ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : body instanceof Blob ? body : JSON.stringify(body),
      cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(WAIT_S * 1000),
    });
  } catch (fault) {
    setLink("offline", String(fault.message ?? fault));
    throw new Away(String(fault));
  }
  if (reply.status === 401) { setLink("signin"); throw new SignInWanted("401"); }
  if (reply.status >= 500) { setLink("offline", `HTTP ${reply.status}`); throw new Away(`HTTP ${reply.status}`); }
  setLink("online");
  const told = reply.status === 204 ? null : await reply.json();
  if (!reply.ok) throw Object.assign(new Error(told?.detail ?? `HTTP ${reply.status}`), { status: reply.status, told });
  return told;
}

let running = null;
let again = false;

// One round at a time in this tab; a second tab's round does no harm, the server knows each entry by its id.
export function sync(run, options = {}) {
  if (running) { again = true; return running; }
  running = round(run, options).finally(() => {
    running = null;
    tell();
    if (again) { again = false; sync(run); }
  });
  return running;
}

async function round(run, { retryConflicts = false } = {}) {
  try {
    if (run) {
      await sendAll(run, retryConflicts);
      await learnFates(run);
      await fetchRun(run);
    }
  } catch (fault) {
    if (!(fault instanceof Away) && !(fault instanceof SignInWanted)) setLink("online", fault.message);
  }
}

async function sendAll(run, retryConflicts) {
  for (let turn = 0; turn < 40; turn++) {
    const all = await queue.entries(run);
    const open = all.filter((e) => e.status === "waiting" || (retryConflicts && turn === 0 && e.status === "conflict"));
    if (!open.length) return;
    const batch = open.slice(0, BATCH);
    await sendPhotos(batch);
    const body = {
      device_now: new Date().toISOString(),
      entries: batch.map((e) => ({ words: e.words, proof: e.proof })),
    };
    let fates;
    try {
      fates = await call("POST", `${API}/runs/${run}/entries`, body);
    } catch (fault) {
      if (fault.status) await Promise.all(batch.map((e) => queue.mark(e.id, { status: "conflict", reason: fault.message })));
      throw fault;
    }
    const moved = await applyFates(all, batch, fates);
    tell();
    if (!moved) return;
  }
}

async function applyFates(all, batch, fates) {
  let moved = false;
  for (const fate of fates) {
    if (fate.status === 200 || fate.status === 201) {
      await queue.mark(fate.id, { status: "sent", outcome: fate.outcome, reason: fate.reason, facts: fate.facts, sent_at: Date.now() });
      moved = true;
    } else if (fate.status === 425 && fate.reason === "sequence_gap") {
      // The server lost what it had (a restored backup): say the earlier words again, they are still here.
      const lost = all.filter((e) => e.sequence >= fate.facts.expected && e.status === "sent");
      for (const entry of lost) { await queue.mark(entry.id, { status: "waiting" }); moved = true; }
    } else if (fate.status === 409) {
      await queue.mark(fate.id, { status: "conflict", reason: fate.reason, facts: fate.facts });
    }
  }
  return moved;
}

async function sendPhotos(batch) {
  for (const sha256 of new Set(batch.flatMap((e) => e.photos ?? []))) {
    const photo = await queue.readPhoto(sha256);
    if (!photo || photo.is_sent) continue;
    await call("PUT", `${API}/photos/${sha256}`, photo.blob, { "Content-Type": photo.blob.type });
    await queue.keepPhoto({ ...photo, is_sent: true });
  }
}

async function learnFates(run) {
  const mine = (await queue.entries(run)).filter((e) => e.status === "sent" && e.outcome === "pending");
  if (!mine.length) return;
  const told = await call("GET", `${API}/runs/${run}/entries?device=${await queue.device()}`);
  const byId = new Map(told.map((row) => [row.id, row]));
  for (const entry of mine) {
    const row = byId.get(entry.id);
    if (row && row.outcome !== "pending") {
      await queue.mark(entry.id, { outcome: row.outcome, reason: row.reason, facts: row.facts });
    }
  }
}

export async function fetchRun(run) {
  const began = Date.now();
  const asked = performance.now();
  const told = await call("GET", `${API}/runs/${run}`);
  const travel_ms = performance.now() - asked;
  await queue.keepPackage(run, { ...told, fetched_at: began, skew_ms: Date.parse(told.clocks.now) + travel_ms / 2 - Date.now() });
}

export async function fetchRuns() {
  const runs = await call("GET", `${API}/runs`);
  await queue.setMeta("runs", runs);
  return runs;
}

export async function fetchMe() {
  const me = await call("GET", "/api/v1/session");
  await queue.setMeta("me", me);
  return me;
}
