// Registers of the plan on a screen: openings, components, crews, equipment, materials. Fields go by the file's own keys,
// and only what differs from the file is sent.

import { h } from "./dom.js";
import { has, language, named, t } from "./text.js";

// key: the file's; from: the value's name where it differs; kind: how it is entered.
const ID_LIST = "list", WHOLE = "number", CHOICE = "choice", DAY = "date";
const NAMES = [{ key: "zh", label: "name_zh", isWanted: true }, { key: "en", label: "name_en", isWanted: true }];
const FIELDS = {
  openings: [...NAMES, { key: "size_m", label: "size", isWanted: true }, { key: "peacetime", isWanted: true, zh: "peacetime_zh" }, { key: "wartime", isWanted: true, zh: "wartime_zh" }, { key: "peacetime_zh", isHidden: true }, { key: "wartime_zh", isHidden: true }, { key: "measure", say: (v) => (has(`measure_${v}`) ? t(`measure_${v}`) : v) }, { key: "zone", kind: CHOICE, of: (plan) => ["", ...plan.zones.map((z) => z.id)] }, { key: "closed_by", kind: ID_LIST }, { key: "reopened_by", kind: ID_LIST }],
  components: [...NAMES, { key: "opening", from: "opening_id", kind: CHOICE, of: (plan) => plan.openings.map((o) => o.id) }, { key: "kind", isWanted: true, say: (v, plan) => named(plan.materials.find((m) => m.id === v) ?? { zh: v, en: v }) }, { key: "quantity", kind: WHOLE, least: 1 }, { key: "stored_at", say: (v, plan) => named(plan.zones.find((z) => z.id === v) ?? { zh: v, en: v }) }, { key: "condition", kind: CHOICE, of: () => ["unknown", "good", "worn", "damaged", "missing"], say: (v) => t(`cond_${v}`) }, { key: "last_fitted", kind: DAY }, { key: "source", isWanted: true }],
  crews: [...NAMES, { key: "capacity_persons", from: "capacity", label: "persons", kind: WHOLE, least: 0 }],
  equipment: [...NAMES, { key: "capacity", label: "pieces", kind: WHOLE, least: 0 }],
  materials: [...NAMES, { key: "unit", label: "unit_word", isWanted: true }],
};

const valueOf = (field, row) => row?.[field.from ?? field.key] ?? null;
const label = (field) => t(field.label ?? field.key) + (field.kind === ID_LIST ? `（${t("comma_between")}）` : "");

function shown(field, row, marks, plan) {
  const value = (language.at === 0 && field.zh && row[field.zh]) || valueOf(field, row);
  if (field.key === "source") return marks([value]);
  if (field.kind === ID_LIST) return value.join(", ");
  if (value === null || value === "") return "—";
  return field.say ? field.say(value, plan) : String(value);
}

export function registerView(name, { plan, mayEdit, open, marks, toggle, save, remove }) {
  const fields = FIELDS[name];
  const columns = fields.filter((field) => !["zh", "en"].includes(field.key) && !field.isHidden);
  const rows = plan[name].flatMap((row) => [
    h("tr", { [`data-${name.replace(/s$/, "")}`]: row.id }, h("td", h("code", row.id)), h("td", named(row)), columns.map((field) => h("td", shown(field, row, marks, plan))),
      mayEdit ? h("td", h("button.small", { type: "button", "data-edit": row.id, "aria-expanded": String(open === row.id), onclick: () => toggle(row.id) }, t("edit"))) : null),
    mayEdit && open === row.id ? h("tr.editrow", h("td", { colSpan: columns.length + 3 }, entryForm(name, plan, row, save, remove))) : null,
  ]);
  return h("section", h("div.scroll", h("table", h("thead", h("tr", ["", t(`ptab_${name}`), ...columns.map((field) => t(field.label ?? field.key)), ""].map((x) => h("th", x)))), h("tbody", rows))),
    mayEdit ? h("details", { open: open === "new" }, h("summary", t("add_entry")), entryForm(name, plan, null, save, null)) : plan[name].length ? null : h("p.soft", language.at === 0 ? "空" : "empty"));
}

function entryForm(name, plan, row, save, remove) {
  const fields = FIELDS[name];
  const form = h("form.taskform", { "data-form": row ? name : `new-${name}`, onsubmit: (event) => {
    event.preventDefault();
    const data = new FormData(form);
    document.activeElement?.blur();
    const changed = changedFields(fields, row, data);
    if (!row) save(data.get("id"), changed, true);
    else if (Object.keys(changed).length) save(row.id, changed, false);
  } }, h("div.trio", row ? null : h("label", t("id_word"), h("input", { name: "id", required: true, pattern: "[A-Za-z0-9_.-]{1,40}" })), fields.map((field) => h("label", label(field), input(field, plan, row)))),
  h("div.row", row && remove ? h("button.plain.danger", { type: "button", "data-act": "remove-entry", onclick: () => { if (confirm(`${t("remove_entry")} ${row.id}?`)) remove(row.id); } }, t("remove_entry")) : null, h("button.big", { type: "submit", "data-act": "save-entry" }, t("save_draft"))));
  return form;
}

function input(field, plan, row) {
  const value = valueOf(field, row);
  if (field.kind === CHOICE) return h("select", { name: field.key }, field.of(plan).map((id) => h("option", { value: id, selected: id === value }, field.say ? field.say(id) : id || "—")));
  if (field.kind === WHOLE) return h("input", { name: field.key, type: "number", min: field.least, step: 1, required: true, value: value ?? field.least });
  if (field.kind === DAY) return h("input", { name: field.key, type: "date", value: value ?? "" });
  return h("input", { name: field.key, required: Boolean(field.isWanted), value: field.kind === ID_LIST ? (value ?? []).join(", ") : value ?? "" });
}

function changedFields(fields, row, data) {
  const changed = {};
  for (const field of fields) {
    const before = valueOf(field, row);
    let after = data.get(field.key);
    if (field.kind === WHOLE) after = Number(after);
    else if (field.kind === ID_LIST) after = after.split(/[,，\s]+/).filter(Boolean);
    else if (field.kind === DAY) after = after || null;
    const isSame = field.kind === ID_LIST ? row && after.join() === before.join() : (after ?? "") === (before ?? "");
    if (!isSame && (row || (after !== "" && after !== null))) changed[field.key] = after;
  }
  return changed;
}
