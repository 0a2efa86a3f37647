// What the form keeps on this device until it is sent: one draft, forms that wait for the network, and the numbers of those that went.
// Nothing a person wrote stays after sending. Used by the pages and by the service worker.
const DAY = 86_400_000;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function store(mode, work) {
  const opening = indexedDB.open("pengaduan", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("isi", { keyPath: "key" });
  const database = await done(opening);
  const transaction = database.transaction("isi", mode);
  const result = await work(transaction.objectStore("isi"));
  await new Promise((yes, no) => { transaction.oncomplete = yes; transaction.onabort = no; });
  database.close();
  return result;
}

const put = (item) => store("readwrite", (isi) => done(isi.put(item)));
const remove = (key) => store("readwrite", (isi) => done(isi.delete(key)));

/** Everything there is: drafts and receipts go by themselves after a day or three, what waits does not. */
export async function held() {
  const all = await store("readonly", (isi) => done(isi.getAll()));
  const old = all.filter((one) => !one.waits && Date.now() - one.at > (one.number ? 1 : 3) * DAY);
  for (const one of old) await remove(one.key);
  return all.filter((one) => !old.includes(one));
}

export const draft = async () => (await held()).find((one) => one.key === "draf");
export const keepDraft = (fields) => put({ key: "draf", fields, at: Date.now() });
export const forgetDraft = () => remove("draf");
export const wipe = () => store("readwrite", (isi) => done(isi.clear()));

/** Send as soon as there is a network, once, under the form's own id. */
export async function enqueue(fields) {
  const id = fields.find(([name]) => name === "form_id")[1];
  await put({ key: id, fields, at: Date.now(), waits: true });
  await forgetDraft();
}

/** Send what waits; one page or worker at a time. Rejects while something still waits, as background sync wants it. */
export const sendAll = () => navigator.locks.request("pengaduan-kirim", async () => {
  for (const one of (await held()).filter((item) => item.waits)) await send(one);
});

async function send(one) {
  // First the files, each once: a form that is sent again must name the same ones.
  for (const [place, [, value]] of one.fields.entries()) {
    if (!(value instanceof Blob)) continue;
    const id = value.size ? await upload(value) : "";
    if (id === null) return giveBack(one, one.fields.filter((_, other) => other !== place));
    one.fields[place] = id ? ["attachments", id] : ["step", ""];
    await put(one);
  }
  const fields = one.fields.filter(([name]) => name !== "step");
  const answer = await fetch("/", { method: "POST", body: new URLSearchParams([...fields, ["step", "send"]]) });
  const [, number] = new URL(answer.url).pathname.match(/^\/terkirim\/([^/]+)$/) ?? [];
  if (number) return put({ key: one.key, number, at: Date.now() });
  if (answer.status === 429 || answer.status >= 500) throw new Error(`later: ${answer.status}`);
  return giveBack(one, fields);
}

// A person has to look: a field or a file is wrong, or this was sent before with other words.
async function giveBack(one, fields) {
  await put({ key: "draf", fields, at: Date.now(), back: true });
  await remove(one.key);
}

async function upload(file) {
  const body = new FormData();
  body.append("file", file);
  const answer = await fetch("/api/v1/uploads", { method: "POST", body });
  if (answer.status === 429 || answer.status >= 500) throw new Error(`later: ${answer.status}`);
  return answer.ok ? (await answer.json()).id : null;
}
