// A keyboard on the screen for whichever field is being written in (vendor/simple-keyboard; without it the device's own serves).
const Keyboard = globalThis.SimpleKeyboard?.default;
const WRITABLE = "textarea, input:not([type=hidden], [type=radio], [type=checkbox])";

// Only what a complaint needs: no tab, no caps lock, no English words on the keys.
const layout = {
  default: ["1 2 3 4 5 6 7 8 9 0 {bksp}", "q w e r t y u i o p -", "a s d f g h j k l ' {enter}", "{shift} z x c v b n m , . ?", "@ / {space} ! :"],
  shift: ["1 2 3 4 5 6 7 8 9 0 {bksp}", "Q W E R T Y U I O P _", 'A S D F G H J K L " {enter}', "{shift} Z X C V B N M ; . ?", "@ + {space} ( )"],
};
const display = { "{bksp}": "⌫", "{enter}": "↵", "{shift}": "⇧", "{space}": " " };

if (Keyboard) {
  let field = null;
  let board = null;
  const place = document.createElement("div");

  const write = (text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const press = (key) => {
    if (key === "{shift}") {
      board.setOptions({ layoutName: board.options.layoutName === "default" ? "shift" : "default" });
    }
  };

  addEventListener("focusin", (event) => {
    // The next screen has begun: what was written in is gone from it.
    if (board && event.target.matches("h1")) place.hidden = true;
    if (!event.target.matches(WRITABLE)) return;
    field = event.target;
    if (!board) {
      place.className = "touch-keyboard simple-keyboard";
      place.setAttribute("aria-hidden", "true");
      document.body.append(place);
      board = new Keyboard(place, { layout, display, onChange: write, onKeyPress: press, preventMouseDownDefault: true, newLineOnEnter: true });
    }
    place.hidden = false;
    board.setInput(field.value);
    field.scrollIntoView({ block: "center" });
  });
  addEventListener("input", (event) => {
    if (event.isTrusted && event.target === field) board.setInput(field.value);
  });
}
