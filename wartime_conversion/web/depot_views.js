// The views of the depot's desk.

import { h, toast } from "./dom.js";
import { scanCode } from "./scan.js";
import { language, named, t } from "./text.js";
import { newUuid } from "./words.js";

const table = (heads, rows) => h("div.scroll", h("table", h("thead", h("tr", heads.map((x) => h("th", x)))), h("tbody", rows)));
const categoryName = (state, id) => `${id} ${named(state.catalogue.categories[id] ?? { zh: "", en: "" })}`;
const place = (name) => (name === "quarantine" ? t("quarantine") : name === "outside" ? t("outside") : name);
const moment = (text) => new Date(text).toLocaleString(language.at === 0 ? "zh-CN" : "en-GB", { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
const lotName = (state, id) => { const lot = state.stock.find((x) => x.id === id); return lot ? `${lot.category} ${lot.batch}` : id.slice(0, 8); };

function form(key, send, ...rest) {
  const node = h("form.taskform", { "data-form": key, onsubmit: (event) => { event.preventDefault(); document.activeElement?.blur(); send(new FormData(node)); } }, rest);
  return node;
}
const categories = (state) => h("select", { name: "category", required: true }, Object.values(state.catalogue.categories).map((c) => h("option", { value: c.id }, `${c.id} ${named(c)}`)));
const pallets = (more = {}) => h("input", { name: "pallets", type: "number", min: 1, step: 1, required: true, ...more });

export function stock(state) {
  const shown = state.stock.filter((lot) => lot.pallets);
  const alert = (lot) => (lot.alert_days === null ? "" : h("span.flag.warm", lot.alert_days === 0 ? t("expired") : t("within_days").replace("{n}", lot.alert_days)));
  return h("section", shown.length ? table([t("category"), t("batch"), t("pallets"), t("where"), t("expires_on"), t("alert"), t("state")], shown.map((lot) => h("tr", { "data-lot": lot.batch }, h("td", categoryName(state, lot.category)), h("td", lot.batch), h("td.num", String(lot.pallets)),
    h("td", Object.entries(lot.places).filter(([, n]) => n).map(([name, n]) => `${place(name)} ×${n}`).join("，")), h("td", lot.expires_on ?? "—"), h("td", alert(lot)), h("td", t(`lot_${lot.state}`))))) : h("p.soft", t("no_lots")),
  h("h2", t("ledger_word")), table(["#", t("at"), "", t("batch"), "", t("pallets"), t("person")], state.ledger.map((row, i) => h("tr", h("td", String(row.number ?? state.ledger.length - i)), h("td", moment(row.at)), h("td", t(`move_${row.kind}`)), h("td", lotName(state, row.lot_id)), h("td", `${place(row.source)} → ${place(row.target)}`), h("td.num", String(row.pallets)), h("td", row.person)))));
}

export function receive(state, act, draw) {
  const waiting = state.stock.filter((lot) => lot.state === "quarantine");
  const away = state.stock.filter((lot) => lot.state === "released" && lot.places.quarantine);
  return h("section", state.mayKeep ? receiptForm(state, act) : null,
    waiting.length ? h("h2", `${t("lot_quarantine")} ${waiting.length}`) : null, h("div.cards", waiting.map((lot) => decision(state, lot, act))),
    h("h2", `${t("put_away")} ${away.length}`), away.length ? h("div.cards", away.map((lot) => putAway(state, lot, act, draw))) : h("p.soft", t("no_lots")));
}

function receiptForm(state, act) {
  const forbidden = Object.keys(state.catalogue.forbidden);
  return form("receive", (data) => act("POST", "/lots", { id: newUuid(), category: data.get("category"), batch: data.get("batch"), origin: data.get("origin"), made_on: data.get("made_on") || null, expires_on: data.get("expires_on") || null, pallets: Number(data.get("pallets")), found_at_gate: data.getAll("found") }),
    h("div.trio", h("label", t("category"), categories(state)), h("label", t("batch"), h("input", { name: "batch", required: true, maxLength: 60 })), h("label", t("pallets"), pallets()), h("label", t("origin"), h("input", { name: "origin", maxLength: 120 })), h("label", t("made_on"), h("input", { name: "made_on", type: "date" })), h("label", t("expires_on"), h("input", { name: "expires_on", type: "date" }))),
    h("details", h("summary", t("found")), h("div.row", forbidden.map((id) => h("label.check", h("input", { type: "checkbox", name: "found", value: id }), t(`forb_${id}`))))),
    h("div.row", h("button.big", { type: "submit", "data-act": "receive" }, t("take_in"))));
}

function decision(state, lot, act) {
  const remark = h("input", { placeholder: t("remark"), "aria-label": t("remark") });
  const left = lot.shelf_life_left === null ? "" : ` · ${t("life_left")} ${Math.round(100 * lot.shelf_life_left)} %`;
  const decide = (accept) => { remark.blur(); act("POST", `/lots/${lot.id}/decision`, { accept, remark: remark.value }); };
  return h("article.limit", { "data-decide": lot.batch }, h("h2", `${categoryName(state, lot.category)} ${lot.batch}`), h("p.soft", `${lot.pallets} ${t("pallets")} · ${t("expires_on")} ${lot.expires_on ?? "—"}${left}`), remark,
    state.mayKeep ? h("div.row", h("button.plain", { type: "button", "data-act": "release-lot", onclick: () => decide(true) }, t("release_lot")), h("button.plain.danger", { type: "button", onclick: () => decide(false) }, t("reject_lot"))) : null);
}

function putAway(state, lot, act, draw) {
  const left = lot.places.quarantine;
  const bin = h("input", { name: "bay", required: true, value: state.bin, placeholder: "B1-001", "aria-label": t("bin") });
  const number = pallets({ value: String(left), max: left });
  const told = h("p.soft", { "data-suggested": "" });
  const suggest = async () => {
    const found = await (await fetch(`/api/v1/depot/lots/${lot.id}/suggestion?pallets=${number.value || left}`)).json();
    if (found.places?.length) { bin.value = found.places[0].bay; number.value = found.places[0].pallets; }
    told.dataset.suggested = found.places?.[0]?.bay ?? "";
    told.textContent = [...(found.places ?? []).map((p) => `${p.bay} ×${p.pallets}`), found.unplaced ? `${t("unplaced")} ${found.unplaced}` : ""].filter(Boolean).join("，");
  };
  const scan = async () => { const found = await scanCode(); if (found?.startsWith("bin:")) bin.value = found.slice(4); else if (found) toast(`${t("unknown_code")} ${found}`, "hot"); };
  return h("article.limit", { "data-put-away": lot.batch }, h("h2", `${categoryName(state, lot.category)} ${lot.batch}`), h("p.soft", `${t("quarantine")} ×${left}`),
    state.mayKeep ? form("put-away", (data) => { state.bin = ""; act("POST", "/put-aways", { id: newUuid(), lot: lot.id, bay: data.get("bay"), pallets: Number(data.get("pallets")), released_by: data.get("engineer") || null }); },
      h("div.trio", h("label", t("bin"), bin), h("label", t("pallets"), number)), told, h("label", t("engineer"), h("input", { name: "engineer", maxLength: 60 })),
      h("div.row", h("button.plain", { type: "button", "data-act": "suggest", onclick: suggest }, t("suggest")), h("button.plain", { type: "button", "data-act": "scan", onclick: scan }, t("scan")), h("button.big", { type: "submit", "data-act": "put-away" }, t("put_away")))) : null);
}

export function orders(state, act) {
  return h("section", state.mayKeep ? form("order", (data) => act("POST", "/orders", { id: newUuid(), category: data.get("category"), pallets: Number(data.get("pallets")), destination: data.get("destination") }),
    h("div.trio", h("label", t("category"), categories(state)), h("label", t("pallets"), pallets()), h("label", t("destination"), h("input", { name: "destination", required: true, maxLength: 120 }))), h("div.row", h("button.big", { type: "submit", "data-act": "order-goods" }, t("ask_order")))) : null,
  state.orders.length ? h("div.cards", state.orders.map((order) => orderCard(state, order, act))) : h("p.soft", t("no_orders")));
}

const STEPS = { requested: [["approve", "approve"], ["refuse", "refuse"]], approved: [["pick", "picked"]], picked: [["load", "loaded"]] };

function orderCard(state, order, act) {
  return h("article.limit", { "data-order": order.state }, h("h2", `${categoryName(state, order.category)} ×${order.pallets}`), h("p.soft", `→ ${order.destination} · ${moment(order.requested_at)}`), h("span.flag", t(`order_${order.state}`)),
    order.picks.length ? h("p", `${t("take_from")}：${order.picks.map((row) => `${place(row.place)} ${lotName(state, row.lot_id)} ×${row.pallets}`).join("，")}`) : null,
    state.mayKeep ? h("div.row", (STEPS[order.state] ?? []).map(([step, word]) => h("button.plain", { type: "button", "data-act": `order-${step}`, onclick: () => act("POST", `/orders/${order.id}/${step}`) }, t(word)))) : null);
}

export function counts(state, act) {
  const lots = state.stock.filter((lot) => lot.pallets);
  const bin = h("input", { name: "bay", required: true, value: state.bin, "aria-label": t("bin") });
  const scan = async () => { const found = await scanCode(); if (found?.startsWith("bin:")) bin.value = found.slice(4); };
  const send = (data) => act("POST", "/counts", { id: newUuid(), bay: data.get("bay"), lot: data.get("lot"), counted: Number(data.get("counted")) }, (told) => { if (told.wants_recount) toast(t("recount"), "hot"); });
  return h("section", h("p.soft", t("count_how")), state.mayKeep ? form("count", send, h("div.trio", h("label", t("bin"), bin), h("label", t("batch"), h("select", { name: "lot", required: true }, lots.map((lot) => h("option", { value: lot.id }, `${lot.category} ${lot.batch}`)))), h("label", t("counted"), h("input", { name: "counted", type: "number", min: 0, step: 1, required: true }))),
    h("div.row", h("button.plain", { type: "button", "data-act": "scan", onclick: scan }, t("scan")), h("button.big", { type: "submit", "data-act": "count" }, t("send_count")))) : null,
  h("h2", t("to_approve")), state.counts.length ? h("div.cards", state.counts.map((row) => h("article.limit", { "data-count-row": row.bay_id }, h("h2", `${row.bay_id} ${lotName(state, row.lot_id)}`), h("p", `${t("counted")} ${row.counted} · ${t("by_ledger")} ${row.expected}`), h("p.soft", moment(row.counted_at)),
    h("button.plain", { type: "button", "data-act": "approve-count", onclick: () => act("POST", `/counts/${row.id}/approve`) }, t("approve"))))) : h("p.soft", t("none_to_approve")));
}

export function slots(state, act) {
  const say = (slot) => Object.entries(slot.contents).filter(([, n]) => n).map(([id, n]) => `${id} ×${n}`).join("，") || t("empty");
  return h("section", state.mayKeep ? h("div.row", h("button.plain", { type: "button", "data-act": "open-slots", onclick: () => act("POST", "/slots", {}) }, t("open_slots")), h("button.plain", { type: "button", "data-act": "close-slots", onclick: () => act("POST", "/slots/empty", {}) }, t("close_slots"))) : null,
    state.slots.length ? table([t("bin"), t("zone"), t("positions"), t("clear_height"), t("where")], state.slots.map((slot) => h(`tr${slot.bay_id === state.bin ? ".ready" : ""}`, { "data-slot": slot.bay_id }, h("td", h("code", slot.bay_id)), h("td", slot.zone), h("td.num", String(slot.positions)), h("td.num", `${slot.clear_height_m} m`), h("td", say(slot))))) : h("p.soft", t("no_lots")));
}
