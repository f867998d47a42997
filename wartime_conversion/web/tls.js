// Whether this phone trusts the site's certificate: a fetch over HTTPS that only arrives if it does.

const port = document.querySelector("script[data-https-port]").dataset.httpsPort;
const secure = `https://${location.hostname}:${port}/drill/`;
const link = document.getElementById("secure");
if (link) { link.href = secure; link.textContent = secure; }

const checks = [
  ["加密连接可用 · HTTPS is trusted", async () => {
    if (isSecureContext && location.protocol === "https:") return true;
    await fetch(`https://${location.hostname}:${port}/healthz`, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(5000) });
    return true;
  }],
  ["此页可离线安装 · Service worker", async () => "serviceWorker" in navigator],
  ["本机可保存签认 · IndexedDB", () => new Promise((resolve, reject) => {
    const request = indexedDB.open("pingzhan-test", 1);
    request.onsuccess = () => { request.result.close(); indexedDB.deleteDatabase("pingzhan-test"); resolve(true); };
    request.onerror = () => reject(request.error);
  })],
];

const card = document.getElementById("result");
const lines = await Promise.all(checks.map(async ([name, check]) => {
  try { return [name, (await check()) === true]; } catch { return [name, false]; }
}));
card.dataset.test = lines.every(([, ok]) => ok) ? "passed" : "failed";
card.replaceChildren(...lines.map(([name, ok]) => {
  const line = document.createElement("p");
  line.className = ok ? "testok" : "hot";
  line.textContent = `${ok ? "✓" : "✗"} ${name}`;
  return line;
}));
if (lines[0][1] && !isSecureContext) {
  const go = document.createElement("a");
  go.href = secure;
  go.textContent = "证书已生效，打开加密页面 · Open the secure page";
  card.append(go);
}
