// 省份键盘: a plate typed on keys that fit a thumb. It stands over a plain text field, which is what is sent and
// what remains where scripts are off. Whether a plate can exist is the server's to say; the keys only help.
const PROVINCES = ["京津沪渝冀豫云辽黑湘", "皖鲁新苏浙赣鄂桂甘晋", "蒙陕吉闽贵粤青藏川宁", "琼"];
const SIGNS = ["1234567890", "QWERTYUP", "ASDFGHJKL", "ZXCVBNM", "港澳警学领挂"];
const LENGTH = 8;

class PlateInput extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    if (!this.field || this.boxes) return;
    this.field.classList.add("unseen");
    this.field.tabIndex = -1;
    this.field.removeAttribute("required");
    this.signs = Array.from({ length: LENGTH }, (_, at) => [...this.field.value][at] || "");
    this.at = this.firstBare();
    this.boxes = this.appendChild(document.createElement("div"));
    this.boxes.className = "boxes";
    this.boxes.setAttribute("role", "group");
    this.boxes.setAttribute("aria-label", this.dataset.label);
    this.keys = this.appendChild(document.createElement("div"));
    this.keys.className = "keys";
    this.boxes.addEventListener("click", (event) => this.pick(event));
    this.keys.addEventListener("click", (event) => this.press(event));
    this.addEventListener("keydown", (event) => this.type(event));
    this.addEventListener("paste", (event) => this.paste(event));
    this.draw();
  }

  firstBare() {
    const bare = this.signs.findIndex((sign) => sign === "");
    return bare === -1 ? LENGTH - 1 : bare;
  }

  draw() {
    const spots = this.signs.map((sign, at) => {
      const isEighth = at === LENGTH - 1;
      const name = `${this.dataset.box} ${at + 1}${isEighth ? ` (${this.dataset.nev})` : ""}`;
      const classes = ["box", at === this.at && "now", isEighth && "eighth", isEighth && !sign && "bare"];
      const button = `<button type="button" class="${classes.filter(Boolean).join(" ")}" data-at="${at}"
        aria-label="${name} ${sign}" aria-pressed="${at === this.at}">${sign || (isEighth ? `＋<br>${this.dataset.nev}` : "")}</button>`;
      return at === 1 ? `${button}<span class="dot" aria-hidden="true">·</span>` : button;
    });
    this.boxes.innerHTML = spots.join("");
    const rows = this.at === 0 ? PROVINCES : SIGNS;
    this.keys.innerHTML = rows
      .map((row, nth) => {
        const keys = [...row].map((sign) => `<button type="button" data-sign="${sign}" ${this.fits(sign) ? "" : "disabled"}>${sign}</button>`);
        if (nth === rows.length - 1) keys.push(`<button type="button" class="rub" data-rub aria-label="${this.dataset.rub}">⌫</button>`);
        return `<div>${keys.join("")}</div>`;
      })
      .join("");
  }

  // The second sign is a letter; 港澳警学领挂 only end a plate of seven.
  fits(sign) {
    if (this.at === 0) return true;
    if (this.at === 1) return /[A-Z]/.test(sign);
    return /[A-Z0-9]/.test(sign) || this.at === LENGTH - 2;
  }

  put(sign) {
    if (!this.fits(sign)) return;
    this.signs[this.at] = sign;
    if (this.at < LENGTH - 1) this.at += 1;
    this.send();
  }

  rub() {
    if (this.signs[this.at] === "" && this.at > 0) this.at -= 1;
    this.signs[this.at] = "";
    this.send();
  }

  send() {
    this.field.value = this.signs.join("");
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.draw();
  }

  pick(event) {
    const box = event.target.closest("[data-at]");
    if (!box) return;
    this.at = Number(box.dataset.at);
    this.draw();
    this.boxes.querySelector(".now").focus({ preventScroll: true });
  }

  press(event) {
    const key = event.target.closest("button");
    if (!key || key.disabled) return;
    if (key.hasAttribute("data-rub")) this.rub();
    else this.put(key.dataset.sign);
  }

  type(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Backspace") {
      event.preventDefault();
      this.rub();
    } else if (event.key.length === 1 && /[a-z0-9]/i.test(event.key) && this.at > 0) {
      event.preventDefault();
      this.put(event.key.toUpperCase());
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.at = Math.max(0, Math.min(LENGTH - 1, this.at + (event.key === "ArrowLeft" ? -1 : 1)));
      this.draw();
    } else return;
    this.boxes.querySelector(".now").focus({ preventScroll: true });
  }

  paste(event) {
    event.preventDefault();
    const text = [...event.clipboardData.getData("text").toUpperCase()].filter((sign) => /[\u4e00-\u9fffA-Z0-9]/.test(sign));
    this.signs = Array.from({ length: LENGTH }, (_, at) => text[at] || "");
    this.at = this.firstBare();
    this.send();
  }
}
customElements.define("plate-input", PlateInput);
