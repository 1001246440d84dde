// One unit at the side: its picture in the current view, its weights by input, and what else is known of it.
import { $, make } from "../dom.js";
import { data, layerUrl, png, short, visualize, weights, weightsFile, weightsPicture } from "./api.js";
import { facts, figureRow } from "./figures.js";
import { chosen } from "./given.js";

const box = document.getElementById("unit"), body = document.getElementById("unit-body");
let turn = 0, shown = null;

export const current = () => shown;

function picture(view, unit, words) {
  const big = make("div", { className: "fv-big", role: "img" });
  big.setAttribute("aria-label", words);
  view.big(big, unit);
  return make("figure", {}, big, make("figcaption", { textContent: words }));
}

/** Explaining this unit on the chosen image. */
function explainLink(layer, unit) {
  const address = new URL(data.urls.explain, location.href), record = chosen()?.record;
  const values = { layer: layer.name, unit, ...(record || {}), checkpoint: document.getElementById("checkpoint").value };
  for (const [name, value] of Object.entries(values)) address.searchParams.set(name, value);
  return make("a", { href: address, className: "btn btn-sm", textContent: "Which pixels excite it?" });
}

async function synthetic(layer, unit, mine, place) {
  for (let tries = 0; tries < 400 && mine === turn && !document.hidden; tries += 1) {
    const { units: [found] } = await visualize({ layer: layer.name, units: [unit], have: { [unit]: place.steps ?? 0 } });
    if (mine !== turn) return;
    if (found.picture) {
      place.steps = found.steps;
      place.image.src = png(found.picture);
      place.image.hidden = false;
    }
    place.words.textContent = found.dead ? "Dead: no image excites it." : found.steps ? `synthetic, ${short(found.value)} after ${found.steps} steps` : "synthetic image, being made …";
    if (found.done) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function weightParts(layer, unit, mine, room) {
  const found = await weights(layer.name, { unit });
  if (mine !== turn) return;
  const inputs = found.shape[1];
  room.append(make("h3", { textContent: found.shape.length > 2 ? `Its filter, by input channel (${inputs})` : "Its weights" }),
    make("img", { className: "fv-parts", alt: `Weights of unit ${unit} for each input`, src: weightsPicture(layer.name, { unit }) }));
  if (found.figures) room.append(figureRow("Weights", found.figures, { Bias: found.bias === null ? undefined : short(found.bias) }));
  room.append(make("a", { href: weightsFile(layer.name, unit), textContent: "Weights as .npy", className: "small" }));
}

/** Show a unit; what is known at once is there at once. */
export function showUnit(layer, unit, view, others) {
  const mine = (turn += 1);
  shown = { layer, unit };
  box.hidden = false;
  $("#unit-title").replaceChildren("Unit ", make("b", { textContent: unit }), " ", make("span", { className: "fv-sub", textContent: `of ${layer.units}` }));
  const place = { image: make("img", { className: "fv-parts", alt: `Synthetic image for unit ${unit}`, hidden: true }), words: make("figcaption", { textContent: "synthetic image …" }) };
  const own = view.name === "synthetic" || !view.order.length ? [] : [picture(view, unit, view.words(unit))];
  const pair = make("div", { className: "fv-pair" }, ...own, make("figure", {}, place.image, place.words));
  const room = make("div");
  body.replaceChildren(pair, make("div", { className: "d-flex gap-2 flex-wrap mt-2" }, explainLink(layer, unit), make("a", { href: `${layerUrl(layer.name)}/units/${unit}`, className: "btn btn-sm", textContent: "Link to this unit" })), room);
  if (others?.length) room.append(make("h3", { textContent: "Nearly the same weights" }), facts([["Units", others.join(", ")]]));
  const wrong = (error) => { if (mine === turn) place.words.textContent = error.message; };
  synthetic(layer, unit, mine, place).catch(wrong);
  if (layer.weights) weightParts(layer, unit, mine, room).catch((error) => { if (mine === turn) room.append(make("div", { className: "text-danger small", textContent: error.message })); });
}

export function hideUnit() { turn += 1; shown = null; box.hidden = true; }
