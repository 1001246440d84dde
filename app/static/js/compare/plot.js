// A plot of up to hundreds of lines: a frame with axes, the lines (drawn by a worker), and above them what the pointer means.
import { make } from "../dom.js";
import { theme } from "./colours.js";
import { across, domain, down, mapping, place, ticks } from "./scale.js";
import { figure, percent } from "../words.js";

const NEAR = 28; // px within which a line is meant
const DRAG = 6; // px from which a press is a drag
const EDGE = { left: 58, right: 12, top: 10, bottom: 34 };

export class Plot {
  /** ``on`` is told: hover(line or null, index, x, y in pixels), pick(id), zoom([first, last] or null). */
  constructor(holder, on) {
    Object.assign(this, { holder, on, lines: [], bands: [], axis: "step", share: false, zoom: null });
    [this.frame, this.sheet, this.glass] = [0, 1, 2].map(() => make("canvas"));
    this.glass.setAttribute("role", "img");
    holder.replaceChildren(this.frame, this.sheet, this.glass);
    this.worker = new Worker(new URL("./painter.js", import.meta.url), { type: "module" });
    this.worker.onmessage = () => { holder.dataset.drawn = String(this.lines.length); };
    const canvas = this.sheet.transferControlToOffscreen();
    this.worker.postMessage({ canvas }, [canvas]);
    new ResizeObserver(() => this.draw()).observe(holder);
    document.addEventListener("foveal:theme", () => this.draw());
    this.glass.addEventListener("pointerdown", (event) => this.press(event));
    this.glass.addEventListener("pointermove", (event) => this.move(event));
    this.glass.addEventListener("pointerup", (event) => this.release(event));
    this.glass.addEventListener("pointerleave", () => { if (!this.from) this.point(null); });
    this.glass.addEventListener("dblclick", () => this.on.zoom(null));
  }

  /** Draw lines [{id, x, y, ink, thick, alpha}] over bands [{x, least, most, ink}]; later lines lie on top. */
  show(lines, bands, { axis, log, clip, zoom, share, label }) {
    Object.assign(this, { lines, bands, axis, log, clip, zoom, share });
    this.glass.setAttribute("aria-label", label);
    this.worker.postMessage({ lines: lines.map(({ x, y, ink, thick, alpha }) => ({ x, y, ink, thick, alpha })), bands });
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.holder, ratio = window.devicePixelRatio || 1;
    if (!width) return;
    this.box = { left: EDGE.left, top: EDGE.top, width: width - EDGE.left - EDGE.right, height: height - EDGE.top - EDGE.bottom };
    const extent = [...this.lines, ...this.bands.flatMap(({ x, least, most }) => [{ x, y: least }, { x, y: most }])];
    this.domain = domain(extent, this);
    this.map = mapping(this.domain, this.box);
    this.worker.postMessage({ view: { width, height, ratio, map: this.map, box: this.box } });
    for (const canvas of [this.frame, this.glass]) Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    this.pens = [this.frame, this.glass].map((canvas) => { const pen = canvas.getContext("2d"); pen.scale(ratio, ratio); return pen; });
    this.drawFrame(width, height);
  }

