// Bokeh plots made from a cached template: embedding, theme, and painting only what can be seen, at most four times a second.
import { $$, make } from "./dom.js";

const EVERY = 250; // ms between two paints
const templates = new Map();

async function template(url) {
  if (!templates.has(url)) templates.set(url, fetch(url).then((answer) => answer.json()));
  return structuredClone(await templates.get(url));
}

export class Plots {
  /** ``address`` has THEME in place of the theme; ``paint(plots)`` writes data into sources, ``names`` says what changed. */
  constructor(address, paint) {
    this.address = address;
    this.paint = paint;
    this.figures = new Map();
    this.dirty = new Set();
    this.seen = new Set();
    this.watch = new IntersectionObserver((entries) => {
      for (const entry of entries) entry.isIntersecting ? this.seen.add(entry.target) : this.seen.delete(entry.target);
      this.wake();
    });
    document.addEventListener("visibilitychange", () => this.wake());
    document.addEventListener("foveal:theme", () => this.embed());
  }

  /** Make the figures of the present theme in the elements that name them (data-plots="loss loss-log"). */
  async embed() {
    const turn = (this.turn = (this.turn || 0) + 1);
    const made = await template(this.address.replace("THEME", document.documentElement.dataset.bsTheme));
    if (turn !== this.turn) return; // the theme was switched again meanwhile
    window.Bokeh.set_log_level("error"); // it warns of each plot that has no data yet
    const places = new Map();
    for (const holder of $$("[data-plots]")) {
      const hidden = new Set($$(":scope > div[hidden]", holder).map((div) => div.dataset.name));
      holder.replaceChildren();
      holder.dataset.plots.split(" ").forEach((name, index) => {
        const box = make("div", { hidden: this.figures.size ? hidden.has(name) : index > 0 });
        box.dataset.name = name;
        holder.append(box);
        places.set(name, box);
      });
      this.watch.observe(holder);
    }
    this.document = window.Bokeh.require("document").Document.from_json(made.document);
    this.figures = new Map(made.roots.map((name, index) => [name, this.document.roots()[index]]));
    await window.Bokeh.embed.add_document_standalone(this.document, document.body, made.roots.map((name) => places.get(name)));
    this.onEmbedded?.();
    this.touch();
  }

  source(name) {
    return this.document.get_model_by_name(name);
  }

  /** All renderers of a curve, in every figure. */
  renderers(curve) {
    const found = [];
    for (const figure of this.figures.values()) {
      for (const item of figure.renderers) if (item.data_source?.name === curve) found.push(item);
    }
    return found;
  }

  /** Note that curves (all, if none is named) have changed; they are painted when their turn comes and they are in view. */
  touch(...names) {
    for (const name of names.length ? names : ["*"]) this.dirty.add(name);
    this.wake();
  }

  wake() {
    if (this.waiting || !this.document || document.hidden || !this.dirty.size) return;
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      if (document.hidden) return;
      const late = this.paint(this.dirty, (element) => this.seen.has(element)) || new Set();
      this.dirty = late;
      if (late.size && late.has("now")) this.wake();
    }, Math.max(0, EVERY - (performance.now() - (this.last || -EVERY))));
    this.last = performance.now();
  }
}

/** Mark a plot's holder as empty or not: its words stand there until there is data. */
export function markEmpty(name, empty) {
  const holder = $$("[data-plots]").find((item) => item.dataset.plots.split(" ").includes(name));
  holder?.classList.toggle("fv-empty", empty);
}

