// What lies ahead of a run: the plan's verdict against its limits, the cheapest remedy, the spread, and the rest of the
// run planned anew from what has happened. Nothing is worked out here; the server's scheduler is asked.

import { h, hourMinute, toast } from "./dom.js";
import { WORDS } from "./plan_text.js";
import { call } from "./sync.js";
import { language, learn, named, t } from "./text.js";

learn(WORDS);
const API = "/api/v1/conversion";
const AGAIN_S = 60;
const told = { run: null, at: null, judged: null, hours: null, rest: null, isBusy: false, fault: null };

const hours = (minutes) => `${(minutes / 60).toFixed(1)} ${t("hours")}`;
const dayMinute = (moment) => `${new Date(moment).toLocaleDateString(language.at === 0 ? "zh-CN" : "en-GB", { month: "2-digit", day: "2-digit", timeZone: "Asia/Shanghai" })} ${hourMinute(moment)}`;

async function ask(run, draw) {
  Object.assign(told, { run: run.id, isBusy: true, fault: null });
  draw();
  try {
    told.rest = await call("GET", `${API}/runs/${run.id}/forecast`);
    const question = { plan_version: run.plan_version, tiers: run.tiers };
    if (!told.judged) { told.judged = await call("POST", `${API}/outlook`, question); draw(); }
    if (!told.hours) told.hours = (await Promise.all(run.tiers.map((tier) => call("POST", `${API}/outlook/hours`, { ...question, tiers: [tier] })))).flat();
  } catch (fault) {
    told.fault = fault.told?.detail ?? fault.message;
    toast(told.fault, "hot");
  }
  Object.assign(told, { isBusy: false, at: Date.now() });
  draw();
}

// Asks by itself when it is first seen and when its answer has grown old; the plan itself never changes, so it is judged once.
export function outlook(pkg, draw) {
  const run = pkg.run;
  if (told.run !== run.id) Object.assign(told, { run: run.id, at: null, judged: null, hours: null, rest: null, fault: null });
  const isOld = told.at === null || (run.state === "running" && Date.now() - told.at > AGAIN_S * 1000);
  if (!told.isBusy && isOld) { told.isBusy = true; setTimeout(() => ask(run, draw)); }
  return h("div.outlook", h("div.row", h("button.plain", { type: "button", "data-act": "outlook", disabled: told.isBusy, onclick: () => ask(run, draw) }, t("work_out")), h("span.soft", told.isBusy ? t("working") : told.at ? `${t("as_of")} ${hourMinute(told.at)}` : "")),
    told.fault ? h("p.hot", told.fault) : null, told.rest ? live(pkg, told.rest) : null, told.judged ? verdict(pkg, told.judged) : null, told.hours ? inHours(pkg, told.hours) : null);
}

// Each stage by itself in its own working hours; what is not proved carries its bound.
function inHours(pkg, rows) {
  const tier = (id) => named(pkg.clocks.tiers.find((x) => x.id === id) ?? { zh: id });
  return h("article.ahead", h("h2", t("in_hours")), rows.map((row) => h("p", { "data-hours": row.tier }, h("b", tier(row.tier)), ` ${hours(row.elapsed_min)} `, h("small.soft", row.proved ? t("proved") : `${t("not_proved")} · ${t("lower_bound")} ${hours(row.lower_bound_min)}`))));
}

function live(pkg, rest) {
  const byCode = new Map(pkg.tasks.map((task) => [task.code, task]));
  return h("article.ahead", { "data-live-finish": rest.finish_at }, h("h2", t("live_finish")), h("output", dayMinute(rest.finish_at)), h("small.soft", `${t(rest.proved ? "proved" : "not_proved")} · ${rest.seconds.toFixed(2)} s`),
    h("p", h("b", `${t("critical_now")} `), rest.critical.length ? rest.critical.map((code) => `${code} ${byCode.has(code) ? named(byCode.get(code)) : ""}`).join(" → ") : t("nothing_left")));
}

function verdict(pkg, judged) {
  const tier = (id) => named(pkg.clocks.tiers.find((x) => x.id === id) ?? { zh: id });
  const spread = judged.outlook;
  return [h("article.ahead", { "data-makespan": String(judged.makespan_min) }, h("h2", t("makespan")), h("output", hours(judged.makespan_min)), h("small.soft", judged.proved ? t("proved") : `${t("not_proved")} · ${t("lower_bound")} ${hours(judged.lower_bound_min)}`),
    judged.verdicts.map((row) => h(`div.verdict${row.is_kept ? "" : ".no"}`, { "data-verdict": row.tier }, h("b", tier(row.tier)), h("span", `${t("elapsed_word")} ${hours(row.elapsed_min)}`, row.limit_min === null ? ` · ${t("no_limit")}` : ` / ${t("limit")} ${hours(row.limit_min)}`),
      row.limit_min === null ? null : h("span.mark", `${t(row.is_kept ? "verdict_yes" : "verdict_no")} · ${t(row.is_kept ? "spare" : "over_by")} ${hours(Math.abs(row.spare_min))}`), h("small.soft", `${t("source")} ${row.limit_source}${row.limit_confirmed || row.limit_min === null ? "" : ` · ${t("to_confirm")}`}`)))),
  h("article.ahead", h("h2", t("remedy")), remedy(pkg, judged.advice)),
  h("article.ahead", h("h2", t("spread_word")), h("div.percentiles", [["p50", spread.p50_min], ["p80", spread.p80_min], ["p95", spread.p95_min]].map(([name, minutes]) => h("div", { "data-percentile": name }, h("small", name), h("output", hours(minutes))))), spread.chance === null ? null : h("p", `${t("chance")} ${Math.round(100 * spread.chance)} %`))];
}

function remedy(pkg, advice) {
  if (!advice) return h("p", t("no_remedy_wanted"));
  if (!advice.remedy) return h("p.hot", t("no_remedy"));
  const name = (key) => {
    const [register, id] = key.split(".");
    const thing = register === "crew" ? pkg.crews.find((c) => c.id === id) : pkg.equipment[id];
    return thing ? named(thing) : id;
  };
  return h("p", { "data-remedy": JSON.stringify(advice.remedy.added) }, Object.entries(advice.remedy.added).map(([key, n]) => `${t("adds")} ${name(key)} +${n}`).join(", "), `；${t("then_takes")} ${hours(advice.remedy.makespan_min)}`);
}
