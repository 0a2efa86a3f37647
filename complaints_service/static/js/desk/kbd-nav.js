// <kbd-nav> around the queue: j and k move, Enter opens, / searches, ? shows the keys. One switch turns them off for good;
// they never act inside fields. Without this script the page is links and forms.
const OFF = "desk-keys-off";

class KeyboardNavigation extends HTMLElement {
  connectedCallback() {
    this.help = document.getElementById("desk-keys");
    this.switch = this.help?.querySelector("input[type=checkbox]");
    document.querySelectorAll("[data-needs-script]").forEach((part) => part.removeAttribute("hidden"));
    if (this.switch) {
      this.switch.checked = !this.off;
      this.switch.addEventListener("change", () => this.remember(!this.switch.checked));
    }
    document.querySelectorAll("[data-opens=desk-keys]").forEach((button) => {
      button.addEventListener("click", () => this.help.showModal());
    });
    this.pressed = (event) => this.press(event);
    document.addEventListener("keydown", this.pressed);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.pressed);
  }

  get off() {
    try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
  }

  remember(off) {
    try { off ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF); } catch { /* private windows keep nothing */ }
  }

  get rows() {
    return [...document.querySelectorAll("[data-row-link]")];
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.writes(event.target)) return;
    if (event.key === "?") { this.help?.showModal(); event.preventDefault(); return; }
    if (this.off) return;
    if (event.key === "j") this.move(1, event);
    else if (event.key === "k") this.move(-1, event);
    else if (event.key === "/") this.search(event);
  }

  // Just after the help is closed the focus still stands in it for a moment: that is no field any more.
  writes(target) {
    return target.closest("input, textarea, select, [contenteditable], dialog") && !target.closest("dialog:not([open])");
  }

  search(event) {
    const field = document.getElementById("q");
    field?.focus();
    field?.select();
    event.preventDefault();
  }

  // Focus goes to the row's own link, so Enter opens it without any script, and a screen reader says where one is.
  move(step, event) {
    const rows = this.rows;
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
    event.preventDefault();
  }
}

customElements.define("kbd-nav", KeyboardNavigation);
