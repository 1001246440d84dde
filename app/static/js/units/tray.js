// Up to four units side by side, whatever layer they are of.
import { make, toast } from "../dom.js";
import { layerUrl, png, visualize, weightsPicture } from "./api.js";

const box = document.getElementById("tray"), held = [];

function draw() {
  box.hidden = held.length === 0;
  box.replaceChildren(...held.map((item) => item.figure));
}

/** Add a unit with its synthetic image and its filter; a fifth pushes the first out. */
export async function pin(layer, unit) {
  const key = `${layer.name}/${unit}`;
  if (held.some((item) => item.key === key)) { toast("This unit is in the tray already."); return; }
  const image = make("img", { className: "fv-parts", alt: `Synthetic image of unit ${unit} of ${layer.name}`, hidden: true, width: 152 });
  const close = make("button", { type: "button", className: "btn-close", ariaLabel: "Take out of the tray" });
  const parts = layer.weights ? [make("img", { className: "fv-parts", alt: "Its weights", width: 152, src: weightsPicture(layer.name, { unit }) })] : [];
  parts.forEach((part) => { part.style.maxHeight = "5rem"; });
  const figure = make("figure", {}, image, ...parts, make("figcaption", {}, make("a", { href: `${layerUrl(layer.name)}/units/${unit}`, textContent: `${layer.name}, unit ${unit}` })), close);
  const item = { key, figure };
  close.addEventListener("click", () => { held.splice(held.indexOf(item), 1); draw(); });
  held.push(item);
  if (held.length > 4) held.shift();
  draw();
  let steps = 0;
  while (held.includes(item)) {
    const { units: [found] } = await visualize({ layer: layer.name, units: [unit], have: { [unit]: steps } });
    if (found.picture) { steps = found.steps; image.src = png(found.picture); image.hidden = false; }
    if (found.done) return;
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
}
