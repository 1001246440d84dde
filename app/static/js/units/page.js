// The page of layers and units: which layer, which view, which unit; everything of it is in the address.
import { $, $$, ask, make, Refusal, toast } from "../dom.js";
import { checkpoint, data, layerUrl, listLayers, short, weights, weightsPicture } from "./api.js";
import { drawLegend } from "./colours.js";
import { facts, figureRow } from "./figures.js";
import { chosen, first as firstImage, onChosen } from "./given.js";
import { synthesisFields } from "./options.js";
import { Tiles } from "./tiles.js";
import { pin } from "./tray.js";
import { current, hideUnit, showUnit } from "./unit.js";
import { Activations, Synthetic, Weights } from "./views.js";

const asked = new URLSearchParams(location.search);
let layers = [], layer = null, frozen = false, turn = 0;
const changed = (places, error) => {
  if (view !== views.synthetic) return;
  if (places) tiles.repaint(places); else open(layer.name, { keep: true });
  sayState();
  $("#layer-error").textContent = error || "";
};
const views = { weights: new Weights(changed), synthetic: new Synthetic(changed), activations: new Activations(changed) };
for (const [name, item] of Object.entries(views)) item.name = name;
let view = views[asked.get("view")] || views.weights;
const tiles = new Tiles($("#tiles"), { paint: (tile, place) => view.paint(tile, place), choose: (place) => choose(view.unitAt(place)), seen: (from, to) => view.seen(from, to) });

function sayState() {
  const made = view === views.synthetic ? [...views.synthetic.pictures.values()].filter((item) => item.done).length : 0;
  const total = view.order.length;
  $("#view-state").textContent = view === views.synthetic ? `${made} of ${total} made${views.synthetic.busy ? " …" : ""}` : total ? `${total.toLocaleString("en")} units` : "";
  $("#stop").hidden = !(view === views.synthetic && views.synthetic.busy);
}

function address(unit) {
  const next = new URL(`${layerUrl(layer.name)}${unit === undefined || unit === null ? "" : `/units/${unit}`}`, location.href), now = new URLSearchParams(location.search);
  for (const name of ["split", "index"]) if (now.has(name)) next.searchParams.set(name, now.get(name));
  if (view.name !== "weights") next.searchParams.set("view", view.name);
  if (checkpoint() !== data.checkpoint || asked.has("checkpoint")) next.searchParams.set("checkpoint", checkpoint());
  return next;
}

function choose(unit, push = true) {
  if (unit === undefined) return;
  tiles.mark(view.placeOf(unit));
  if (push) history.replaceState({ layer: layer.name, unit }, "", address(unit));
  if (frozen) return;
  const alike = (views.weights.layer === layer && views.weights.facts?.duplicates || []).filter((pair) => pair.includes(unit)).map(([a, b]) => (a === unit ? b : a));
  showUnit(layer, unit, view, alike);
}

function listed() {
  const words = $("#layer-search").value.trim().toLowerCase();
  const named = layers.filter((item) => item.name.toLowerCase().includes(words)), found = named.length ? named : layers.filter((item) => item.kind.toLowerCase().includes(words));
  $("#layer-list").replaceChildren(...found.map((item) => {
    const link = make("a", { href: layerUrl(item.name), className: item.weights ? "" : "plain" }, make("b", { textContent: item.name }), make("span", { textContent: item.units }), make("small", { textContent: `${item.kind}${item.grid.length ? ` · ${item.grid.join("×")}` : ""}` }));
    link.dataset.layer = item.name;
    if (item === layer) link.setAttribute("aria-current", "page");
    return make("li", {}, link);
  }));
}

async function more() {
  const box = $("#layer-more"), found = views.weights.facts, here = layer;
  box.replaceChildren();
  if (view !== views.weights || !found) {
    if (view === views.activations && view.found) box.append(figureRow("Values for this image", view.found.figures, { "Silent units": view.found.dead }));
    return;
  }
  const unitLinks = (units) => make("span", { className: "fv-links" }, ...units.map((unit) => make("a", { href: `${layerUrl(layer.name)}/units/${unit}`, textContent: unit })));
  box.append(figureRow("Weights", found.figures, { Shape: found.shape.join(" × ") }));
  if (found.bias) box.append(figureRow("Biases", found.bias));
  if (found.dead.length) box.append(make("h3", { textContent: `Dead: weights next to zero (${found.dead.length})` }), unitLinks(found.dead));
  if (found.duplicates.length) box.append(make("h3", { textContent: `Nearly the same weights (${found.duplicates.length} pairs)` }), facts([["Pairs", found.duplicates.slice(0, 20).map(([a, b]) => `${a} and ${b}`).join(", ")]]));
  if (found.shape.length === 2) {
    const { step } = await weights(layer.name, { matrix: true });
    if (here !== layer) return;
    const picture = make("img", { className: "fv-parts", alt: `The weights of ${layer.name} as a matrix`, src: weightsPicture(layer.name, { matrix: true }) });
    Object.assign(picture.style, { maxHeight: "20rem", imageRendering: "pixelated" });
    box.append(make("h3", { textContent: `As a matrix: a row for each unit${step > 1 ? `, ${step} × ${step} weights a pixel` : ""}` }), picture);
  }
}

