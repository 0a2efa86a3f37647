// <print-button hidden>: shows itself only where there is script, then prints the page.
customElements.define("print-button", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.tabIndex = 0;
    this.setAttribute("role", "button");
    this.addEventListener("click", () => print());
    this.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); print(); }
    });
  }
});
