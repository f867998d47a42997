// One task, full screen: what to do, what to enter, who signs. Entered values survive a reload.

import { takeIn } from "./camera.js";
import { h, hourMinute, toast } from "./dom.js";
import { keep, readPhoto } from "./queue.js";
import { askSigner } from "./signer.js";
import { barText, language, named, t, unit } from "./text.js";
import { challenges, ticks, voices } from "./voices.js";

const drafts = {
  read: (key) => { try { return JSON.parse(localStorage.getItem(`draft:${key}`)) ?? {}; } catch { return {}; } },
  write: (key, value) => localStorage.setItem(`draft:${key}`, JSON.stringify(value)),
  drop: (key) => localStorage.removeItem(`draft:${key}`),
};

export function bounds(want) {
  const sign = want.unit ? ` ${unit(want.unit)}` : "";
  if (want.kind === "confirm") return t("yes");
  if (want.least !== null && want.least === want.most) return `= ${want.least}${sign}`;
  const low = want.least === null ? "" : `≥ ${want.least}`;
  const high = want.most === null ? "" : `≤ ${want.most}`;
  return `${[low, high].filter(Boolean).join("，")}${low || high ? sign : ""}`;
}

export function isMet(want, value, isSample) {
  if (value === undefined || value === null || value === "") return false;
  if (want.kind === "confirm") return value === true;
  if (want.kind === "text" || want.kind === "time") return String(value).trim() !== "";
  const number = Number(value);
  if (!Number.isFinite(number) || (want.kind === "count" && !Number.isInteger(number))) return false;
  if (isSample && want.kind === "count") return number >= 0;
  return (want.least === null || number >= want.least) && (want.most === null || number <= want.most);
}

