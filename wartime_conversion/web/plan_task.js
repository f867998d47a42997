// Changing one task of the draft, and adding one: only what differs from the file is sent, by the file's own keys.

import { h } from "./dom.js";
import { changedChoices, changedValues, choicesPart, evidenceWord, valuesPart } from "./plan_values.js";
import { faultWords } from "./plan_faults.js";
import { named, t } from "./text.js";

const linkText = (task) => task.links.map((l) => `${l.task_id} ${l.kind} ${l.lag_min}`).join("\n");

// Lines of `task kind lag`; a line the file could not hold goes to the server as it is, which refuses it and says why.
export function linksOf(text) {
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

function changed(task, form) {
  const data = new FormData(form);
  const fields = {};
  for (const key of ["name_zh", "name_en", "acceptance_zh", "acceptance_en", "tier", "zone", "unit", "sign_role"]) if (data.get(key) !== task[key]) fields[key] = data.get(key);
  const minutes = {};
  for (const key of ["optimistic", "likely", "pessimistic"]) if (Number(data.get(key)) !== task.spread[`${key}_min`]) minutes[key] = Number(data.get(key));
  if (Object.keys(minutes).length) fields.duration_min = minutes;
  for (const register of DEMANDS) {
    const wanted = changedDemand(task[register], demandOf(data, register));
    if (Object.keys(wanted).length) fields[register] = wanted;
  }
  if (Number(data.get("qty")) !== task.quantity) fields.qty = Number(data.get("qty"));
  for (const key of ["hold_point", "two_person"]) if ((data.get(key) === "on") !== task[key]) fields[key] = data.get(key) === "on";
  if ((data.get("hold_role") || null) !== task.hold_role) fields.hold_role = data.get("hold_role") || null;
  const drill = { mode: data.get("drill_mode"), minutes: Number(data.get("drill_minutes")) };
  if (drill.mode !== task.drill.mode || drill.minutes !== task.drill.minutes) fields.drill = drill;
  const lists = { acceptance: changedValues(task.acceptance, form), ...Object.fromEntries(["hazards", "evidence", "effects"].map((name) => [name, changedChoices(name, task[name], data)])) };
  for (const [key, list] of Object.entries(lists)) if (list) fields[key] = list;
  if (data.get("links").trim() !== linkText(task)) fields.predecessors = linksOf(data.get("links"));
  const sources = data.get("sources").split(/[,，]/).map((code) => code.trim()).filter(Boolean);
  if (sources.join() !== task.sources.join()) fields.sources = sources;
  return fields;
}

// Crew, equipment and materials of a task: a number each, and a line to add one more.
function demands(task, plan, at) {
  const registers = { crew: plan.crews, equipment: plan.equipment, materials: plan.materials };
  return DEMANDS.map((register) => h("fieldset", { "data-demand": register }, h("legend", t(`dem_${register}`)), at(register), h("div.trio",
    Object.entries(task[register]).map(([id, count]) => h("label", `${id} ${named(registers[register].find((row) => row.id === id) ?? { zh: "" })}`, h("input", { name: `demand~${register}~${id}`, type: "number", min: 0, step: 1, value: count }))),
    h("label", t("add_one"), h("select", { name: `more~${register}` }, h("option", { value: "" }, "—"), registers[register].filter((row) => !(row.id in task[register])).map((row) => h("option", { value: row.id }, `${row.id} ${named(row)}`)))),
    h("label", t("quantity"), h("input", { name: `count~${register}`, type: "number", min: 0, step: 1, placeholder: "0" })))));
}

const select = (name, label, ids, chosen, say) => h("label", label, h("select", { name }, ids.map((id) => h("option", { value: id, selected: id === (chosen ?? "") }, id === "" ? "—" : say(id)))));
const number = (name, value, label) => h("label", label, h("input", { name, type: "number", min: 0, step: 1, value, required: true }));
const nameIn = (rows) => (id) => `${id} ${named(rows.find((row) => row.id === id) ?? { zh: "", en: "" })}`;
const durations = (spread) => [number("optimistic", spread.optimistic_min, t("optimistic")), number("likely", spread.likely_min, t("likely_word")), number("pessimistic", spread.pessimistic_min, t("pessimistic"))];
const role = (id) => t(`role_${id}`);

// A task of conversion keeps to the stages of conversion, one of restoration to its own.
function tiersFor(task, plan) {
  const [own, other] = plan.tasks.some((row) => row.id === task.id) ? [plan.tasks, plan.restore_tasks] : [plan.restore_tasks, plan.tasks];
  return plan.tiers.map((tier) => tier.id).filter((id) => own.some((row) => row.tier === id) || !other.some((row) => row.tier === id));
}

// What the check found in this task, each fault where its field stands.
function faultsAt(task, faults) {
  const own = faults.filter((fault) => fault.place === `tasks[${task.id}]` || fault.place.startsWith(`tasks[${task.id}].`));
  return (...keys) => {
    const here = own.filter((fault) => keys.includes(/^\.(\w+)/.exec(fault.place.slice(`tasks[${task.id}]`.length))?.[1] ?? ""));
    return here.length ? h("ul.faults.at", here.map((fault) => h("li", { "data-fault": fault.fault }, faultWords(fault)))) : null;
  };
}

// A form that says beside itself why the server refused what it sent; `send` gives that reason, or nothing.
function sending(form, send) {
  const refused = h("p.faults", { role: "alert", hidden: true });
  form.append(refused);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = await send();
    Object.assign(refused, { textContent: reason ?? "", hidden: !reason });
  });
  return form;
}

