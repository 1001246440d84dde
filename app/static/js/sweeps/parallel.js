// Parallel coordinates: an axis for each varied option and one for the result, a line for each model, brushes on the axes.
import { svg } from "../dom.js";

const TOP = 34, BOTTOM = 14, HEIGHT = 300, LEFT = 56, NARROW = 96, LETTER = 6.2;

export class Parallel {
  /** ``onBrush()`` hears that other lines are kept; ``onHover(id)`` and ``onOpen(id)`` of a line pointed at or clicked. */
  constructor(element, { onBrush, onHover, onOpen }) {
    Object.assign(this, { element, onBrush, onHover, onOpen, axes: [], lines: [], brushes: new Map() });
    new ResizeObserver(() => this.draw()).observe(element);
    element.addEventListener("pointerover", (event) => this.onHover(event.target.dataset?.trial || null));
    element.addEventListener("pointerleave", () => this.onHover(null));
    element.addEventListener("click", (event) => { if (event.target.dataset?.trial) this.onOpen(event.target.dataset.trial); });
  }

  /** ``axes`` are {name, label, scale}; ``lines`` are {id, values, colour, young, best}, the values in the axes' order. */
  show(axes, lines) {
    Object.assign(this, { axes, lines });
    if (!this.dragging) this.draw();
  }

  /** Whether a model passes through every brush. */
  keeps(values) {
    return this.axes.every((axis, i) => {
      const brush = this.brushes.get(axis.name);
      if (!brush) return true;
      const at = axis.scale.place(values[i]);
      return at !== null && at >= brush[0] - 1e-9 && at <= brush[1] + 1e-9;
    });
  }

  x = (i) => (this.axes.length > 1 ? LEFT + (i / (this.axes.length - 1)) * (this.width - LEFT - this.right) : this.width / 2);

  y = (at) => HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);

  draw() {
    // On a phone the axes keep their distance and the plot is scrolled sideways within its card.
    const longest = Math.max(4, ...(this.axes.at(-1)?.scale.ticks || []).map((tick) => tick.text.length));
    this.right = Math.min(150, 14 + longest * LETTER);
    const room = this.element.parentElement.clientWidth - 16, least = LEFT + this.right + (this.axes.length - 1) * NARROW;
    this.width = Math.max(room, least);
    this.element.parentElement.style.overflowX = this.width > room ? "auto" : "";
    this.element.style.width = this.width > room ? `${this.width}px` : "";
    this.element.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.element.style.height = `${HEIGHT}px`;
    this.element.replaceChildren(...this.lines.map((line) => this.line(line)).flat(), ...this.axes.map((axis, i) => this.axis(axis, i)));
  }

  line({ id, values, colour, young, best }) {
    const points = [];
    this.axes.forEach((axis, i) => {
      const at = axis.scale.place(values[i]);
      if (at !== null) points.push(`${this.x(i).toFixed(1)},${this.y(at).toFixed(1)}`);
    });
    if (points.length < 1) return [];
    const d = `M${points.join("L")}`, out = this.keeps(values) ? "" : " sw-out";
    const seen = svg("path", { d, class: `sw-line${young ? " sw-young" : ""}${best ? " sw-best" : ""}${out}`, "data-trial": id });
    seen.style.stroke = colour;
    return out ? [seen] : [seen, svg("path", { d, class: "sw-hit", "data-trial": id })];
  }

  axis(axis, i) {
    const x = this.x(i), last = i === this.axes.length - 1 && i > 0;
    const side = last ? { x: x + 6, anchor: "start" } : { x: x - 6, anchor: "end" };
    const label = axis.label.length > 22 ? `${axis.label.slice(0, 21)}…` : axis.label;
    const brush = this.brushes.get(axis.name);
    const box = svg("g", {},
      svg("text", { class: "sw-title", x, y: i % 2 && this.axes.length > 5 ? 10 : 22, "text-anchor": i === 0 ? "start" : last ? "end" : "middle", dx: i === 0 ? -LEFT + 4 : last ? this.right - 4 : 0 }, label),
      svg("line", { class: "sw-axis", x1: x, x2: x, y1: this.y(0), y2: this.y(1) }),
      ...axis.scale.ticks.flatMap(({ at, text }) => [
        svg("line", { class: "sw-axis", x1: x - 3, x2: x + 3, y1: this.y(at), y2: this.y(at) }),
        svg("text", { x: side.x, y: this.y(at) + 4, "text-anchor": side.anchor }, text),
      ]),
      brush ? svg("rect", { class: "sw-brush", x: x - 7, width: 14, y: this.y(brush[1]), height: Math.max(2, this.y(brush[0]) - this.y(brush[1])) }) : null,
      this.handle(axis, x));
    return box;
  }

  /** The strip along an axis in which a brush is drawn. */
  handle(axis, x) {
    const strip = svg("rect", { class: "sw-handle", x: x - 10, width: 20, y: TOP - 4, height: HEIGHT - TOP - BOTTOM + 8 });
    const at = (event) => {
      const box = this.element.getBoundingClientRect();
      return Math.max(0, Math.min(1, (HEIGHT - BOTTOM - (event.clientY - box.top)) / (HEIGHT - TOP - BOTTOM)));
    };
    strip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const from = at(event);
      this.dragging = true;
      const move = (moved) => {
        const to = at(moved);
        this.brushes.set(axis.name, [Math.min(from, to), Math.max(from, to)]);
        this.draw();
        this.onBrush();
      };
      const end = () => {
        this.dragging = false;
        window.removeEventListener("pointermove", move);
        const [low, high] = this.brushes.get(axis.name) || [0, 0];
        if (high - low < 0.02) this.brushes.delete(axis.name);
        this.draw();
        this.onBrush();
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", end, { once: true });
      window.addEventListener("pointercancel", end, { once: true });
    });
    strip.addEventListener("dblclick", () => { this.brushes.delete(axis.name); this.draw(); this.onBrush(); });
    return strip;
  }
}
