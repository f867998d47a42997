// Keeps what was said until the server has it: entries, photos, and the last known run, in IndexedDB.
// The place in the device's order is given inside the same transaction that keeps the entry, so two tabs
// never use one twice and a killed browser leaves no gap.

import { canonical, newUuid, proof } from "./words.js";

const NAME = "pingzhan-drill";
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore("meta");
      db.createObjectStore("package");
      db.createObjectStore("photo", { keyPath: "sha256" });
      const entries = db.createObjectStore("entry", { keyPath: "id" });
      entries.createIndex("order", ["run", "sequence"], { unique: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => { opening = null; reject(request.error); };
  });
  return opening;
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(stores, mode, work) {
  const db = await open();
  const tx = db.transaction(stores, mode, { durability: "strict" });
  const finished = new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onerror = () => reject(tx.error);
    tx.onabort = () => reject(tx.error);
  });
  const result = await work(tx);
  await finished;
  return result;
}

export const getMeta = (key) => within(["meta"], "readonly", (tx) => done(tx.objectStore("meta").get(key)));
export const setMeta = (key, value) => within(["meta"], "readwrite", (tx) => done(tx.objectStore("meta").put(value, key)));

export async function device() {
  return within(["meta"], "readwrite", async (tx) => {
    const meta = tx.objectStore("meta");
    const known = await done(meta.get("device"));
    if (known) return known;
    const made = newUuid();
    await done(meta.put(made, "device"));
    return made;
  });
}

export const keepPackage = (run, told) => within(["package"], "readwrite", (tx) => done(tx.objectStore("package").put(told, run)));
export const readPackage = (run) => within(["package"], "readonly", (tx) => done(tx.objectStore("package").get(run)));

// Sign and keep one statement. `said` is everything but id, device, sequence and time.
export async function keep(said, key) {
  const own = await device();
  return within(["entry"], "readwrite", async (tx) => {
    const store = tx.objectStore("entry");
    const range = IDBKeyRange.bound([said.run, 0], [said.run, Infinity]);
    const last = await done(store.index("order").openCursor(range, "prev"));
    const sequence = (last ? last.value.sequence : 0) + 1;
    const words = {
      id: newUuid(), run: said.run, task: said.task ?? null, act: said.act, signer: said.signer,
      device: own, sequence, device_at: new Date().toISOString(), values: said.values ?? {},
      photos: said.photos ?? [], answers: said.answers ?? [], note: said.note ?? "", via: said.via ?? "screen",
      ...(said.paper ? { paper: said.paper } : {}),
    };
    const text = canonical(words);
    const entry = {
      id: words.id, run: said.run, sequence, task: words.task, act: words.act, signer: said.signer,
      signer_name: said.signer_name, made_at: words.device_at, words: text, proof: key ? proof(key, text) : null,
      status: "waiting", outcome: null, reason: null, facts: null, photos: words.photos, via: words.via,
    };
    await done(store.add(entry));
    return entry;
  });
}

export async function entries(run) {
  return within(["entry"], "readonly", (tx) => {
    const range = IDBKeyRange.bound([run, 0], [run, Infinity]);
    return done(tx.objectStore("entry").index("order").getAll(range));
  });
}

export async function mark(id, change) {
  return within(["entry"], "readwrite", async (tx) => {
    const store = tx.objectStore("entry");
    const entry = await done(store.get(id));
    if (entry) await done(store.put({ ...entry, ...change }));
  });
}

export const keepPhoto = (photo) => within(["photo"], "readwrite", (tx) => done(tx.objectStore("photo").put(photo)));
export const readPhoto = (sha256) => within(["photo"], "readonly", (tx) => done(tx.objectStore("photo").get(sha256)));

export async function askToStay() {
  // Without this a browser short of space may throw the queue away.
  try { return (await navigator.storage?.persist?.()) ?? false; } catch { return false; }
}
