// Who signs, and the PIN.

import { h } from "./dom.js";
import { t } from "./text.js";
import { pinCheck, pinKey } from "./words.js";

const PIN_KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "⌫", "0", "✓"];

// Resolves to {signer, key}, or null where nobody signed.
export function askSigner(pkg, me, last, act, task) {
  return new Promise((resolve) => {
    let chosen = pkg.signers.find((s) => s.id === last) ?? pkg.signers.find((s) => s.id === me?.id) ?? null;
    if (act === "second" || act === "read") chosen = null; // another person's turn: the hand must choose itself
    let digits = "";
    const cover = h("div.cover", { role: "dialog", "aria-modal": "true" });
    const close = (result) => { cover.remove(); resolve(result); };
    function press(mark) {
      if (mark === "⌫") digits = digits.slice(0, -1);
      else if (mark === "✓") return finish();
      else if (digits.length < 8) digits += mark;
      draw();
      return undefined;
    }
    function finish() {
      if (!chosen) return draw(t("choose"));
      if (!chosen.has_pin) return chosen.id === me?.id ? close({ signer: chosen, key: null }) : draw(t("save_pin_first"));
      const key = pinKey(digits, chosen.salt, chosen.rounds);
      if (pinCheck(key) !== chosen.check) { digits = ""; return draw(t("wrong_pin_here")); }
      return close({ signer: chosen, key });
    }
    function draw(fault = "") {
      const pick = h("select.who", { "aria-label": t("who"), "data-signer": "1", onchange: (event) => { chosen = pkg.signers.find((s) => s.id === event.target.value) ?? null; digits = ""; draw(); } },
        h("option", { value: "" }, t("choose")),
        pkg.signers.map((s) => h("option", { value: s.id, selected: s.id === chosen?.id }, `${s.name}${s.has_pin ? "" : t("no_pin")}`)));
      cover.replaceChildren(h("div.pinbox",
        h("h2", t(act), task ? h("code", ` ${task.code}`) : null), h("label", h("span", t("who")), pick),
        h("div.dots", { "aria-label": t("pin"), "data-pin": String(digits.length) }, digits ? "●".repeat(digits.length) : h("small", t("pin"))),
        h("p.fault", { role: "alert" }, fault),
        h("div.keys", PIN_KEYS.map((mark) => h(`button.key${mark === "✓" ? ".ok" : ""}`, { type: "button", "data-key": mark, onclick: () => press(mark) }, mark))),
        h("button.plain", { type: "button", onclick: () => close(null) }, t("close"))));
    }
    draw();
    document.body.append(cover);
  });
}
