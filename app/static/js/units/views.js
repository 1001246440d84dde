// What the tiles of a layer show: weights, synthetic images, or values for an image. Each view has the same few methods:
// orders, start(layer), paint(tile, place), unitAt(place), placeOf(unit), seen(first, last), big(element, unit), words(unit).
import { aboutImage, cancel, png, short, visualize, weights, weightsPicture } from "./api.js";
import { chosen } from "./given.js";
import { fromSheet } from "./tiles.js";

const PAGE = 256;
const rankOf = (order) => { const places = new Map(); order.forEach((unit, place) => places.set(unit, place)); return places; };
const inOrder = (count) => Array.from({ length: count }, (_, unit) => unit);

class View {
  constructor(changed) { this.changed = changed; this.order = []; }
  unitAt(place) { return this.order[place]; }
  placeOf(unit) { return this.places.get(unit) ?? -1; }
  sorted(order) { this.order = order; this.places = rankOf(order); }
  seen() {}
  stop() {}
  label(tile, unit, words) { tile.setAttribute("aria-label", `Unit ${unit}${words ? `: ${words}` : ""}`); tile.title = `unit ${unit}${words ? ` · ${words}` : ""}`; }
}

export class Weights extends View {
  orders = [["network", "As in the network"], ["norm", "Largest weights first"]];
  async start(layer, order) {
    const facts = layer.weights ? await weights(layer.name, { count: PAGE }) : null;
    Object.assign(this, { layer, facts }); // together: tiles that are drawn meanwhile are still those of the old layer
    if (!this.facts) { this.sorted([]); return; }
    const units = inOrder(this.facts.units);
    if (order === "norm") units.sort((a, b) => this.facts.norms[b] - this.facts.norms[a] || a - b);
    this.sorted(units);
    this.dead = new Set(this.facts.dead);
  }
  big(element, unit) {
    const first = Math.floor(unit / PAGE) * PAGE, count = Math.min(PAGE, this.facts.units - first);
    fromSheet(element, weightsPicture(this.layer.name, { first, count: PAGE }), unit - first, count);
  }
  paint(tile, place) {
    const unit = this.unitAt(place);
    this.big(tile.firstChild, unit);
    tile.classList.toggle("dead", this.dead.has(unit));
    this.label(tile, unit, this.words(unit));
  }
  words(unit) { return this.facts ? `norm ${short(this.facts.norms[unit])}` : ""; }
  get legend() { return this.facts && [this.facts.colours, this.facts.limit]; }
}

export class Activations extends View {
  orders = [["network", "As in the network"], ["activation", "Strongest first"], ["contribution", "What adds most to the answer first"]];
  async start(layer, order) {
    this.layer = layer;
    this.sorted([]);
    if (!chosen()) return;
    const answer = await aboutImage("activations", chosen(), { layers: [layer.name], order, count: 4096, top: 1, contributions: order === "contribution" });
    this.answer = answer;
    [this.found] = answer.layers;
    this.url = png(this.found.picture);
    this.sorted(this.found.order);
  }
  big(element, unit) { if (this.placeOf(unit) >= 0) fromSheet(element, this.url, this.placeOf(unit), this.order.length); }
  paint(tile, place) {
    const unit = this.unitAt(place);
    this.big(tile.firstChild, unit);
    this.label(tile, unit, this.words(unit));
  }
  words(unit) {
    const place = this.places.get(unit);
    if (place === undefined) return "";
    const { most, active, contribution } = this.found.values;
    return `largest ${short(most[place])}, active in ${(100 * active[place]).toFixed(0)} %${contribution ? `, adds ${short(contribution[place])}` : ""}`;
  }
  get legend() { return this.found && [this.found.colours, this.found.limit]; }
}

export class Synthetic extends View {
  orders = [["network", "As in the network"], ["value", "Most excited first"]];
  pictures = new Map();
  options = {};
  async start(layer, order) {
    if (this.layer?.name !== layer.name) this.pictures.clear();
    this.layer = layer;
    const units = inOrder(layer.units);
    if (order === "value") units.sort((a, b) => (this.pictures.get(b)?.value ?? -Infinity) - (this.pictures.get(a)?.value ?? -Infinity) || a - b);
    this.sorted(units);
    this.paused = false;
  }
  remake(options) { this.stop(); this.options = options; this.pictures.clear(); this.paused = false; this.changed(); }
  seen(first, last) { this.wanted = this.order.slice(first, Math.min(last, first + PAGE)); if (!this.timer && !this.paused) this.ask(0); }
  want(unit) { if (!this.wanted?.includes(unit)) this.wanted = [unit, ...(this.wanted || [])].slice(0, PAGE); if (!this.timer && !this.paused) this.ask(0); }
  ask(wait) { clearTimeout(this.timer); this.timer = setTimeout(() => this.poll(), wait); }
  async poll() {
    const layer = this.layer, units = (this.wanted || []).filter((unit) => !this.pictures.get(unit)?.done);
    if (!units.length || document.hidden) { this.timer = units.length ? setTimeout(() => this.poll(), 1000) : null; this.busy = false; this.changed(new Set()); return; }
    const have = Object.fromEntries(units.map((unit) => [unit, this.pictures.get(unit)?.steps ?? 0]));
    const turn = this.timer;
    let answer;
    try {
      answer = await visualize({ layer: layer.name, units, have, options: this.options });
    } catch (error) { this.timer = null; this.paused = true; this.busy = false; this.changed(new Set(), error.message); return; }
    if (layer !== this.layer || turn !== this.timer) return;
    const changed = new Set();
    for (const unit of answer.units) {
      const old = this.pictures.get(unit.unit);
      if (!unit.picture && old?.done === unit.done && old?.steps === unit.steps) continue;
      this.pictures.set(unit.unit, { ...unit, url: unit.picture ? png(unit.picture) : old?.url });
      changed.add(this.placeOf(unit.unit));
    }
    this.busy = answer.busy;
    this.changed(changed);
    this.ask(answer.busy ? 400 : 50);
  }
  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.paused = true;
    if (this.busy && this.layer) cancel({ layer: this.layer.name, options: this.options }).catch(() => {});
    this.busy = false;
  }
  big(element, unit) {
    const found = this.pictures.get(unit);
    Object.assign(element.style, { backgroundImage: found?.url ? `url("${found.url}")` : "", backgroundSize: "cover", backgroundPosition: "0 0" });
  }
  paint(tile, place) {
    const unit = this.unitAt(place), found = this.pictures.get(unit);
    this.big(tile.firstChild, unit);
    tile.classList.toggle("dead", Boolean(found?.dead));
    tile.classList.toggle("waiting", !found?.done);
    this.label(tile, unit, this.words(unit));
  }
  words(unit) {
    const found = this.pictures.get(unit);
    if (!found?.steps) return "not made yet";
    return found.dead ? "dead: no image excites it" : `excited to ${short(found.value)} after ${found.steps} steps`;
  }
}
