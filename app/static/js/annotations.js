// Boxes, outlines, keypoints and masks over a record's picture, each class in its colour; the legend shows and hides them.
import { $, $$, make, svg as shape } from "./dom.js";

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** The SVG of all objects, in pixels of the picture. */
function drawn(marked, colours) {
  const svg = shape("svg", { viewBox: `0 0 ${marked.width} ${marked.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const thing of marked.objects) {
    const group = shape("g", { "data-label": thing.label, stroke: colours.get(thing.label), fill: colours.get(thing.label) });
    if (thing.flags.length) group.classList.add("fv-doubtful");
    const [left, top, right, bottom] = thing.box;
    const title = shape("title", {});
    title.textContent = [thing.class, ...thing.flags].join(", ");
    group.append(title);
    if (thing.holes.length) group.append(shape("path", { d: [...thing.polygons, ...thing.holes].map((points) => `M${points.join(" ")}Z`).join(""), "fill-rule": "evenodd" }));
    else for (const points of thing.polygons) group.append(shape("polygon", { points: points.join(" ") }));
    group.append(shape("rect", { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) }));
    for (const [x, y, seen] of thing.keypoints) if (seen > 0) group.append(shape("circle", { cx: x, cy: y, r: Math.max(1.5, marked.width / 160), class: seen > 1 ? "" : "fv-hidden-point" }));
    svg.append(group);
  }
  return svg;
}

/** A canvas with the mask's classes in their colours; `hidden` are labels that are not painted. */
async function painted(address, marked, colours, hidden) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.drawImage(image, 0, 0);
  const numbers = brush.getImageData(0, 0, canvas.width, canvas.height).data.slice();
  const paint = () => {
    const out = brush.createImageData(canvas.width, canvas.height);
    for (let at = 0; at < numbers.length; at += 4) {
      const colour = hidden.has(numbers[at]) ? undefined : colours.get(numbers[at]);
      if (colour) { [out.data[at], out.data[at + 1], out.data[at + 2]] = colour; out.data[at + 3] = 255; }
    }
    brush.putImageData(out, 0, 0);
  };
  paint();
  return { canvas, paint };
}

function legend(marked, hidden, changed) {
  return marked.classes.map((item) => {
    const swatch = make("i");
    swatch.style.background = item.colour;
    const share = marked.mask ? `${Math.max(0.1, (100 * item.count) / (marked.width * marked.height)).toFixed(1)} %` : String(item.count);
    const button = make("button", { type: "button", className: "fv-mark" }, swatch, item.name, " ", make("b", { textContent: share }));
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const shown = hidden.delete(item.label) || !hidden.add(item.label);
      button.setAttribute("aria-pressed", String(shown));
      changed(item.label, shown);
    });
    return button;
  });
}

/** Fill one holder (data-objects, data-mask: addresses) with what is marked in its record. */
export async function annotate(holder) {
  const answer = await fetch(holder.dataset.objects).catch(() => null);
  const list = $("[data-legend]", holder);
  if (!answer?.ok) { list.textContent = "What is marked here cannot be shown."; return; }
  const marked = await answer.json(), hidden = new Set();
  const picture = $("[data-picture]", holder);
  const colours = new Map(marked.classes.map((item) => [item.label, item.colour]));
  let mask = null;
  const svg = drawn(marked, colours);
  if (marked.mask) {
    mask = await painted(holder.dataset.mask, marked, new Map(marked.classes.map((item) => [item.label, channels(item.colour)])), hidden);
    picture.append(mask.canvas);
    const strength = $("[data-strength]", holder);
    strength.hidden = false;
    const set = () => { mask.canvas.style.opacity = $("input", strength).value; };
    strength.addEventListener("input", set);
    set();
  } else picture.append(svg);
  list.replaceChildren(...legend(marked, hidden, (label, shown) => {
    for (const group of $$(`[data-label="${label}"]`, svg)) group.style.display = shown ? "" : "none";
    mask?.paint();
  }));
  if (!marked.classes.length) list.textContent = "Nothing is marked in this image.";
}

const begin = (within) => { for (const holder of $$("[data-objects]:not([data-begun])", within)) { holder.dataset.begun = ""; annotate(holder); } };
begin(document);
// the explorer's dialog gets its content later
const viewer = document.getElementById("viewer-body");
if (viewer) new MutationObserver(() => begin(viewer)).observe(viewer, { childList: true, subtree: true });
