// The plot of planned learning rates: several curves, linear or logarithmic, a read-out, and points that can be dragged.
import { make, svg } from "./dom.js";
import { figure } from "./words.js";

const LEFT = 56, RIGHT = 10, TOP = 12, BOTTOM = 24, HEIGHT = 210, DECADES = 7;
export const INKS = ["var(--fv-fourth)", "var(--fv-train)", "var(--fv-val)", "var(--fv-third)", "#8c6bb1", "#7f7f7f"];

/** Round numbers from low to high, for the labels of an axis. */
function ticks(low, high, wanted = 4) {
  const raw = (high - low) / wanted, size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * size >= raw) * size;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high * 1.0001; value += step) found.push(value);
  return found;
}

export class RatePlot {
  /** ``onDrag(points)`` and ``onDrop()`` hear of points moved by hand: [[percent, rate], ...]. */
  constructor(element, { onDrag, onDrop }) {
    Object.assign(this, { element, onDrag, onDrop, curves: [], handles: null, scale: "linear", epochs: 0 });
    new ResizeObserver(() => this.draw()).observe(element);
    element.addEventListener("pointermove", (event) => this.point(event));
    element.addEventListener("pointerleave", () => this.readout?.replaceChildren());
    element.addEventListener("dblclick", (event) => this.toggle(event));
  }

  /** Curves are {percent, rates, label, ink}; handles are the [percent, rate] that can be dragged, or null. */
  show(curves, handles, epochs) {
    Object.assign(this, { curves, handles, epochs });
    if (!this.dragging) this.draw();
    else this.draw(true);
  }

  draw(keep = false) {
    this.width = this.element.clientWidth || 600;
    this.element.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    if (!keep || !this.range) this.range = this.extent();
    const parts = [...this.axes(), ...this.curves.map((curve) => this.line(curve))];
    this.element.replaceChildren(...parts, ...this.dots());
    this.readout = svg("g", { "pointer-events": "none" });
    this.element.append(this.readout);
  }

  extent() {
    const all = this.curves.flatMap((curve) => curve.rates).filter((rate) => rate > 0);
    let high = Math.max(...all, 1e-12), low = Math.min(...all, high);
    if (this.scale === "log") {
      low = Math.max(low, high * 10 ** -DECADES);
      return low === high ? [low / 3, high * 3] : [low / 1.5, high * 1.5];
    }
    return [0, high * 1.08];
  }

  x = (percent) => LEFT + (percent / 100) * (this.width - LEFT - RIGHT);

