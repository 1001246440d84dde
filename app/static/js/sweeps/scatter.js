// A scatter plot of models: any option or result against any other.
import { svg } from "../dom.js";

const LEFT = 64, RIGHT = 16, TOP = 12, BOTTOM = 40, HEIGHT = 300;

export class Scatter {
  /** ``onHover(id)`` and ``onOpen(id)`` hear of a model pointed at or clicked. */
  constructor(element, { onHover, onOpen }) {
    Object.assign(this, { element, dots: [], x: null, y: null });
    new ResizeObserver(() => this.draw()).observe(element);
    element.addEventListener("pointerover", (event) => onHover(event.target.dataset?.trial || null));
    element.addEventListener("pointerleave", () => onHover(null));
    element.addEventListener("click", (event) => { if (event.target.dataset?.trial) onOpen(event.target.dataset.trial); });
  }

  /** ``x`` and ``y`` are {label, scale}; ``dots`` are {id, x, y, colour, best, out, words}. */
  show(x, y, dots) {
    Object.assign(this, { x, y, dots });
    this.draw();
  }

  draw() {
    if (!this.x) return;
    const width = this.element.clientWidth || 600, right = width - RIGHT, bottom = HEIGHT - BOTTOM;
    const across = (at) => LEFT + 8 + at * (right - LEFT - 16), up = (at) => bottom - 8 - at * (bottom - TOP - 16);
    this.element.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.element.style.height = `${HEIGHT}px`;
    const parts = [];
    for (const { at, text } of thin(this.y.scale.ticks, (tick) => up(tick.at), 14)) {
      parts.push(svg("line", { class: "sw-grid", x1: LEFT, x2: right, y1: up(at), y2: up(at) }), svg("text", { x: LEFT - 6, y: up(at) + 4, "text-anchor": "end" }, text));
    }
    for (const { at, text } of thin(this.x.scale.ticks, (tick) => across(tick.at), 56)) {
      parts.push(svg("line", { class: "sw-grid", x1: across(at), x2: across(at), y1: TOP, y2: bottom }), svg("text", { x: across(at), y: bottom + 15, "text-anchor": "middle" }, text));
    }
    parts.push(svg("line", { class: "sw-axis", x1: LEFT, x2: right, y1: bottom, y2: bottom }), svg("line", { class: "sw-axis", x1: LEFT, x2: LEFT, y1: TOP, y2: bottom }));
    parts.push(svg("text", { class: "sw-title", x: right, y: HEIGHT - 6, "text-anchor": "end" }, this.x.label));
    for (const dot of [...this.dots].sort((a, b) => Number(a.best) - Number(b.best))) {
      const x = this.x.scale.place(dot.x), y = this.y.scale.place(dot.y);
      if (x === null || y === null) continue;
      const round = svg("circle", { class: `sw-dot${dot.best ? " sw-best" : ""}${dot.out ? " sw-out" : ""}`, cx: across(x).toFixed(1), cy: up(y).toFixed(1), r: dot.best ? 7 : 5, "data-trial": dot.id }, svg("title", {}, dot.words));
      round.style.fill = dot.colour;
      parts.push(round);
    }
    this.element.replaceChildren(...parts);
  }
}

/** Ticks at least so many pixels apart. */
function thin(ticks, place, distance) {
  const found = [];
  for (const tick of ticks) if (!found.length || Math.abs(place(tick) - place(found.at(-1))) >= distance) found.push(tick);
  return found;
}
