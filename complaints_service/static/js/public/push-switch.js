// <push-switch hidden data-number data-token>: news of a case on this device. Shown only where the browser can; asks only when pressed.
customElements.define("push-switch", class extends HTMLElement {
  async connectedCallback() {
    if (!("PushManager" in globalThis) || !("serviceWorker" in navigator) || Notification.permission === "denied") return;
    this.address = `/t/${this.dataset.number}/kabar`;
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => this.press());
    this.show();
  }

  // What this device has said of this case; the subscription itself is one for all cases of this site.
  get on() { return localStorage.getItem(this.address) === "1"; }

  show() {
    this.button.setAttribute("aria-pressed", this.on);
    this.querySelector("[data-on]").hidden = !this.on;
    this.querySelector("[data-off]").hidden = this.on;
    this.hidden = false;
  }

  async press() {
    this.querySelector("[data-failed]").hidden = true;
    try {
      await (this.on ? this.end() : this.begin());
      this.show();
    } catch {
      this.querySelector("[data-failed]").hidden = false;
    }
  }

  async begin() {
    const { key } = await (await fetch(this.address)).json();
    const { pushManager } = await navigator.serviceWorker.ready;
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const { endpoint, keys } = made.toJSON();
    await this.tell(this.address, { endpoint, ...keys });
    localStorage.setItem(this.address, "1");
  }

  async end() {
    const made = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
    await this.tell(`${this.address}/henti`, { endpoint: made?.endpoint ?? "" });
    localStorage.removeItem(this.address);
  }

  async tell(address, words) {
    const body = new URLSearchParams({ form_token: this.dataset.token, ...words });
    const answer = await fetch(address, { method: "POST", body });
    if (!answer.ok) throw new Error(String(answer.status));
  }
});
