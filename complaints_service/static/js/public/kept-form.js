// <kept-form>: what is being written survives a closed browser. data-offline: the page that the worker keeps for times without a network;
// its button puts the form into the outbox instead of sending it.
import { draft, enqueue, forgetDraft, keepDraft } from "./outbox.js";

// Of the page that was filled in, not of the person: another page has its own.
const OWN = new Set(["page", "walk", "return", "made", "step", "website"]);

customElements.define("kept-form", class extends HTMLElement {
  async connectedCallback() {
    this.form = this.querySelector("form.filing");
    this.form.addEventListener("input", () => this.soon());
    this.form.addEventListener("submit", (event) => this.submit(event));
    addEventListener("wiped", () => location.replace("/"));
    this.querySelector("[data-forget]").addEventListener("click", async () => { await forgetDraft(); location.replace("/"); });
    const elements = this.form.elements;
    if (!elements.form_id.value) elements.form_id.value = crypto.randomUUID();
    // A page that came with answers is newer than the draft.
    if ("fresh" in this.dataset) this.fill((await draft())?.fields);
    else if (elements.walk && elements.description?.value) this.soon();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => keepDraft([...new FormData(this.form)]), 400);
  }

  fill(fields) {
    if (!fields) return;
    const { elements } = this.form;
    // Files can only be put back where they are asked for.
    if (!elements.file && fields.some(([, value]) => value instanceof File && value.size)) return location.replace("/lapor");
    for (const [name, value] of fields) {
      const field = elements.namedItem(name);
      if (OWN.has(name) || (name === "service" && elements.walk && field?.value)) continue;
      if (value instanceof File && value.size) {
        const files = new DataTransfer();
        for (const [other, file] of fields) if (other === name) files.items.add(file);
        field.files = files.files;
      } else if (name === "attachments" || (!field && typeof value === "string")) {
        this.form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      } else if (field?.type === "checkbox") field.checked = true;
      else if (field && !(value instanceof Blob)) field.value = value;
    }
    this.querySelector("[data-kept]").hidden = false;
  }

  async submit(event) {
    clearTimeout(this.timer);
    if (!("offline" in this.dataset)) return;
    event.preventDefault();
    const { description } = this.form.elements;
    const short = description.value.trim().length < 10;
    this.querySelector("[data-short]").hidden = !short;
    if (short) return description.focus();
    await enqueue([...new FormData(this.form)]);
    (await navigator.serviceWorker?.ready)?.sync?.register("kirim").catch(() => {});
    for (const part of this.children) part.hidden = !("done" in part.dataset);
    dispatchEvent(new Event("outbox"));
    document.querySelector("outbox-state").scrollIntoView();
    dispatchEvent(new Event("online"));
  }
});
