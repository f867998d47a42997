// The depot's desk: what stands where, what came in and waits, put-away with the shelf scanned, orders, blind counts.
// Every change is asked of the server; a terminal makes the id, so pressing twice changes nothing.

import { deskTools, settle, speakChosen } from "./desk.js";
import { WORDS } from "./depot_text.js";
import { counts, orders, receive, slots, stock } from "./depot_views.js";
import { h, toast } from "./dom.js";
import { call, SignInWanted } from "./sync.js";
import { learn, t } from "./text.js";

learn(WORDS);
export const API = "/api/v1/depot";
const TABS = { stock, receive, orders, counts, slots };
const page = document.getElementById("page");
const state = { me: null, tab: "stock", catalogue: null, stock: [], slots: [], orders: [], counts: [], ledger: [], open: null, bin: decodeURIComponent(location.hash.slice(1)) };

async function load() {
  try {
    state.me = await call("GET", "/api/v1/session");
    const mayKeep = state.me.roles.some((role) => ["storekeeper", "commander"].includes(role));
    [state.catalogue, state.stock, state.slots, state.orders, state.ledger, state.counts] = await Promise.all([
      state.catalogue ?? call("GET", `${API}/catalogue`), call("GET", `${API}/stock`), call("GET", `${API}/slots`), call("GET", `${API}/orders`), call("GET", `${API}/ledger?limit=60`), mayKeep ? call("GET", `${API}/counts`) : []]);
    state.mayKeep = mayKeep;
  } catch (fault) {
    const words = fault instanceof SignInWanted ? t("signin") : fault.status === 403 ? t("depot_closed") : fault.message;
    page.replaceChildren(h("div.card", h("p", words), h("a", { href: "/drill/" }, t("login"))));
    return;
  }
  draw();
}

// `then` runs only where the server agreed.
async function act(method, path, body, then) {
  try {
    const told = await call(method, `${API}${path}`, body);
    await then?.(told);
    toast(t("kept"));
  } catch (fault) { toast(reason(fault), "hot"); }
  await load();
}

function reason(fault) {
  const faults = fault.told?.facts?.faults;
  const words = faults?.map((code) => t(`fault_${code}`)).join("、");
  return words || (fault.told?.code && t(fault.told.code) !== fault.told.code ? t(fault.told.code) : fault.told?.detail ?? fault.message);
}

function draw() {
  speakChosen();
  document.title = t("depot");
  const pallets = state.stock.reduce((sum, lot) => sum + lot.pallets, 0);
  page.replaceChildren(h("div.desk", h("header.deskhead", h("div", h("h1", t("depot")), h("p.soft", { "data-pallets": String(pallets) }, `${pallets} ${t("pallets")} · ${state.slots.length} ${t("slots_word")} · ${t("floor_limit")} ${state.catalogue.limit_kn_m2} kN/m² ${t("to_confirm")}`)),
    h("div.row", h("a.plain.linkbutton", { href: "/api/v1/conversion/labels.pdf?kind=slots" }, t("labels")), h("a.plain.linkbutton", { href: "/drill/command" }, t("command")), deskTools(draw))),
  h("nav.tabs", Object.keys(TABS).map((key) => h(`button.tab${state.tab === key ? ".on" : ""}`, { type: "button", "data-tab": key, onclick: () => { state.tab = key; draw(); } }, t(`dtab_${key}`), key === "counts" && state.counts.length ? h("b", String(state.counts.length)) : null))),
  TABS[state.tab](state, act, draw)));
}

await settle();
await load();
