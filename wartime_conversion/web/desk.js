// What every page shares: the language and the look this device has chosen, else those of its browser.

import { h } from "./dom.js";
import { getMeta, setMeta } from "./queue.js";
import { language, t } from "./text.js";

const spoken = () => ((navigator.languages?.[0] ?? navigator.language ?? "zh").toLowerCase().startsWith("zh") ? 0 : 1);

// `look` is what a page shows where nobody has chosen: the phone page stays dark, a desk page follows the system.
export async function settle(look = "system") {
  language.at = (await getMeta("language")) ?? spoken();
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  document.documentElement.dataset.theme = (await getMeta("theme")) ?? (look === "system" ? system : look);
}

export function speakChosen() { document.documentElement.lang = language.at === 0 ? "zh-CN" : "en"; }

export function turnLanguage(draw) {
  language.at = 1 - language.at;
  setMeta("language", language.at);
  draw();
}

export function turnTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  setMeta("theme", next);
}

export function deskTools(draw) {
  return [
    h("button.tool", { type: "button", "data-act": "language", onclick: () => turnLanguage(draw) }, t("language")),
    h("button.tool", { type: "button", "data-act": "theme", "aria-label": t("theme"), title: t("theme"), onclick: turnTheme }, "◐"),
  ];
}
