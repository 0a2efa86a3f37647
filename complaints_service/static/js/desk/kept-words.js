// <kept-words data-key="LT-2026-000417">: what is being written on a ticket stays in this tab until the page after it says that it was
// taken (data-taken), so that an expired session or a closed page costs nobody an answer. Signing out forgets everything.
const PREFIX = "desk-words:";

class KeptWords extends HTMLElement {
  connectedCallback() {
    const own = `${PREFIX}${this.dataset.key}:`;
    if (this.hasAttribute("data-taken")) {
      Object.keys(sessionStorage).filter((key) => key.startsWith(own)).forEach((key) => sessionStorage.removeItem(key));
    }
    for (const field of this.querySelectorAll("textarea")) {
      const kept = sessionStorage.getItem(own + field.id);
      if (kept && !field.value) {
        field.value = kept;
        field.closest("details")?.setAttribute("open", "");
      }
      field.addEventListener("input", () => sessionStorage.setItem(own + field.id, field.value));
    }
    document.querySelector("form[action='/keluar']")?.addEventListener("submit", () => {
      Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => sessionStorage.removeItem(key));
    });
  }
}

customElements.define("kept-words", KeptWords);
