// The service worker of the pages for citizens. The server puts the import and VERSION in front. It keeps one page, the empty form, for
// times without a network; never a page of anybody's, and it leaves staff and kiosks alone.
const CACHE = `form-${VERSION}`;
const OTHERS = /^\/(desk|admin|manage|kios|masuk|keluar|saya|dev|docs|schema|api|a|webhooks|health|metrics|static)(\/|$)/;
const pageIn = (language) => `/luring/${language === "en" ? "en" : "id"}`;

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("form-") && name !== CACHE) await caches.delete(name);
  await clients.claim();
})()));

// The language of the page that was read: its form is kept.
addEventListener("message", (event) => event.waitUntil(hold(event.data)));

addEventListener("sync", (event) => event.waitUntil(sendAll().finally(tell)));

// News of a case: its number and no word of what it says.
addEventListener("push", (event) => {
  const { title, body, url, tag } = event.data.json();
  event.waitUntil(registration.showNotification(title, { body, tag, renotify: true, icon: "/ikon/192", data: url }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (/^\/(static|kantor)\//.test(pathname)) event.respondWith(caches.match(request).then((held) => held ?? fetch(request)));
  else if (request.mode === "navigate" && !OTHERS.test(pathname)) event.respondWith(visit(request, pathname));
});

async function hold(language) {
  const cache = await caches.open(CACHE);
  const address = pageIn(language);
  if (await cache.match(address)) return;
  const page = await fetch(address);
  if (!page.ok) return;
  const parts = (await page.clone().text()).matchAll(/(?:href|src)="(\/(?:static\/|kantor\/|manifest)[^"#]*)/g);
  await cache.addAll(new Set(Array.from(parts, ([, found]) => found)));
  for (const other of await cache.keys()) if (new URL(other.url).pathname.startsWith("/luring/")) await cache.delete(other);
  await cache.put(address, page);
}

const asks = (path) => path === "/" || /^\/lapor(\/|$)/.test(path);

async function visit(request, path) {
  const form = request.method === "POST" && asks(path) ? request.clone() : null;
  try {
    const answer = await fetch(request);
    if (!form || ![502, 503, 504].includes(answer.status)) return answer;
  } catch {
    // No network: below.
  }
  return withoutLine(path, form);
}

async function withoutLine(path, form) {
  const page = await caches.match("/luring/id") ?? await caches.match("/luring/en");
  if (!page) return Response.error();
  if (form) {
    const fields = [...await form.formData()];
    if (fields.some(([name, value]) => name === "step" && value === "send")) {
      await enqueue(fields);
      await registration.sync?.register("kirim").catch(() => {});
    } else await keepDraft(fields);
  }
  if (asks(path)) return page;
  const text = (await page.text()).replace("data-elsewhere hidden", "data-elsewhere");
  const headers = new Headers(page.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  return new Response(text, { headers });
}

async function tell() {
  for (const client of await clients.matchAll()) client.postMessage("outbox");
}