export function taskForm(task, told, save, remove) {
  const { plan, choices } = told;
  const at = faultsAt(task, told.faults);
  const text = (key) => h("label", t(key), h("input", { name: key, value: task[key] }));
  const check = (key, label) => h("label.check", h("input", { type: "checkbox", name: key, checked: task[key] }), label);
  const evidence = [...new Set([...plan.tasks, ...plan.restore_tasks].flatMap((row) => row.evidence))];
  const form = h("form.taskform", { "data-form": "task" }, at(""), text("name_zh"), text("name_en"),
    at("tier", "zone"), h("div.trio", select("tier", t("tiers"), tiersFor(task, plan), task.tier, (id) => named(plan.tiers.find((tier) => tier.id === id))), select("zone", t("zone"), ["", ...plan.zones.map((zone) => zone.id)], task.zone, nameIn(plan.zones)), number("qty", task.quantity, t("quantity")), h("label", t("unit_word"), h("input", { name: "unit", value: task.unit }))),
    at("duration_min"), h("div.trio", durations(task.spread)),
    demands(task, plan, at),
    h("label", t("links"), at("predecessors"), h("textarea", { name: "links", rows: Math.max(2, task.links.length), value: linkText(task) })),
    text("acceptance_zh"), text("acceptance_en"), valuesPart(task.acceptance, choices.kinds, at("acceptance")),
    choicesPart("hazards", plan.hazards.map((row) => row.id), task.hazards, nameIn(plan.hazards), false, at("hazards")),
    choicesPart("evidence", evidence, task.evidence, evidenceWord, true, null),
    choicesPart("effects", choices.effects, task.effects, (id) => t(`eff_${id}`), false, null),
    h("fieldset", h("legend", t("by")), h("div.row", check("hold_point", t("hold_point")), check("two_person", t("two_person"))), h("div.trio", select("sign_role", t("sign_role"), choices.roles, task.sign_role, role), select("hold_role", t("hold_role"), ["", ...choices.roles], task.hold_role, role),
      select("drill_mode", t("drill_mode"), choices.drill_modes, task.drill.mode, (id) => t(`drm_${id}`)), number("drill_minutes", task.drill.minutes, t("drill_minutes")))),
    at("sources"), h("label", t("sources_codes"), h("input", { name: "sources", value: task.sources.join(", ") })),
    h("div.row", h("button.plain.danger", { type: "button", "data-act": "remove-task", onclick: () => { if (confirm(`${t("remove_entry")} ${task.id}?`)) remove(); } }, t("remove_task")), h("button.big", { type: "submit", "data-act": "save-task" }, t("save_draft"))));
  return sending(form, async () => {
    const fields = changed(task, form);
    return Object.keys(fields).length ? save(fields) : null;
  });
}

// The least a task needs; values, hazards and the rest follow in its card.
export function newTaskForm(plan, choices, save) {
  const text = (name, label, more = {}) => h("label", label, h("input", { name, required: true, ...more }));
  const form = h("form.taskform", { "data-form": "new-task" },
    h("div.trio.wide", text("id", t("id_word"), { pattern: "[A-Za-z0-9_.\\-]{1,40}" }), text("name_zh", t("name_zh")), text("name_en", t("name_en")), select("tier", t("tiers"), plan.tiers.map((tier) => tier.id), "", (id) => named(plan.tiers.find((tier) => tier.id === id)))),
    h("div.trio.wide", select("crew", t("dem_crew"), ["", ...plan.crews.map((crew) => crew.id)], "", nameIn(plan.crews)), number("persons", 2, t("persons")), select("sign_role", t("sign_role"), ["", ...choices.roles], "", role)),
    h("div.trio", durations({ optimistic_min: "", likely_min: "", pessimistic_min: "" })),
    h("label", t("links"), h("textarea", { name: "links", rows: 2 })), h("label", t("sources_codes"), h("input", { name: "sources", value: "A" })),
    h("div.row", h("button.big", { type: "submit", "data-act": "add-task" }, t("save_draft"))));
  return sending(form, () => {
    const data = new FormData(form);
    const minutes = (key) => Number(data.get(key));
    return save(data.get("id"), { tier: data.get("tier"), name_zh: data.get("name_zh"), name_en: data.get("name_en"), duration_min: { optimistic: minutes("optimistic"), likely: minutes("likely"), pessimistic: minutes("pessimistic") },
      predecessors: linksOf(data.get("links")), crew: data.get("crew") && Number(data.get("persons")) > 0 ? { [data.get("crew")]: Number(data.get("persons")) } : {}, sign_role: data.get("sign_role") || null, sources: data.get("sources").split(/[,，\s]+/).filter(Boolean) });
  });
}
