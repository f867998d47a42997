// Pictures: shrunk on the phone, named by their hash, kept until the server has them.

import { keepPhoto } from "./queue.js";
import { hex, sha256 } from "./words.js";

const LONG_SIDE = 1280;
const QUALITY = 0.72;

export async function takeIn(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  const name = hex(sha256(new Uint8Array(await blob.arrayBuffer())));
  await keepPhoto({ sha256: name, blob, is_sent: false, made_at: Date.now() });
  return name;
}