function head() {
  $("#layer-name").textContent = layer.name;
  const size = layer.grid.length ? `${layer.units} units, maps of ${layer.grid.join(" × ")}` : `${layer.units} units`;
  $("#layer-facts").textContent = `${layer.kind} · ${size}${layer.parameters ? ` · ${layer.parameters.toLocaleString("en")} parameters` : ""}`;
  for (const button of $$("#views button")) {
    button.classList.toggle("active", button.dataset.view === view.name);
    button.setAttribute("aria-pressed", button.dataset.view === view.name);
    if (button.dataset.view === "weights") button.disabled = !layer.weights;
  }
  $("#order").replaceChildren(...view.orders.map(([value, text]) => make("option", { value, textContent: text })));
  $("#image-bar").hidden = view !== views.activations;
  $("#synthetic-options").hidden = view !== views.synthetic;
}

/** Open a layer in the current view. */
async function open(name, { unit = null, order = null, keep = false } = {}) {
  const mine = (turn += 1), next = layers.find((item) => item.name === name);
  if (!next) { $("#layer-error").textContent = `This model has no layer ${name}.`; return; }
  if (layer && next !== layer) views.synthetic.stop();
  if (next !== layer && !frozen) hideUnit();
  layer = next;
  if (view === views.weights && !layer.weights) view = views.synthetic;
  const chosenOrder = order || (keep ? $("#order").value : view.orders[0][0]);
  head();
  $("#order").value = chosenOrder;
  listed();
  $("#layer-list [aria-current]")?.scrollIntoView({ block: "nearest" });
  $("#layer-error").textContent = "";
  if (view === views.activations && !chosen()) { await firstImage(); return; }
  try {
    await view.start(layer, chosenOrder);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (mine === turn) { $("#layer-error").textContent = error.message; tiles.reset(0); }
    return;
  }
  if (mine !== turn) return;
  if (view === views.activations && view.answer) { $("#seen").src = `data:image/png;base64,${view.answer.seen}`; $("#seen-words").textContent = `${chosen().words} · the model says ${view.answer.predictions[0].class}`; }
  tiles.reset(view.order.length);
  const legend = view.legend;
  drawLegend($("#legend"), legend?.[0], legend?.[1], short);
  history.replaceState({ layer: name, unit }, "", address(unit));
  document.title = `${layer.name} of ${data.name} · Foveal`;
  sayState();
  more().catch((error) => toast(error.message, true));
  if (unit !== null && unit < layer.units) choose(unit, false);
  else if (current()?.layer === layer) choose(current().unit, false);
}

function go(name, unit = null) {
  if (name === layer?.name && unit !== null) { choose(unit); return; }
  history.pushState({ layer: name, unit }, "", layerUrl(name) + location.search);
  open(name, { unit });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#inside a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !link.pathname.includes("/layers/")) return;
  event.preventDefault();
  const parts = link.pathname.slice(link.pathname.indexOf("/layers/") + 8).split("/").map(decodeURIComponent);
  go(parts[0], parts[2] === undefined ? null : Number(parts[2]));
});
window.addEventListener("popstate", (event) => { if (event.state?.layer) open(event.state.layer, { unit: event.state.unit ?? null }); });
$("#views").addEventListener("click", (event) => {
  const name = event.target.closest("button")?.dataset.view;
  if (!name || views[name] === view) return;
  views.synthetic.stop();
  view = views[name];
  open(layer.name, { unit: current()?.layer === layer ? current().unit : null });
});
$("#order").addEventListener("change", () => open(layer.name, { order: $("#order").value }));
$("#tile-size").addEventListener("input", () => { tiles.size = Number($("#tile-size").value); tiles.layout(); });
$("#stop").addEventListener("click", () => { views.synthetic.stop(); sayState(); });
$("#layer-search").addEventListener("input", listed);
$("#checkpoint").addEventListener("change", () => { const next = new URL(location.href); next.searchParams.set("checkpoint", checkpoint()); location.assign(next); });
$("#pin").addEventListener("click", () => pinned());
$("#freeze").addEventListener("click", () => freeze());
onChosen(() => { if (view === views.activations && layer) open(layer.name, { keep: true }); });

const pinned = () => { const now = current(); if (now) pin(now.layer, now.unit).catch((error) => toast(error.message, true)); };
function freeze() {
  frozen = !frozen;
  $("#freeze").setAttribute("aria-pressed", frozen);
  $("#freeze").classList.toggle("active", frozen);
}
const step = (by) => { const next = Math.max(0, Math.min(view.order.length - 1, tiles.current < 0 ? 0 : tiles.current + by)); if (view.order.length) choose(view.unitAt(next)); };
const stepLayer = (by) => { const next = layers[layers.indexOf(layer) + by]; if (next) go(next.name); };
const KEYS = { j: () => step(1), k: () => step(-1), "[": () => stepLayer(-1), "]": () => stepLayer(1), f: freeze, p: pinned, "/": () => $("#layer-search").focus(), "?": () => $("#help").showModal() };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && event.target === $("#layer-search")) { event.target.value = ""; listed(); event.target.blur(); }
  if (event.key === "Enter" && event.target === $("#layer-search")) { $("#layer-list a")?.click(); event.target.blur(); return; }
  if (event.target.matches("input, select, textarea") || $("dialog[open]") || !layer || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
synthesisFields($("#synthetic-fields"), () => ask(data.urls.options), (options) => views.synthetic.remake(options));

try {
  ({ layers } = await listLayers());
  const { layer: name, unit } = data.open;
  await open(name || (layers.find((item) => item.weights) || layers[0]).name, { unit });
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  $("#layer-list").replaceChildren(make("li", { className: "text-danger p-3 fv-break", textContent: error.message }));
}
