// Keeps the page itself for places without a network. VERSION and FILES are filled in by the server from the
// files' contents, so a changed file makes a new cache and an old one goes only when the new one is whole.
const VERSION = "__VERSION__";
const FILES = __FILES__;
const CACHE = `drill-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES.map((path) => new Request(path, { cache: "reload" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("drill-") && name !== CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/drill/")) return;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    const known = await cache.match(event.request, { ignoreSearch: true });
    if (known) return known;
    return fetch(event.request);
  })());
});
