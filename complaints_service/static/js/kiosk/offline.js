// <offline-visit data-start data-key>: the screens of the kiosk in one page, while there is no line. The answers live in this page alone
// and go with it; what is sent goes into the queue (queue.js), and the person gets a provisional receipt.
import { keep } from "./queue.js";
import { drawSlipCode } from "./slip-code.js";

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LEAST = 10;
const ASKED = ["category", "description", "privacy", "reporter.name", "reporter.phone"];

const letters = (count) => Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => LETTERS[byte & 31]).join("");

customElements.define("offline-visit", class extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form[novalidate]");
    const { screen, form } = JSON.parse(this.dataset.start || '{"screen":"home","form":{}}');
    // The id under which the page sent it, if it did: the same form, however it arrives.
    this.formId = form.form_id || crypto.randomUUID();
    for (const name of ASKED) if (form[name]) this.form.elements.namedItem(name).value = form[name];
    this.addEventListener("click", (event) => this.press(event.target.closest("[data-go]")));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const switching of document.querySelectorAll('[action="/kios/tampilan"]')) {
      switching.addEventListener("submit", (event) => {
        event.preventDefault();
        const on = document.body.classList.toggle(`kiosk-${event.submitter.value}`);
        event.submitter.setAttribute("aria-pressed", on);
      });
    }
    addEventListener("kios-sent", ({ detail }) => this.arrived(detail.get(this.formId)));
    this.go(screen);
  }

  press(button) {
    if (!button) return;
    if (button.dataset.category !== undefined) this.form.elements.category.value = button.dataset.category;
    this.go(button.dataset.go);
  }

  go(wanted) {
    const short = ["who", "check", "send"].includes(wanted) && this.form.elements.description.value.trim().length < LEAST;
    this.querySelector("[data-short]").hidden = !short;
    const screen = short ? "what" : wanted;
    if (screen === "send") return this.send();
    if (screen === "check") this.fillCheck();
    this.show(screen);
    if (short) this.form.elements.description.focus();
  }

  show(screen) {
    const sections = [...this.querySelectorAll("[data-screen]")];
    const shown = sections.find((one) => one.dataset.screen === screen) ?? sections[0];
    for (const one of sections) one.hidden = one !== shown;
    shown.querySelector("h1").focus();
    scrollTo(0, 0);
  }

  answers() {
    const given = Object.fromEntries(ASKED.map((name) => [name, this.form.elements.namedItem(name).value.trim()]));
    if (given.privacy === "anonymous") given["reporter.name"] = given["reporter.phone"] = "";
    return { kind: "complaint", ...given };
  }

  fillCheck() {
    const answers = this.answers();
    for (const row of this.querySelectorAll("[data-row]")) {
      const name = row.dataset.row;
      const chosen = { category: `[data-category="${answers.category}"]`, privacy: `[name=privacy][value="${answers.privacy}"] + label` }[name];
      row.textContent = (chosen ? this.querySelector(chosen)?.textContent.trim() : answers[name]) || row.dataset.none;
    }
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    const receipt = `S-${letters(4)}-${letters(2)}`;
    const code = `${letters(4)}-${letters(4)}-${letters(2)}`;
    const language = document.documentElement.lang;
    const form = { answers: this.answers(), language, filed_at: new Date().toISOString(), receipt, code };
    try {
      await keep(this.formId, form, this.dataset.key);
    } catch {
      // No room or no cipher: nothing was kept, and the person must know.
      this.sending = false;
      return this.show("failed");
    }
    this.querySelector("[data-receipt]").textContent = receipt;
    this.querySelector("[data-code]").textContent = code;
    drawSlipCode(this.querySelector("[data-patterns]"), (receipt.slice(1) + code).replaceAll("-", ""));
    this.querySelector("[data-at]").textContent = new Date().toLocaleString(language, { dateStyle: "full", timeStyle: "short" });
    this.form.reset();
    this.show("sent");
    dispatchEvent(new Event("kios-kept"));
  }

  arrived(number) {
    if (!number) return;
    const line = this.querySelector("[data-arrived]");
    line.textContent = line.dataset.arrived.replace("{number}", number);
    line.hidden = false;
  }
});
