// Changing one task of the draft: only what differs from the file is sent, by the file's own keys.

import { h } from "./dom.js";
import { named, t } from "./text.js";

const linkText = (task) => task.links.map((l) => `${l.task_id} ${l.kind} ${l.lag_min}`).join("\n");

// Lines of `task kind lag`; a line the file could not hold goes to the server as it is, which refuses it and says why.
function linksOf(text) {
  return text.split("\n").map((line) => line.trim().split(/\s+/)).filter(([id]) => id).map(([id, type = "FS", lag = "0"]) => ({ id, type, lag_min: Number.isInteger(Number(lag)) ? Number(lag) : lag }));
}

const DEMANDS = ["crew", "equipment", "materials"];

// What a task asks of a register: `demand.crew.ELE` = 3; nought or nothing means not at all.
function demandOf(data, register) {
  const found = {};
  for (const [key, value] of data.entries()) {
    const [kind, name, id] = key.split("~");
    if (kind === "demand" && name === register && Number(value) > 0) found[id] = Number(value);
  }
  const [more, count] = [data.get(`more~${register}`), Number(data.get(`count~${register}`))];
  return more && count > 0 ? { ...found, [more]: count } : found;
}

function changedDemand(before, after) {
  const wanted = {};
  for (const id of Object.keys(before)) if (!(id in after)) wanted[id] = null;
  for (const [id, count] of Object.entries(after)) if (before[id] !== count) wanted[id] = count;
  return wanted;
}

function changed(task, data) {
  const fields = {};
  for (const key of ["name_zh", "name_en", "acceptance_zh", "acceptance_en"]) if (data.get(key) !== task[key]) fields[key] = data.get(key);
  const minutes = {};
  for (const key of ["optimistic", "likely", "pessimistic"]) if (Number(data.get(key)) !== task.spread[`${key}_min`]) minutes[key] = Number(data.get(key));
  if (Object.keys(minutes).length) fields.duration_min = minutes;
  for (const register of DEMANDS) {
    const wanted = changedDemand(task[register], demandOf(data, register));
    if (Object.keys(wanted).length) fields[register] = wanted;
  }
  if (Number(data.get("qty")) !== task.quantity) fields.qty = Number(data.get("qty"));
  for (const key of ["hold_point", "two_person"]) if ((data.get(key) === "on") !== task[key]) fields[key] = data.get(key) === "on";
  if (data.get("links").trim() !== linkText(task)) fields.predecessors = linksOf(data.get("links"));
  const sources = data.get("sources").split(/[,，]/).map((code) => code.trim()).filter(Boolean);
  if (sources.join() !== task.sources.join()) fields.sources = sources;
  return fields;
}

// Crew, equipment and materials of a task: a number each, and a line to add one more.
function demands(task, plan) {
  const registers = { crew: plan.crews, equipment: plan.equipment, materials: plan.materials };
  return DEMANDS.map((register) => h("fieldset", { "data-demand": register }, h("legend", t(`dem_${register}`)), h("div.trio",
    Object.entries(task[register]).map(([id, count]) => h("label", `${id} ${named(registers[register].find((row) => row.id === id) ?? { zh: "" })}`, h("input", { name: `demand~${register}~${id}`, type: "number", min: 0, step: 1, value: count }))),
    h("label", t("add_one"), h("select", { name: `more~${register}` }, h("option", { value: "" }, "—"), registers[register].filter((row) => !(row.id in task[register])).map((row) => h("option", { value: row.id }, `${row.id} ${named(row)}`)))),
    h("label", t("quantity"), h("input", { name: `count~${register}`, type: "number", min: 0, step: 1, placeholder: "0" })))));
}

export function taskForm(task, plan, save) {
  const text = (key) => h("label", t(key), h("input", { name: key, value: task[key] }));
  const number = (name, value, label) => h("label", label, h("input", { name, type: "number", min: 0, step: 1, value, required: true }));
  const check = (key, label) => h("label.check", h("input", { type: "checkbox", name: key, checked: task[key] }), label);
  const form = h("form.taskform", { "data-form": "task", onsubmit: (event) => {
    event.preventDefault();
    const fields = changed(task, new FormData(form));
    if (Object.keys(fields).length) save(fields);
  } }, text("name_zh"), text("name_en"),
  h("div.trio", number("optimistic", task.spread.optimistic_min, t("optimistic")), number("likely", task.spread.likely_min, t("likely_word")), number("pessimistic", task.spread.pessimistic_min, t("pessimistic")), number("qty", task.quantity, `${t("quantity")} ${task.unit}`)),
  demands(task, plan),
  h("label", t("links"), h("textarea", { name: "links", rows: Math.max(2, task.links.length), value: linkText(task) })),
  text("acceptance_zh"), text("acceptance_en"), h("label", t("sources_codes"), h("input", { name: "sources", value: task.sources.join(", ") })),
  h("div.row", check("hold_point", t("hold_point")), check("two_person", t("two_person")), h("button.big", { type: "submit", "data-act": "save-task" }, t("save_draft"))));
  return form;
}
