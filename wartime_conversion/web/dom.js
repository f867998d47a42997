// The one small function that makes elements: h("button.big", {onclick}, "text", child, ...).

export function h(tag, ...rest) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  let children = rest;
  if (rest.length && isProps(rest[0])) {
    for (const [key, value] of Object.entries(rest[0])) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (key in element && key !== "list" && key !== "form") element[key] = value;
      else element.setAttribute(key, value === true ? "" : value);
    }
    children = rest.slice(1);
  }
  element.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

function isProps(value) {
  return value !== null && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value);
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(Math.abs(seconds)));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (seconds < 0 ? "−" : "") + parts.map((p) => String(p).padStart(2, "0")).join(":");
}

export function hourMinute(moment) {
  return new Date(moment).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
}

let toastTimer = 0;
export function toast(text, kind = "good") {
  document.querySelector(".toast")?.remove();
  document.body.append(h(`div.toast.${kind}`, { role: "status" }, text));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => document.querySelector(".toast")?.remove(), 3500);
}
