// Challenge and response: one person reads each point aloud, the one at the door answers. On two phones each keeps and
// signs its own half, and the server puts them together; on one phone the two take turns and sign one after the other.

import { h } from "./dom.js";
import { named, t } from "./text.js";

export function challenges(task, pkg) {
  const openings = pkg.openings.filter((opening) => task.openings.includes(opening.id));
  const asked = openings.flatMap((o) => {
    const name = `${o.id} ${named(o)}`;
    return [`${name}：${t("ask_clear")}`, `${name}：${t("ask_state")}`];
  });
  if (task.is_hold_point) asked.push(`${task.code}：${t("ask_accept")}`);
  return asked;
}

const MODES = ["doer", "reader", "both"];

// One point after another. `draft` keeps {voice, answers, heard, has_read}; `save` keeps it and draws again.
export function voices(asked, draft, save) {
  if (!asked.length) return null;
  const chooser = h("div.voices", MODES.map((mode) => h(`button.voice${draft.voice === mode ? ".on" : ""}`, { type: "button", "data-voice": mode, "aria-pressed": String(draft.voice === mode), onclick: () => { Object.assign(draft, { voice: mode, answers: [], heard: [], failed: null }); save(); } },
    h("b", t(`voice_${mode}`)), h("small", t(`voice_${mode}_how`)))));
  return h("div.challenge", h("b", t("challenge")), chooser, draft.voice ? points(asked, draft, save) : h("p.soft", t("voice_choose")));
}

function points(asked, draft, save) {
  const at = asked.findIndex((_, i) => !draft.answers[i]);
  const passed = asked.slice(0, at < 0 ? asked.length : at).map((question, i) => h("p.passed", { "data-passed": String(i) }, h("span", question), h("b", `✓ ${t("answered")}`)));
  if (at < 0) return h("div.points", passed, h("p.metline", { "data-points": "done" }, t("all_answered")));
  const yes = () => { draft.answers[at] = true; draft.failed = null; save(); };
  const no = () => { draft.failed = at; save(); };
  const isHeard = draft.voice !== "both" || draft.heard[at];
  return h("div.points", passed, h("div.point", { "data-point": String(at) }, h("small", `${at + 1} / ${asked.length}`), h("strong", asked[at]),
    draft.voice === "both" ? h("button.plain", { type: "button", "data-read": String(at), disabled: Boolean(draft.heard[at]), onclick: () => { draft.heard[at] = true; save(); } }, draft.heard[at] ? `✓ ${t("was_read")}` : t("i_read")) : null,
    h("div.row", h("button.plain.danger", { type: "button", "data-no": String(at), onclick: no }, t("answer_no")),
      h("button.big", { type: "button", "data-answer": String(at), disabled: !isHeard, onclick: yes }, t(draft.voice === "reader" ? "heard_yes" : "answer_yes"))),
    draft.failed === at ? h("p.hot", { "data-failed": String(at) }, t("answer_stop")) : null));
}

// The plain list for acceptance and for samples, where a second person signs anyway.
export function ticks(asked, draft, save) {
  if (!asked.length) return null;
  return h("div.challenge", h("b", t("challenge")), asked.map((question, i) =>
    h(`button.answer${draft.answers[i] ? ".met" : ""}`, { type: "button", "data-answer": String(i), onclick: () => { draft.answers[i] = !draft.answers[i]; save(); } },
      h("span", question), h("b", draft.answers[i] ? `✓ ${t("answered")}` : "○"))));
}
