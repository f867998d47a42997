// What a signed statement is made of, byte for byte, and the proof that its signer made it.
// The server's twin is rules/words.py. Plain JavaScript throughout: on plain HTTP a browser keeps its own
// cryptography locked away, and a signature must not depend on that.

const K = new Uint32Array(64);
const H0 = new Uint32Array(8);
(function constants() {
  // Fractional parts of the cube and square roots of the first primes (FIPS 180-4).
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (!isPrime) continue;
    if (found < 8) H0[found] = fraction(Math.sqrt(n));
    K[found++] = fraction(Math.cbrt(n));
  }
  function fraction(x) { return Math.floor((x - Math.floor(x)) * 4294967296); }
})();

const W = new Uint32Array(64);

function compress(state, block, at) {
  for (let i = 0; i < 16; i++) {
    const j = at + i * 4;
    W[i] = (block[j] << 24) | (block[j + 1] << 16) | (block[j + 2] << 8) | block[j + 3];
  }
  for (let i = 16; i < 64; i++) {
    const a = W[i - 15], b = W[i - 2];
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function finish(state, tail, total) {
  const size = Math.ceil((tail.length + 9) / 64) * 64;
  const block = new Uint8Array(size);
  block.set(tail);
  block[tail.length] = 0x80;
  const bits = total * 8;
  const view = new DataView(block.buffer);
  view.setUint32(size - 8, Math.floor(bits / 4294967296));
  view.setUint32(size - 4, bits >>> 0);
  for (let at = 0; at < size; at += 64) compress(state, block, at);
  const out = new Uint8Array(32);
  const told = new DataView(out.buffer);
  for (let i = 0; i < 8; i++) told.setUint32(i * 4, state[i]);
  return out;
}

export function sha256(bytes) {
  const state = H0.slice();
  const whole = bytes.length - (bytes.length % 64);
  for (let at = 0; at < whole; at += 64) compress(state, bytes, at);
  return finish(state, bytes.subarray(whole), bytes.length);
}

// HMAC with the two key blocks worked out once: a stretched PIN runs it thousands of times.
function hmacMaker(key) {
  const short = key.length > 64 ? sha256(key) : key;
  const pads = [0x36, 0x5c].map((pad) => {
    const block = new Uint8Array(64).fill(pad);
    short.forEach((value, i) => { block[i] ^= value; });
    const state = H0.slice();
    compress(state, block, 0);
    return state;
  });
  return (message) => {
    const inner = pads[0].slice();
    const whole = message.length - (message.length % 64);
    for (let at = 0; at < whole; at += 64) compress(inner, message, at);
    const first = finish(inner, message.subarray(whole), 64 + message.length);
    return finish(pads[1].slice(), first, 96);
  };
}

const utf8 = new TextEncoder();

export function hex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function pinKey(pin, saltHex, rounds) {
  const mac = hmacMaker(utf8.encode(pin));
  const salt = unhex(saltHex);
  const first = new Uint8Array(salt.length + 4);
  first.set(salt);
  first[salt.length + 3] = 1;
  let turn = mac(first);
  const key = turn.slice();
  for (let i = 1; i < rounds; i++) {
    turn = mac(turn);
    for (let j = 0; j < 32; j++) key[j] ^= turn[j];
  }
  return key;
}

export function pinCheck(key) { return hex(sha256(key)).slice(0, 4); }

export function proof(key, words) { return hex(hmacMaker(key)(utf8.encode(words))); }

export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value);
}

export function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
