// A keyboard on the screen for whichever field is being written in (vendor/simple-keyboard; without it the device's own serves).
const Keyboard = globalThis.SimpleKeyboard?.default;
const WRITABLE = "textarea, input:not([type=hidden], [type=radio], [type=checkbox])";

if (Keyboard) {
  let field = null;
  let board = null;

  const write = (text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const press = (key) => {
    if (key === "{shift}" || key === "{lock}") {
      board.setOptions({ layoutName: board.options.layoutName === "default" ? "shift" : "default" });
    }
  };

  addEventListener("focusin", (event) => {
    if (!event.target.matches(WRITABLE)) return;
    field = event.target;
    if (!board) {
      const place = document.createElement("div");
      place.className = "touch-keyboard simple-keyboard";
      place.setAttribute("aria-hidden", "true");
      document.body.append(place);
      board = new Keyboard(place, { onChange: write, onKeyPress: press, preventMouseDownDefault: true, newLineOnEnter: true });
    }
    board.setInput(field.value);
    field.scrollIntoView({ block: "center" });
  });
  addEventListener("input", (event) => {
    if (event.isTrusted && event.target === field) board.setInput(field.value);
  });
}
