// <read-aloud hidden>: a button that reads the screen, shown only where the device has a voice for its language.
const language = document.documentElement.lang;

customElements.define("read-aloud", class extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => this.read());
    addEventListener("pagehide", () => globalThis.speechSynthesis?.cancel());
    globalThis.speechSynthesis?.addEventListener("voiceschanged", () => this.look());
    this.look();
  }

  look() {
    this.voice = globalThis.speechSynthesis?.getVoices().find((voice) => voice.lang.toLowerCase().startsWith(language));
    this.hidden = !this.voice;
  }

  read() {
    if (speechSynthesis.speaking) return speechSynthesis.cancel();
    const spoken = new SpeechSynthesisUtterance(document.querySelector("main").innerText);
    spoken.voice = this.voice;
    spoken.lang = this.voice.lang;
    spoken.rate = 0.9;
    speechSynthesis.speak(spoken);
  }
});
