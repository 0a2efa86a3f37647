// The kiosk's service worker: keeps one page with all screens in both languages, and answers with it while there is no line.
// The server puts VERSION in front. Nothing of any person is ever stored here: a half-filled form travels inside the answer.
const CACHE = `kios-${VERSION}`;
const PAGES = { id: "/kios/luring/id", en: "/kios/luring/en" };
const LANGUAGE = "/kios/bahasa-terakhir";
const PATIENCE = 8_000;
const SCREENS = { "/kios/buat": "about", "/kios/cek": "track", "/kios/hp": "phone", "/kios/bantuan": "help" };

addEventListener("install", (event) => event.waitUntil(store().then(() => skipWaiting())));

addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith("kios-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
})()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(event, pathname));
  else if (request.method === "GET" && (pathname.startsWith("/static/") || pathname.startsWith("/kantor/") || pathname === "/kios/ukuran.css")) {
    event.respondWith(part(request));
  }
});

async function store() {
  const cache = await caches.open(CACHE);
  for (const address of Object.values(PAGES)) {
    const page = await fetch(address, { cache: "no-store" });
    if (!page.ok) throw new Error(`${address}: ${page.status}`);
    const parts = (await page.clone().text()).matchAll(/(?:href|src)="(\/(?:static\/|kantor\/|kios\/ukuran\.css)[^"#]*)/g);
    await cache.addAll(new Set(Array.from(parts, ([, found]) => found)));
    await cache.put(address, page);
  }
}

async function part(request) {
  const cache = await caches.open(CACHE);
  const held = await cache.match(request);
  if (held) return held;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function visit(event, path) {
  const { request } = event;
  const copy = request.method === "POST" ? request.clone() : null;
  const answer = await fromLine(request);
  if (!answer) return withoutLine(path, copy);
  const language = answer.headers.get("Content-Language");
  if (language) event.waitUntil(remember(language));
  if (path === "/kios" && answer.ok) event.waitUntil(store().catch(() => {}));
  return answer;
}

// A server that cannot reach its database is as good as none. What it has taken all the same counts once: the form's id is the same.
async function fromLine(request) {
  try {
    const late = new Promise((_, give) => setTimeout(give, PATIENCE));
    const answer = await Promise.race([fetch(request), late]);
    return [502, 503, 504].includes(answer.status) ? null : answer;
  } catch {
    return null;
  }
}

const remember = async (language) => (await caches.open(CACHE)).put(LANGUAGE, new Response(language));

async function withoutLine(path, copy) {
  const cache = await caches.open(CACHE);
  const form = copy ? Object.fromEntries(await copy.formData()) : {};
  let language = (await (await cache.match(LANGUAGE))?.text()) ?? "id";
  if (path === "/kios/bahasa" && form.language in PAGES) language = form.language;
  if (path === "/kios/selesai") language = "id";
  await remember(language);
  const screen = path === "/kios/buat" && form.step ? form.step : SCREENS[path] ?? "home";
  const page = await cache.match(PAGES[language] ?? PAGES.id);
  const start = JSON.stringify({ screen, form: path === "/kios/buat" ? form : {} });
  const attribute = start.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const text = (await page.text()).replace('data-start=""', () => `data-start="${attribute}"`);
  const headers = new Headers(page.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  return new Response(text, { headers });
}
