// Siren signals and timetables, played as a timer: what sounds now is worked out from exact edges and the moment
// it began, never counted along, so a sleeping tab wakes up right.

import { clock, h } from "./dom.js";
import { named, t } from "./text.js";

const TONE_HZ = 440;
const state = { playing: null, began: 0, audio: null, tone: null, gain: null };

export function isOn(edges, at_s) {
  let on = false;
  for (const [edge_s, value] of edges) { if (edge_s > at_s) break; on = value; }
  return on;
}

function sound(on) {
  if (!state.audio) return;
  state.gain.gain.setTargetAtTime(on ? 0.2 : 0, state.audio.currentTime, 0.01);
}

export function play(what, began = Date.now(), withSound = true) {
  stop();
  state.playing = what;
  state.began = began;
  if (withSound && "AudioContext" in window) {
    state.audio = new AudioContext();
    state.tone = new OscillatorNode(state.audio, { type: "sawtooth", frequency: TONE_HZ });
    state.gain = new GainNode(state.audio, { gain: 0 });
    state.tone.connect(state.gain).connect(state.audio.destination);
    state.tone.start();
  }
}

export function stop() {
  state.audio?.close();
  Object.assign(state, { playing: null, audio: null, tone: null, gain: null });
}

// The part of the screen that moves; called several times a second.
export function face() {
  if (!state.playing) return h("div.sirenface", h("output", "--:--"), h("span.soft", t("siren_idle")));
  const at_s = (Date.now() - state.began) / 1000;
  const what = state.playing;
  if (at_s >= what.total_s) { stop(); return face(); }
  const on = isOn(what.edges, at_s);
  sound(on);
  const next = what.edges.find(([edge_s]) => edge_s > at_s);
  const to_next = Math.ceil((next ? next[0] : what.total_s) - at_s);
  return h(`div.sirenface${on ? ".on" : ""}`, { "data-siren": on ? "on" : "off" },
    h("output", clock(at_s).slice(3)), h("span", on ? t("siren_on") : t("siren_off"), ` · ${to_next} s`), h("small", `${named(what)} / ${clock(what.total_s).slice(3)}`));
}

export function picker(sirens, redraw) {
  const all = [...sirens.signals.map((s) => ({ ...s, en: s.id })), ...sirens.timetables.map((x) => ({ ...x, zh: `时间表 ${x.start_local}`, en: `timetable ${x.start_local}` }))];
  return h("div.row", all.map((what) => h("button.plain", { type: "button", "data-signal": what.id, onclick: () => { play(what); redraw(); } }, named(what))),
    h("button.plain", { type: "button", onclick: () => { stop(); redraw(); } }, t("stop")));
}

// A bar of the pattern itself, to scale.
export function strip(what) {
  const parts = [];
  for (let i = 0; i < what.edges.length; i += 2) {
    const [from, until] = [what.edges[i][0], what.edges[i + 1]?.[0] ?? what.total_s];
    parts.push(h("i", { style: `left:${(100 * from) / what.total_s}%;width:${(100 * (until - from)) / what.total_s}%` }));
  }
  return h("div.pattern", { title: named(what) }, parts);
}