export function sheet(task, pkg, me, onClose, onKept) {
  const key = `${pkg.run.id}:${task.code}`;
  const draft = { values: {}, photos: [], note: "", answers: [], heard: [], voice: "", failed: null, signer: "", ...drafts.read(key) };
  const save = () => drafts.write(key, draft);
  const asked = challenges(task, pkg);
  const root = h("section.sheet", { role: "dialog", "aria-modal": "true", "data-sheet": task.code });

  function draw() {
    root.replaceChildren(
      h("header.sheethead", h("button.back", { type: "button", onclick: onClose }, "‹ ", t("back")), h("code", task.code), h(`span.state.${task.state}`, t(`state_${task.state}`))),
      h("div.sheetbody", facts(), canAct() ? [values(), challenge(), photos(), note()] : entered(), waits()),
      actions());
  }

  function facts() {
    const crews = Object.entries(task.crews).map(([id, n]) => `${named(pkg.crews.find((c) => c.id === id) ?? { zh: id })} ${n}`).join("，");
    const goods = [...Object.entries(task.equipment).map(([id, n]) => `${named(pkg.equipment[id] ?? { zh: id })} ×${n}`),
      ...Object.entries(task.materials).map(([id, n]) => `${named(pkg.materials[id] ?? { zh: id })} ${n} ${unit(pkg.materials[id]?.unit ?? "")}`)];
    const minutes = pkg.run.kind === "drill" ? task.drill.minutes : task.likely_min;
    return h("div.facts",
      h("h1", named(task)),
      h("p.sub", named(pkg.zones.find((z) => z.id === task.zone) ?? { zh: task.zone }), ` · ${task.quantity} ${unit(task.unit)} · ${t("likely")} ${minutes} ${t("minutes")}`),
      task.is_sample ? h("p.soft", t(task.drill.mode === "simulate" ? "simulate" : "sample")) : null,
      crews ? h("p", h("b", t("crew")), " ", crews) : null,
      goods.length ? h("p", goods.join("，")) : null,
      h("p.chips", task.hazards.filter((id) => id !== "NONE").map((id) => h("span.chip", "⚠ ", named(pkg.hazards[id] ?? { zh: id })))),
      h("p.accept", h("b", t("acceptance")), " ", language.at === 0 ? task.acceptance_zh : task.acceptance_en));
  }

  const canAct = () => ["ready", "claimed", "started"].includes(task.state) || (task.state === "waiting" && task.unsent + task.pending > 0);

  function entered() {
    const shown = task.wanted.filter((w) => task.values[w.id] !== undefined);
    return h("div.entered",
      shown.map((w) => h("p", named(w), " ", h("b", String(task.values[w.id] === true ? t("yes") : task.values[w.id])), " ", unit(w.unit))),
      task.read_by_name ? h("p.soft", `${t("read")} ${task.read_by_name}`) : null,
      task.reported_by_name ? h("p.soft", `${t("by")} ${task.reported_by_name}${task.reported_at ? ` · ${hourMinute(task.reported_at)}` : ""}`) : null,
      task.is_overridden ? h("p.soft", t("overridden")) : null,
      task.state === "second" || task.state === "holding" ? challenge() : null);
  }

  function values() {
    return h("div.values", task.wanted.map((want) => {
      const value = draft.values[want.id];
      const label = h("span.label", named(want), h("small", want.kind === "text" || want.kind === "time" ? "" : `${t("must")} ${bounds(want)}`));
      if (want.kind === "confirm") {
        return h(`button.confirm${value === true ? ".met" : ""}`, { type: "button", "data-value": want.id, onclick: () => { draft.values[want.id] = value === true ? false : true; save(); draw(); } },
          label, h("b", value === true ? "✓" : "○"));
      }
      const input = h("input", {
        type: want.kind === "time" ? "time" : want.kind === "text" ? "text" : "number", inputMode: want.kind === "count" ? "numeric" : want.kind === "number" ? "decimal" : "text",
        step: "any", value: value ?? "", "data-value": want.id, "aria-label": named(want),
        oninput: (event) => {
          const raw = event.target.value;
          draft.values[want.id] = raw === "" ? undefined : want.kind === "number" || want.kind === "count" ? Number(raw) : raw;
          save();
          input.closest(".value").className = `value${wide ? " wide" : ""} ${raw === "" ? "" : isMet(want, draft.values[want.id], task.is_sample) ? "met" : "unmet"}`;
          refresh();
        },
      });
      const wide = want.kind === "text" || want.kind === "time";
      if (want.kind === "time") {
        input.step = "1";
        const now = h("button.plain", { type: "button", onclick: () => { draft.values[want.id] = new Date().toLocaleTimeString("en-GB", { timeZone: "Asia/Shanghai" }); save(); draw(); } }, t("now"));
        return h(`div.value.wide${value ? ".met" : ""}`, label, h("div.timed", input, now));
      }
      const box = h(`label.value${wide ? ".wide" : ""}${value === undefined ? "" : isMet(want, value, task.is_sample) ? ".met" : ".unmet"}`, label, input, wide ? null : h("span.unit", unit(want.unit)));
      return box;
    }));
  }

  const keepAndDraw = () => { save(); draw(); };
  const isTwoVoices = () => task.is_read_wanted && canAct();
  const challenge = () => (isTwoVoices() ? voices(asked, draft, keepAndDraw) : ticks(asked, draft, keepAndDraw));

  function photos() {
    const wanted = task.evidence.includes("photo");
    const input = h("input", { type: "file", accept: "image/*", capture: "environment", hidden: true, onchange: async (event) => {
      for (const file of event.target.files) draft.photos.push(await takeIn(file));
      save(); draw();
    } });
    const shown = draft.photos.map((name) => {
      const image = h("img.thumb", { alt: "" });
      readPhoto(name).then((photo) => { if (photo) image.src = URL.createObjectURL(photo.blob); });
      return image;
    });
    return h("div.photos", input, h(`button.camera${wanted ? "" : ".soft"}`, { type: "button", onclick: () => input.click() }, "◉ ", t("photo"), task.is_photo_wanted ? "" : h("small", ` ${t("optional")}`)), shown);
  }

  const note = () => h("label.note", h("span", t("note")), h("textarea", { rows: 2, value: draft.note, "data-note": "1", oninput: (event) => { draft.note = event.target.value; save(); } }));

  function waits() {
    if (!task.waits.length && !task.barred.length) return null;
    return h("div.waits", h("b", t("needs")), task.waits.map((w) => {
      const other = pkg.tasks.find((x) => x.code === w.task);
      return h("p", h("code", w.task), " ", other ? named(other) : "", w.until ? ` → ${hourMinute(w.until)}` : "");
    }), task.barred.map((b) => h("p.hot", barText(b))));
  }

  const isAnswered = () => asked.every((_, i) => draft.answers[i]);
  const isReadHere = () => draft.voice !== "both" || task.has_read || Boolean(task.read_by);
  const isReady = () => task.wanted.every((w) => isMet(w, draft.values[w.id], task.is_sample)) && isAnswered()
    && (!isTwoVoices() || isReadHere()) && (!task.is_photo_wanted || draft.photos.length > 0);

  let bigButton = null;
  function refresh() { if (bigButton?.dataset.act === "report") bigButton.disabled = !isReady(); }

  function actions() {
    const bar = h("footer.acts");
    const button = (act, kind, isOff = false) => h(`button.${kind}`, { type: "button", disabled: isOff, "data-act": act, onclick: () => sign(act) }, t(act));
    if (["ready", "claimed"].includes(task.state)) bar.append(button("start", "plain"));
    if (task.state === "ready") bar.append(button("claim", "plain"));
    if (task.state === "claimed") bar.append(button("give_up", "plain"));
    const mayRead = isTwoVoices() && (draft.voice === "reader" || (draft.voice === "both" && !isReadHere()));
    if (mayRead) bar.append(button("read", "big", !isAnswered()));
    if (canAct() && !(isTwoVoices() && draft.voice === "reader")) bar.append((bigButton = button("report", mayRead ? "plain" : "big", !isReady())));
    if (task.state === "second") bar.append(button("send_back", "plain"), button("second", "big", !isAnswered()));
    if (task.state === "holding") bar.append(button("send_back", "plain"), button("accept", "big.hold", !isAnswered()));
    return bar;
  }

  async function sign(act) {
    const who = await askSigner(pkg, me, draft.signer, act, task);
    if (!who) return;
    draft.signer = who.signer.id;
    const full = act === "report";
    await keep({
      run: pkg.run.id, task: task.code, act, signer: who.signer.id, signer_name: who.signer.name,
      values: full ? clean(draft.values) : {}, photos: full ? draft.photos : [], note: full ? draft.note : "",
      answers: ["read", "report", "second", "accept"].includes(act) ? asked.filter((_, i) => draft.answers[i]) : [],
    }, who.key);
    toast(t("kept_toast"));
    if (act === "read" && draft.voice === "both") { task.has_read = true; draft.signer = ""; save(); onKept(true); return draw(); }
    if (full) drafts.drop(key); else { Object.assign(draft, { answers: [], heard: [], voice: "" }); save(); }
    return onKept();
  }

  draw();
  return root;
}

const clean = (values) => Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== ""));
