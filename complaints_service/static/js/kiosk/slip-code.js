// Draws the QR code of a slip: only this device knows which receipt it leads to. What is added up here, and why that works, stands in
// public/slip_code.py.
const ZERO = "0".charCodeAt(0);
const BITS = 7;
const BORDER = 4;
const SVG = "http://www.w3.org/2000/svg";

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function modules(side, patterns, letters) {
  const length = Math.ceil(side * side / 8);
  const sum = patterns.slice(0, length);
  for (let n = 0; n < letters.length * BITS; n += 1) {
    const differs = (letters.charCodeAt(Math.floor(n / BITS)) ^ ZERO) >> (n % BITS) & 1;
    if (differs) for (let at = 0; at < length; at += 1) sum[at] ^= patterns[(n + 1) * length + at];
  }
  return sum;
}

/** Into ``place``, which has data-side and data-patterns. */
export function drawSlipCode(place, letters) {
  const side = Number(place.dataset.side);
  const bits = modules(side, bytesOf(place.dataset.patterns), letters);
  const dark = [];
  for (let n = 0; n < side * side; n += 1) {
    if (bits[n >> 3] >> (7 - n % 8) & 1) dark.push(`M${n % side + BORDER} ${Math.floor(n / side) + BORDER}h1v1h-1z`);
  }
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${side + 2 * BORDER} ${side + 2 * BORDER}`);
  picture.setAttribute("shape-rendering", "crispEdges");
  const path = picture.appendChild(document.createElementNS(SVG, "path"));
  path.setAttribute("d", dark.join(""));
  path.setAttribute("fill", "#000");
  place.replaceChildren(picture);
}
