// <kiosk-line data-worker data-waiting data-refused>: on every screen; sends what the kiosk has kept as soon as there is a line, and says
// how many still wait. Registers the worker that answers while there is none.
import { counts, send } from "./queue.js";

const EVERY = 20_000;

customElements.define("kiosk-line", class extends HTMLElement {
  connectedCallback() {
    navigator.serviceWorker?.register(this.dataset.worker, { scope: "/kios" });
    navigator.storage?.persist?.();
    addEventListener("online", () => this.look());
    addEventListener("kios-kept", () => this.look());
    setInterval(() => this.look(), EVERY);
    this.look();
  }

  async look() {
    // Only a secure page has what sealing needs; there is no queue elsewhere.
    if (!globalThis.crypto?.subtle) return;
    await this.show();
    if (!(await counts()).due) return;
    const { numbers } = await send();
    if (numbers.size) dispatchEvent(new CustomEvent("kios-sent", { detail: numbers }));
    await this.show();
  }

  async show() {
    const { waiting, refused } = await counts();
    const words = [];
    if (waiting) words.push(this.dataset.waiting.replace("{n}", waiting));
    if (refused) words.push(this.dataset.refused.replace("{n}", refused));
    this.textContent = words.join(" · ");
    this.hidden = !words.length;
  }
});
