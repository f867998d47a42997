// Changing one task of the draft: only what differs from the file is sent, by the file's own keys.

import { h } from "./dom.js";
import { t } from "./text.js";

const linkText = (task) => task.links.map((l) => `${l.task_id} ${l.kind} ${l.lag_min}`).join("\n");

// Lines of `task kind lag`; a line the file could not hold goes to the server as it is, which refuses it and says why.
function linksOf(text) {
  return text.split("\n").map((line) => line.trim().split(/\s+/)).filter(([id]) => id).map(([id, type = "FS", lag = "0"]) => ({ id, type, lag_min: Number.isInteger(Number(lag)) ? Number(lag) : lag }));
}

function changed(task, data) {
  const fields = {};
  for (const key of ["name_zh", "name_en", "acceptance_zh", "acceptance_en"]) if (data.get(key) !== task[key]) fields[key] = data.get(key);
  const minutes = {};
  for (const key of ["optimistic", "likely", "pessimistic"]) if (Number(data.get(key)) !== task.spread[`${key}_min`]) minutes[key] = Number(data.get(key));
  if (Object.keys(minutes).length) fields.duration_min = minutes;
  const crew = {};
  for (const [id, count] of Object.entries(task.crew)) if (Number(data.get(`crew.${id}`)) !== count) crew[id] = Number(data.get(`crew.${id}`));
  if (Object.keys(crew).length) fields.crew = crew;
  if (Number(data.get("qty")) !== task.quantity) fields.qty = Number(data.get("qty"));
  for (const key of ["hold_point", "two_person"]) if ((data.get(key) === "on") !== task[key]) fields[key] = data.get(key) === "on";
  if (data.get("links").trim() !== linkText(task)) fields.predecessors = linksOf(data.get("links"));
  const sources = data.get("sources").split(/[,，]/).map((code) => code.trim()).filter(Boolean);
  if (sources.join() !== task.sources.join()) fields.sources = sources;
  return fields;
}

export function taskForm(task, save) {
  const text = (key) => h("label", t(key), h("input", { name: key, value: task[key] }));
  const number = (name, value, label) => h("label", label, h("input", { name, type: "number", min: 0, step: 1, value, required: true }));
  const check = (key, label) => h("label.check", h("input", { type: "checkbox", name: key, checked: task[key] }), label);
  const form = h("form.taskform", { "data-form": "task", onsubmit: (event) => {
    event.preventDefault();
    const fields = changed(task, new FormData(form));
    if (Object.keys(fields).length) save(fields);
  } }, text("name_zh"), text("name_en"),
  h("div.trio", number("optimistic", task.spread.optimistic_min, t("optimistic")), number("likely", task.spread.likely_min, t("likely_word")), number("pessimistic", task.spread.pessimistic_min, t("pessimistic")), number("qty", task.quantity, `${t("quantity")} ${task.unit}`), Object.entries(task.crew).map(([id, n]) => number(`crew.${id}`, n, `${t("crew")} ${id}`))),
  h("label", t("links"), h("textarea", { name: "links", rows: Math.max(2, task.links.length), value: linkText(task) })),
  text("acceptance_zh"), text("acceptance_en"), h("label", t("sources_codes"), h("input", { name: "sources", value: task.sources.join(", ") })),
  h("div.row", check("hold_point", t("hold_point")), check("two_person", t("two_person")), h("button.big", { type: "submit", "data-act": "save-task" }, t("save_draft"))));
  return form;
}
