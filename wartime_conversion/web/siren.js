// Siren signals and timetables: what sounds now is worked out from exact edges and the moment it began, never counted
// along, so a sleeping tab wakes up right. The sound is laid out on the audio clock in one go, edge by edge.

import { clock, h } from "./dom.js";
import { language, t } from "./text.js";

const TONE_HZ = 440;
const LOUD = 0.2;
const RAMP_S = 0.01;
const DRIFT_S = 0.2;
const state = { playing: null, began: 0, audio: null, tone: null };

export function isOn(edges, at_s) {
  let on = false;
  for (const [edge_s, value] of edges) { if (edge_s > at_s) break; on = value; }
  return on;
}

export const sirenName = (what) => (language.at === 0 ? what.zh ?? `${t("timetable")} ${what.start_local}` : what.start_local ? `timetable ${what.start_local}` : t(`signal_${what.id}`));

// Every signal and timetable of a plan, by id.
export const known = (sirens) => new Map([...sirens.signals, ...sirens.timetables].map((what) => [what.id, what]));

// Lays a pattern out on an audio context, whose clock reads `zero_s` at the pattern's beginning; works offline as well.
export function arrange(context, what, zero_s) {
  const tone = new OscillatorNode(context, { type: "sawtooth", frequency: TONE_HZ });
  const loudness = new GainNode(context, { gain: 0 });
  const from = context.currentTime;
  let level = from >= zero_s && isOn(what.edges, from - zero_s) ? LOUD : 0;
  loudness.gain.setValueAtTime(level, from);
  const turn = (at_s, next) => {
    loudness.gain.setValueAtTime(level, at_s);
    loudness.gain.linearRampToValueAtTime(next, at_s + RAMP_S);
    level = next;
  };
  for (const [edge_s, on] of what.edges) if (zero_s + edge_s >= from) turn(zero_s + edge_s, on ? LOUD : 0);
  tone.connect(loudness).connect(context.destination);
  tone.start(from);
  tone.stop(zero_s + what.total_s + RAMP_S);
  return tone;
}

function silence() {
  state.tone?.disconnect();
  state.audio?.close();
  Object.assign(state, { audio: null, tone: null });
}

function sound(what, at_s) {
  silence();
  state.audio = new AudioContext();
  state.zero_s = state.audio.currentTime - at_s;
  state.tone = arrange(state.audio, what, state.zero_s);
}

// Plays `what` as if it had begun at `began` (milliseconds of this device's clock).
export function play(what, began = Date.now()) {
  stop();
  Object.assign(state, { playing: what, began });
  if ("AudioContext" in window) sound(what, (Date.now() - began) / 1000);
}

export function stop() {
  silence();
  state.playing = null;
}

export const isPlaying = (id) => state.playing?.id === id;
export const audioState = () => state.audio?.state ?? "none";

// A browser may hold the audio clock (no touch yet, tab asleep); then the sound is laid out anew from where the siren is.
function keepTime(what, at_s) {
  if (!state.audio || state.audio.state !== "running") return;
  if (Math.abs(state.audio.currentTime - state.zero_s - at_s) > DRIFT_S) sound(what, at_s);
}

// The part of the screen that moves; called several times a second.
export function face() {
  if (!state.playing) return h("div.sirenface", h("output", "--:--"), h("span.soft", t("siren_idle")));
  const at_s = (Date.now() - state.began) / 1000;
  const what = state.playing;
  if (at_s >= what.total_s) { stop(); return face(); }
  keepTime(what, at_s);
  return sirenFace(what, at_s);
}

function sirenFace(what, at_s) {
  const on = isOn(what.edges, at_s);
  const next = what.edges.find(([edge_s]) => edge_s > at_s);
  const to_next = Math.ceil((next ? next[0] : what.total_s) - at_s);
  return h(`div.sirenface${on ? ".on" : ""}`, { "data-siren": on ? "on" : "off" },
    h("output", clock(at_s).slice(3)), h("span", on ? t("siren_on") : t("siren_off"), ` · ${to_next} s`), h("small", `${sirenName(what)} / ${clock(what.total_s).slice(3)}`));
}

// What sounds in a run at a moment, or will: the newest sounding that covers it, else the planned one.
export function inRun(siren, now_ms) {
  const all = known(siren);
  const told = [...siren.sounded].reverse().find((row) => all.has(row.what) && now_ms < Date.parse(row.at) + 1000 * all.get(row.what).total_s);
  if (told) return { what: all.get(told.what), at_ms: Date.parse(told.at), is_planned: false };
  const planned = siren.planned;
  if (!planned) return null;
  const what = all.get(planned.what) ?? null;
  const at_ms = Date.parse(planned.at);
  return now_ms < at_ms + 1000 * (what?.total_s ?? 0) ? { what, at_ms, is_planned: true } : null;
}

// The bar on a phone: the countdown to the siren, then what sounds and for how long. `null` where there is nothing to say.
export function bar(pkg, isSound, onSound) {
  if (!pkg.siren || pkg.run.state !== "running") return null;
  const now_ms = Date.now() + pkg.skew_ms;
  const found = inRun(pkg.siren, now_ms);
  if (!found) { if (isSound && onSound) stop(); return null; }
  const at_s = (now_ms - found.at_ms) / 1000;
  const button = onSound === null ? null : h("button.plain", { type: "button", "data-act": "siren-sound", "aria-pressed": String(isSound), onclick: onSound }, t(isSound ? "sound_off" : "sound_on"));
  if (at_s < 0 || !found.what) {
    return h("div.sirenbar", { "data-siren": "soon" }, h("div.sirenface", h("output", clock(at_s)), h("span", t("to_siren")), h("small", found.what ? sirenName(found.what) : "")), button);
  }
  if (isSound && !isPlaying(found.what.id)) play(found.what, found.at_ms - pkg.skew_ms);
  if (isSound) keepTime(found.what, at_s);
  return h("div.sirenbar", sirenFace(found.what, at_s), found.is_planned ? h("small.soft", t("siren_planned")) : null, button);
}

// A bar of the pattern itself, to scale.
export function strip(what) {
  const parts = [];
  for (let i = 0; i < what.edges.length; i += 2) {
    const [from, until] = [what.edges[i][0], what.edges[i + 1]?.[0] ?? what.total_s];
    parts.push(h("i", { style: `left:${(100 * from) / what.total_s}%;width:${(100 * (until - from)) / what.total_s}%` }));
  }
  return h("div.pattern", { title: sirenName(what) }, parts);
}

// The commander's list: hear a pattern here, or say that it sounds now, from which drill time counts.
export function picker(sirens, redraw, onSounded, isDrill) {
  return h("div.sirens", [...sirens.signals, ...sirens.timetables].map((what) => h("div.sirenrow", h("b", sirenName(what)), strip(what),
    h("div.row", h("button.small", { type: "button", "data-signal": what.id, onclick: () => { play(what); redraw(); } }, `▶ ${t("try_siren")}`),
      onSounded ? h("button.small", { type: "button", "data-sound": what.id, onclick: () => onSounded(what) }, t(isDrill ? "sounds_now" : "sounds_only")) : null))),
  h("button.plain", { type: "button", "data-act": "siren-stop", onclick: () => { stop(); redraw(); } }, t("stop")));
}
