// <idle-reset data-seconds data-countdown>: asks "still there?" after silence, then sends its form, which ends the visit on the server.
// Any touch or key extends; the page that the browser keeps in its back cache is never shown again.
customElements.define("idle-reset", class extends HTMLElement {
  connectedCallback() {
    this.idle = Number(this.dataset.seconds) * 1000;
    this.left = this.querySelector(".idle-left");
    this.stay = this.querySelector("[data-stay]");
    for (const kind of ["pointerdown", "keydown", "input"]) {
      addEventListener(kind, () => { if (this.hidden) this.begin(); }, { capture: true, passive: true });
    }
    // While it asks, a whole click counts: hidden at the first touch, the finger would lift over what lies beneath.
    addEventListener("click", () => this.begin(), { capture: true });
    addEventListener("pageshow", (event) => { if (event.persisted) location.replace("/kios"); });
    this.begin();
  }

  begin() {
    clearTimeout(this.waiting);
    clearInterval(this.ticking);
    this.hidden = true;
    this.waiting = setTimeout(() => this.ask(), this.idle);
  }

  ask() {
    let seconds = Number(this.dataset.countdown);
    this.left.value = seconds;
    this.hidden = false;
    this.stay.focus();
    this.ticking = setInterval(() => {
      seconds -= 1;
      this.left.value = seconds;
      if (seconds <= 0) {
        clearInterval(this.ticking);
        this.querySelector("form").submit();
      }
    }, 1000);
  }
});
