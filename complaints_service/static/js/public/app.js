// On every page for citizens: installs the worker, sends what waits, and <outbox-state> says where it stands. No page needs it.
import { forgetDraft, held, sendAll, wipe } from "./outbox.js";

const workers = navigator.serviceWorker;
const changed = () => dispatchEvent(new Event("outbox"));

async function sendNow() {
  try { await sendAll(); } catch { /* Still no network: at the next chance. */ }
  changed();
}

customElements.define("outbox-state", class extends HTMLElement {
  connectedCallback() {
    this.words = this.querySelector("p");
    this.querySelector("button").addEventListener("click", async () => { await wipe(); changed(); dispatchEvent(new Event("wiped")); });
    addEventListener("outbox", () => this.show());
    this.show();
  }

  async show() {
    const all = await held();
    const waiting = all.some((one) => one.waits);
    const sent = all.filter((one) => one.number);
    const back = all.some((one) => one.back);
    this.hidden = !waiting && !sent.length && !back;
    this.classList.toggle("is-sent", !waiting && !back);
    this.words.replaceChildren(waiting ? this.dataset.waiting : "");
    for (const { number } of sent) {
      const link = Object.assign(document.createElement("a"), { href: `/terkirim/${number}`, textContent: number });
      this.words.append(` ${this.dataset.sent} `, link);
    }
    if (back) this.words.append(" ", Object.assign(document.createElement("a"), { href: "/lapor", textContent: this.dataset.back }));
  }
});

async function begin() {
  // The receipt is here: what it came from goes.
  if (location.pathname.startsWith("/terkirim/")) await forgetDraft();
  addEventListener("online", sendNow);
  workers?.addEventListener("message", changed);
  if ((await held()).some((one) => one.waits)) await sendNow();
  if (!workers) return;
  await workers.register("/pekerja.js", { type: "module" });
  (await workers.ready).active.postMessage(document.documentElement.lang);
}

// After the page: on a bad line nothing competes with it.
addEventListener("load", () => begin().catch(() => {}));
