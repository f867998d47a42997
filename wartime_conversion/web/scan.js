// Reads a QR code with this phone: live from the camera where the browser allows it, else from a picture just taken.
// The browser's own reader is used where there is one; elsewhere jsQR, kept on the phone with the page. No server is asked.

import { h } from "./dom.js";
import { t } from "./text.js";

const LOOK_MS = 200;
const LONG_SIDE = 1024;

// What a code means here: the place after `#` of an address of ours, or a bare place. `null` for anything else.
export function placeOf(text) {
  const found = /\/drill\/(depot)?#(.+)$/.exec(text);
  if (found) return found[1] ? `bin:${decodeURIComponent(found[2])}` : decodeURIComponent(found[2]);
  return /^[A-Za-z0-9._-]{1,40}$/.test(text) ? text : null;
}

async function reader() {
  if ("BarcodeDetector" in window) {
    try {
      const kinds = await BarcodeDetector.getSupportedFormats();
      if (kinds.includes("qr_code")) {
        const own = new BarcodeDetector({ formats: ["qr_code"] });
        return async (canvas) => (await own.detect(canvas))[0]?.rawValue ?? null;
      }
    } catch { /* a browser that names the reader and has none */ }
  }
  await import("./jsqr.js");
  return async (canvas) => {
    const { data, width, height } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, canvas.width, canvas.height);
    return self.jsQR(data, width, height)?.data ?? null;
  };
}

function shrunk(source, width, height) {
  const scale = Math.min(1, LONG_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export async function readPicture(blob) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const text = await (await reader())(shrunk(bitmap, bitmap.width, bitmap.height));
  bitmap.close();
  return text;
}

// Asks for a code; resolves to its place, or null where the person gave up.
export function scanCode() {
  return new Promise((resolve) => {
    let stream = null, timer = 0, isOver = false;
    const finish = (place) => {
      isOver = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
      cover.remove();
      resolve(place);
    };
    const said = h("p.fault", { role: "alert" });
    const take = (text) => {
      const place = text === null ? null : placeOf(text);
      if (place) finish(place);
      else said.textContent = text === null ? t("scan_nothing") : `${t("unknown_code")} ${text.slice(0, 60)}`;
    };
    const video = h("video.finder", { muted: true, autoplay: true, "data-finder": "1" });
    video.setAttribute("playsinline", "");
    const picture = h("input", { type: "file", accept: "image/*", hidden: true, "data-scan-picture": "1", onchange: async (event) => {
      if (event.target.files[0]) { try { take(await readPicture(event.target.files[0])); } catch (fault) { said.textContent = String(fault.message ?? fault); } }
    } });
    picture.setAttribute("capture", "environment");
    const cover = h("div.cover", { role: "dialog", "aria-modal": "true", "data-scan": "1" }, h("div.pinbox", h("h2", t("scan")), video, said, picture,
      h("button.big", { type: "button", onclick: () => picture.click() }, t("scan_picture")), h("button.plain", { type: "button", "data-act": "scan-close", onclick: () => finish(null) }, t("close"))));
    document.body.append(cover);
    live();

    async function live() {
      if (!navigator.mediaDevices?.getUserMedia) { video.remove(); said.textContent = t("scan_no_camera"); return; }
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
        if (isOver) { stream.getTracks().forEach((track) => track.stop()); return; }
        video.srcObject = stream;
        await video.play();
        const read = await reader();
        const look = async () => {
          if (isOver) return;
          if (video.videoWidth) {
            const text = await read(shrunk(video, video.videoWidth, video.videoHeight));
            if (text !== null && !isOver) take(text);
          }
          if (!isOver) timer = setTimeout(look, LOOK_MS);
        };
        await look();
      } catch (fault) {
        video.remove();
        if (!isOver) said.textContent = `${t("scan_no_camera")} (${fault.name ?? fault})`;
      }
    }
  });
}
