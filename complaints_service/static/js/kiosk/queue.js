// What a kiosk keeps while it has no line: each item sealed to the server's key (intake/kiosk/sealing.py) before it is stored, so that
// nobody reads it on the device; sent in order, and forgotten only when the server has answered for it.
const INFO = new TextEncoder().encode("complaints kiosk queue 1");
const BATCH = 20;
// What the server could not take is offered again after a day: it may have its old key back by then.
const AGAIN = 86_400_000;
const rests = (item) => item.refused && Math.abs(Date.now() - item.refused) < AGAIN;

const base64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let opened;
function database() {
  return opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("kios", 1);
    // The key counts up: it is the order in which people filed.
    request.onupgradeneeded = () => request.result.createObjectStore("antrean", { keyPath: "n", autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function store(mode, work) {
  const transaction = (await database()).transaction("antrean", mode, { durability: "strict" });
  const result = await work(transaction.objectStore("antrean"));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  return result;
}

async function sealed(form, clientId, key) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const ofServer = await crypto.subtle.importKey("raw", bytesOf(key), curve, false, []);
  const moment = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const point = await crypto.subtle.exportKey("raw", moment.publicKey);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: ofServer }, moment.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const derived = { name: "HKDF", hash: "SHA-256", salt: point, info: INFO };
  const aes = await crypto.subtle.deriveKey(derived, base, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const id = new TextEncoder().encode(clientId);
  const words = new TextEncoder().encode(JSON.stringify(form));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: id }, aes, words);
  return { key: base64(point), iv: base64(iv), data: base64(data) };
}

/** Seal and store a form under its own id; when this resolves, it survives a power cut. */
export async function keep(clientId, form, key) {
  const item = { client_id: clientId, sealed: await sealed(form, clientId, key), refused: false };
  await store("readwrite", (antrean) => done(antrean.add(item)));
}

/** How many wait, how many the server could not take (a member of staff has to look), how many are to be sent now. */
export async function counts() {
  const items = await store("readonly", (antrean) => done(antrean.getAll()));
  const refused = items.filter((item) => item.refused).length;
  return { waiting: items.length - refused, refused, due: items.filter((item) => !rests(item)).length };
}

/** Send what waits, the oldest first, until nothing does or the line is cut; one page at a time does it. Returns client_id -> number. */
export function send() {
  return navigator.locks.request("kios-antrean", async () => {
    const numbers = new Map();
    for (;;) {
      const all = await store("readonly", (antrean) => done(antrean.getAll()));
      const items = all.filter((item) => !rests(item)).slice(0, BATCH);
      if (!items.length) return { numbers, online: true };
      const results = await answers(items);
      if (!results) return { numbers, online: false };
      await store("readwrite", async (antrean) => {
        for (const [place, result] of results.entries()) {
          const item = items[place];
          if (result.status < 300) antrean.delete(item.n);
          else antrean.put({ ...item, refused: Date.now() });
          if (result.number) numbers.set(item.client_id, result.number);
        }
      });
    }
  });
}

async function answers(items) {
  const body = JSON.stringify({
    sent_at: new Date().toISOString(),
    items: items.map(({ client_id, sealed }) => ({ client_id, sealed })),
  });
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/kios/kiriman", { method: "POST", headers, body, signal: AbortSignal.timeout(30_000) });
    return answer.ok ? (await answer.json()).items : null;
  } catch {
    return null;
  }
}
