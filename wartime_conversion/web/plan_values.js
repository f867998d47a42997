// Parts of a task's form that repeat: values to enter with their bounds, and choices from what the plan knows. Each part
// reads itself back in the file's own keys; what the file leaves out is left out.

import { h } from "./dom.js";
import { has, t } from "./text.js";

const BOUNDED = ["number", "count"];
const bound = (x) => (x === "" || x === null || x === undefined ? null : Number(x));

function entryOf({ id, zh, en, kind, unit, least, most, source }) {
  const bounds = BOUNDED.includes(kind) ? { least: bound(least), most: bound(most) } : {};
  return Object.fromEntries(Object.entries({ id, zh, en, kind, unit, ...bounds, source }).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

export function valuesPart(values, kinds, fault) {
  const rows = h("div.valuerows", values.map((value) => valueRow(value, kinds)));
  const add = h("button.plain", { type: "button", "data-act": "add-value", onclick: () => { const row = valueRow({ kind: "number" }, kinds); rows.append(row); row.querySelector("input").focus(); } }, t("add_value"));
  return h("fieldset", { "data-part": "values" }, h("legend", t("values")), fault, rows, h("div.row", add));
}

function valueRow(value, kinds) {
  const field = (key, more = {}) => h("label", t(`val_${key}`), h("input", { "data-key": key, value: value[key] ?? "", ...more }));
  const bounds = ["least", "most"].map((key) => field(key, { type: "number", step: "any" }));
  const kind = h("select", { "data-key": "kind", onchange: () => follow() }, kinds.map((id) => h("option", { value: id, selected: id === value.kind }, t(`kind_${id}`))));
  const follow = () => bounds.forEach((label) => { label.hidden = !BOUNDED.includes(kind.value); });
  follow();
  const row = h("div.valuerow", { "data-value": value.id ?? "new" }, field("id", { required: true, pattern: "[^\\s:]{1,40}" }), field("zh", { required: true }), field("en", { required: true }), h("label", t("val_kind"), kind), field("unit"), bounds, field("source"),
    h("button.plain.danger", { type: "button", "data-act": "drop-value", onclick: () => row.remove() }, t("remove_entry")));
  return row;
}

// The list to send, or undefined where the rows say what the file says.
export function changedValues(values, form) {
  const now = [...form.querySelectorAll(".valuerow")].map((row) => entryOf(Object.fromEntries([...row.querySelectorAll("[data-key]")].map((input) => [input.dataset.key, input.value.trim()]))));
  return JSON.stringify(now) === JSON.stringify(values.map(entryOf)) ? undefined : now;
}

export function choicesPart(name, offered, chosen, say, more, fault) {
  const ids = [...offered, ...chosen.filter((id) => !offered.includes(id))];
  return h("fieldset", { "data-part": name }, h("legend", t(name)), fault, h("div.choices", ids.map((id) => h("label.check", h("input", { type: "checkbox", name, value: id, checked: chosen.includes(id) }), say(id)))),
    more ? h("label", t("another"), h("input", { name: `${name}~more`, pattern: "[^\\s:]{0,40}" })) : null);
}

// What stood stays in its order, what is new comes behind.
export function changedChoices(name, before, data) {
  const picked = [...data.getAll(name), data.get(`${name}~more`)].filter(Boolean);
  const now = [...before.filter((id) => picked.includes(id)), ...picked.filter((id) => !before.includes(id))];
  return now.join() === before.join() ? undefined : now;
}

export const evidenceWord = (id) => (has(`evd_${id}`) ? t(`evd_${id}`) : id);
