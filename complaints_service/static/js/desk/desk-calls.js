// <desk-calls data-part data-stream>: people at kiosks who ask for help appear on the open desk at once. Without script: at the next load.
customElements.define("desk-calls", class extends HTMLElement {
  connectedCallback() {
    document.addEventListener("visibilitychange", this);
    this.handleEvent();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this);
    this.source?.close();
  }

  handleEvent() {
    this.source?.close();
    if (document.hidden) return;
    this.source = new EventSource(this.dataset.stream);
    this.source.addEventListener("calls", () => this.renew());
  }

  async renew() {
    const answer = await fetch(this.dataset.part);
    if (!answer.ok) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    this.replaceChildren(...made.body.children);
  }
});
