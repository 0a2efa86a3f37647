// <undo-bar data-seconds="8">: counts down and goes away when the deed can no longer be taken back; the server decides anyway.
class UndoBar extends HTMLElement {
  connectedCallback() {
    const end = performance.now() + Number(this.dataset.seconds) * 1000;
    const clock = this.querySelector("[data-left]");
    this.timer = setInterval(() => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left <= 0) this.remove();
      else if (clock) clock.textContent = String(left);
    }, 250);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }
}

customElements.define("undo-bar", UndoBar);
