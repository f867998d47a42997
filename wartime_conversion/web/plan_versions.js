// The versions of a plan, and what changed between two of them.

import { h, toast } from "./dom.js";
import { call } from "./sync.js";
import { has, t } from "./text.js";

const say = (kind, name) => (has(`${kind}_${name}`) ? t(`${kind}_${name}`) : name);

export function versionTable(versions, api) {
  return h("div.scroll", h("table", h("thead", h("tr", [t("version"), t("published"), t("published_by"), t("note"), "SHA-256", ""].map((x) => h("th", x)))),
    h("tbody", versions.map((v) => h("tr", { "data-version-row": String(v.number) }, h("td", `v${v.number}`), h("td", v.published_at.slice(0, 16).replace("T", " ")), h("td", v.published_by), h("td", v.note), h("td", h("code", v.sha256.slice(0, 12))), h("td", h("a", { href: `${api}/versions/${v.id}.yaml`, download: `${v.plan_id}-v${v.number}.yaml` }, t("download"))))))));
}

export function differences(state, api, draw) {
  if (state.versions.length < 2) return null;
  state.pair ??= { before: state.versions[1].id, after: state.versions[0].id, found: null };
  const pick = (key) => h("label", t(key), h("select", { "data-pick": key, onchange: (event) => { state.pair[key] = event.target.value; state.pair.found = null; draw(); } }, state.versions.map((v) => h("option", { value: v.id, selected: v.id === state.pair[key] }, `v${v.number} ${v.note}`))));
  const ask = async () => {
    try { state.pair.found = await call("GET", `${api}/differences?before=${state.pair.before}&after=${state.pair.after}`); } catch (fault) { toast(fault.told?.detail ?? fault.message, "hot"); }
    draw();
  };
  return h("section.differences", h("div.row", pick("before"), pick("after"), h("button.plain", { type: "button", "data-act": "compare", onclick: ask }, t("compare"))), found(state.pair.found));
}

function found(rows) {
  if (rows === null) return null;
  if (!rows.length) return h("p.soft", t("no_difference"));
  return h("div.scroll", h("table.diff", h("thead", h("tr", ["", t("only_changed"), t("before"), t("after")].map((x) => h("th", x)))),
    h("tbody", rows.map((d) => h("tr", { "data-difference": `${d.register}/${d.id}/${d.field}` }, h("td", h("code", d.id), h("small.soft", ` ${say("reg", d.register)}`)), h("td", d.field ? say("fld", d.field) : t(d.before === null ? "added" : "removed")), h("td.gone", d.before ?? "—"), h("td.come", d.after ?? "—"))))));
}