  drawFrame(width, height) {
    const pen = this.pens[0], dark = theme() === "dark", { box, domain: { x0, x1, y0, y1 } } = this;
    Object.assign(pen, { font: "11px system-ui, sans-serif", lineWidth: 1, strokeStyle: dark ? "rgba(159,171,188,.16)" : "rgba(132,146,166,.2)", fillStyle: dark ? "#9fabbc" : "#5b6776" });
    pen.clearRect(0, 0, width, height);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of ticks(y0, y1, Math.max(3, Math.round(box.height / 55)), this.log)) {
      const y = Math.round(down(this.map, value)) + 0.5;
      this.rule(pen, box.left, y, box.left + box.width, y);
      pen.fillText(this.said(value), box.left - 7, y);
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const value of ticks(x0, x1, Math.max(2, Math.round(box.width / 110)))) {
      const x = Math.round(across(this.map, value)) + 0.5;
      this.rule(pen, x, box.top, x, box.top + box.height);
      pen.fillText(place(value, this.axis), x, box.top + box.height + 5);
    }
    pen.fillText(this.axis === "time" ? "time since the start" : this.axis, box.left + box.width / 2, box.top + box.height + 19);
  }

  rule(pen, x0, y0, x1, y1) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }

  /** A value of the vertical axis in words. */
  said(value, digits = 3) { return this.share ? percent(value, digits > 3 ? 2 : value * 100 % 1 ? 1 : 0) : figure(value, digits); }

  // -- the pointer ----------------------------------------------------------------------------------------------

  at(event) {
    const box = this.glass.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    if (event.button) return;
    this.glass.setPointerCapture(event.pointerId);
    this.from = this.at(event);
  }

  move(event) {
    this.here = this.at(event);
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      if (this.from && Math.abs(this.here[0] - this.from[0]) > DRAG) this.select();
      else if (!this.from) this.point(this.here);
    });
  }

  /** Show which part is being chosen. */
  select() {
    const pen = this.clean(), [x0, x1] = [this.from[0], this.here[0]].map((x) => this.inside(x)).sort((a, b) => a - b);
    pen.fillStyle = theme() === "dark" ? "rgba(86,180,233,.2)" : "rgba(0,114,178,.15)";
    pen.fillRect(x0, this.box.top, x1 - x0, this.box.height);
  }

  inside(x) { return Math.min(this.box.left + this.box.width, Math.max(this.box.left, x)); }

  release(event) {
    const from = this.from, here = this.at(event);
    this.from = null;
    if (!from) return;
    if (Math.abs(here[0] - from[0]) > DRAG) {
      const [x0, x1] = [from[0], here[0]].map((x) => (this.inside(x) - this.map.bx) / this.map.kx).sort((a, b) => a - b);
      this.clean();
      this.on.zoom([x0, x1]);
      return;
    }
    const found = this.nearest(here);
    if (found) this.on.pick(found.line.id);
  }

  /** The line nearest to a place, with its value there. */
  nearest([px, py]) {
    const x = (px - this.map.bx) / this.map.kx;
    let best = null, least = NEAR;
    for (const line of this.lines) {
      const index = close(line.x, x), value = line.y[index];
      if (!Number.isFinite(value)) continue;
      const right = line.x[index] < x ? Math.min(index + 1, line.x.length - 1) : index, left = Math.max(0, right - 1), span = line.x[right] - line.x[left];
      const share = span > 0 ? Math.min(1, Math.max(0, (x - line.x[left]) / span)) : 1;
      const y = down(this.map, Number.isFinite(line.y[left]) ? line.y[left] + share * (line.y[right] - line.y[left]) : value);
      const away = x < line.x[0] || x > line.x[line.x.length - 1] ? Math.abs(across(this.map, line.x[index]) - px) : 0;
      const far = Math.hypot(y - py, away);
      if (far < least) [best, least] = [{ line, index }, far];
    }
    return best;
  }

  point(here) {
    const found = here && this.nearest(here);
    this.mark(found ? found.line.id : null, found?.index);
    this.on.hover(found?.line || null, found?.index, ...(here || [0, 0]));
  }

  /** The colour that the plot lies on. */
  paper() { return getComputedStyle(this.holder.closest(".card")).backgroundColor; }

  clean() {
    const pen = this.pens[1];
    pen.clearRect(0, 0, this.glass.width, this.glass.height);
    return pen;
  }

  /** Draw one line once more above all others, with a dot at a point of it. */
  mark(id, index) {
    if (!this.pens) return;
    const pen = this.clean(), line = this.lines.find((item) => item.id === id), { box, map } = this;
    if (!line) return;
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    for (const [ink, thick] of [[this.paper(), 5], [line.ink, 2.6]]) {
      Object.assign(pen, { strokeStyle: ink, lineWidth: thick, lineJoin: "round" });
      pen.beginPath();
      line.x.forEach((x, i) => { if (Number.isFinite(line.y[i]) && (!this.log || line.y[i] > 0)) pen.lineTo(across(map, x), down(map, line.y[i])); });
      pen.stroke();
    }
    if (index !== undefined) {
      pen.fillStyle = line.ink;
      pen.beginPath();
      pen.arc(across(map, line.x[index]), down(map, line.y[index]), 4, 0, 7);
      pen.fill();
    }
    pen.restore();
  }

  /** The picture as it stands, on its background, as a PNG. */
  picture() {
    const whole = make("canvas", { width: this.frame.width, height: this.frame.height }), pen = whole.getContext("2d");
    pen.fillStyle = this.paper();
    pen.fillRect(0, 0, whole.width, whole.height);
    for (const canvas of [this.frame, this.sheet]) pen.drawImage(canvas, 0, 0);
    return new Promise((resolve) => whole.toBlob(resolve, "image/png"));
  }
}

/** Index of the value of a rising list that is nearest to ``x``. */
function close(list, x) {
  let low = 0, high = list.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list[middle] < x) low = middle; else high = middle;
  }
  return Math.abs(list[low] - x) <= Math.abs(list[high] - x) ? low : high;
}