  y(rate) {
    const [low, high] = this.range, log = this.scale === "log";
    const share = log ? Math.log(Math.max(rate, low) / low) / Math.log(high / low) : (rate - low) / (high - low);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  rateAt(y) {
    const [low, high] = this.range, share = Math.min(1, Math.max(0, (HEIGHT - BOTTOM - y) / (HEIGHT - BOTTOM - TOP)));
    return this.scale === "log" ? low * (high / low) ** share : low + share * (high - low);
  }

  axes() {
    const [low, high] = this.range, parts = [];
    let marks = ticks(low, high);
    if (this.scale === "log") {
      marks = [];
      for (let power = Math.ceil(Math.log10(low)); power <= Math.log10(high); power += 1) marks.push(10 ** power);
      if (marks.length < 2) marks = [low * 1.5, high / 1.5];
    }
    for (const mark of marks) {
      parts.push(svg("line", { x1: LEFT, x2: this.width - RIGHT, y1: this.y(mark), y2: this.y(mark), class: "fv-rate-grid" }));
      parts.push(svg("text", { x: LEFT - 6, y: this.y(mark) + 3.5, "text-anchor": "end" }, figure(mark, 3)));
    }
    for (const percent of this.width < 420 ? [0, 50, 100] : [0, 25, 50, 75, 100]) {
      const epoch = this.epochs ? `${figure((percent / 100) * this.epochs, 3)}${percent === 100 ? " epochs" : ""}` : `${percent} %`;
      parts.push(svg("text", { x: this.x(percent), y: HEIGHT - 7, "text-anchor": percent === 0 ? "start" : percent === 100 ? "end" : "middle" }, epoch));
    }
    return parts;
  }

  line({ percent, rates, ink, dashed }) {
    const points = percent.map((place, i) => `${this.x(place).toFixed(1)},${this.y(rates[i]).toFixed(1)}`).join(" ");
    return svg("polyline", { points, fill: "none", stroke: ink, "stroke-width": 2, "stroke-linejoin": "round", ...(dashed ? { "stroke-dasharray": "5 4" } : {}) });
  }

  dots() {
    return (this.handles || []).map(([percent, rate], index) => {
      const dot = svg("circle", { cx: this.x(percent), cy: this.y(rate), r: 7, class: "fv-rate-dot", tabindex: 0, role: "slider", "aria-label": `Point at ${figure(percent, 3)} percent`, "aria-valuenow": figure(rate, 3) });
      dot.addEventListener("pointerdown", (event) => this.drag(event, index));
      dot.addEventListener("keydown", (event) => this.key(event, index));
      return dot;
    });
  }

  place(event) {
    const box = this.element.getBoundingClientRect(), size = this.width / box.width;
    const share = ((event.clientX - box.left) * size - LEFT) / (this.width - LEFT - RIGHT);
    return [Math.min(100, Math.max(0, share * 100)), this.rateAt((event.clientY - box.top) * size)];
  }

  drag(event, index) {
    event.preventDefault();
    this.dragging = true;
    const points = this.handles.map((point) => [...point]);
    const move = (moved) => {
      const [percent, rate] = this.place(moved);
      const before = points[index - 1]?.[0] ?? -0.5, after = points[index + 1]?.[0] ?? 100.5;
      points[index] = [Math.min(Math.max(percent, before + 0.5), after - 0.5), rate];
      this.onDrag(points);
    };
    const stop = () => {
      this.dragging = false;
      window.removeEventListener("pointermove", move);
      this.onDrop();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop, { once: true });
  }

  key(event, index) {
    const move = { ArrowLeft: [-1, 1], ArrowRight: [1, 1], ArrowUp: [0, 1.1], ArrowDown: [0, 1 / 1.1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const points = this.handles.map((point) => [...point]);
    points[index] = [Math.min(100, Math.max(0, points[index][0] + move[0])), points[index][1] * move[1]];
    this.onDrag(points);
    this.onDrop();
    this.focused = index;
  }

  /** Double-click: on a point takes it away, elsewhere adds one. */
  toggle(event) {
    if (!this.handles) return;
    const index = [...this.element.querySelectorAll(".fv-rate-dot")].indexOf(event.target);
    const points = this.handles.filter((_, i) => i !== index);
    if (index < 0) points.push(this.place(event));
    if (!points.length) return;
    this.onDrag(points.sort((a, b) => a[0] - b[0]));
    this.onDrop();
  }

  /** The rates under the pointer, in words beside a line. */
  point(event) {
    if (!this.curves.length || !this.readout || this.dragging) return;
    const [percent] = this.place(event), x = this.x(percent), right = x < this.width * 0.6;
    const lines = this.curves.map(({ percent: at, rates, ink }) => {
      const index = Math.round((percent / 100) * (at.length - 1));
      return [figure(rates[index], 3), ink];
    });
    const words = [[this.epochs ? `epoch ${figure((percent / 100) * this.epochs, 3)}` : `${percent.toFixed(0)} %`, "currentColor"], ...lines];
    this.readout.replaceChildren(
      svg("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM, class: "fv-rate-cross" }),
      ...words.map(([text, ink], row) => svg("text", { x: x + (right ? 8 : -8), y: TOP + 12 + row * 14, "text-anchor": right ? "start" : "end", style: `fill: ${ink}; font-weight: 600` }, text)),
    );
  }
}

/** The legend of a pinned curve, with a cross to take it away. */
export function pinned(label, ink, remove) {
  const swatch = make("i", { className: "fv-ink" });
  swatch.style.background = ink;
  const button = make("button", { type: "button", className: "fv-legend", title: "Take this curve away" }, swatch, label, " ×");
  button.addEventListener("click", remove);
  return button;
}
