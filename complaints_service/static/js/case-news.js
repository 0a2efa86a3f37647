// <case-news hidden data-stream="...">: shows itself when the case has news. It listens only while somebody looks at the page.
class CaseNews extends HTMLElement {
  connectedCallback() {
    document.addEventListener("visibilitychange", this);
    this.handleEvent();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this);
    this.close();
  }

  handleEvent() {
    if (document.hidden) this.close();
    else if (this.hidden && !this.source) this.listen();
  }

  listen() {
    this.source = new EventSource(this.dataset.stream);
    this.source.addEventListener("changed", () => {
      this.hidden = false;
      this.close();
    });
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}

customElements.define("case-news", CaseNews);
