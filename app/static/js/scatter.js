// Dots on a canvas: a box on hover, a click for one, a line drawn around some; what they mean is the page's own.
const MARGIN = 14; // px around the dots
const NEAR = 9; // px within which a dot is meant
const CORNER = 6; // px between two corners of the line drawn
const CORNERS = 60; // are enough for an area, and keep the address short

// Okabe and Ito, then ten more of like lightness; further classes share colours and are told by the hover box.
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b8a100", "#7f4fc9", "#8c564b", "#5a6b7b", "#1b9e9e", "#e7298a", "#66a61e", "#a6761d", "#386cb0", "#bf5b17"];
export const colourOf = (number) => (number < 0 ? "#8492a6" : COLOURS[number % COLOURS.length]);

export class Scatter {
  /** ``hooks``: colour(index), tell(index) -> nodes of the hover box, pick(index), circle(area: [[x, y] ...]). */
  constructor(canvas, tip, hooks) {
    Object.assign(this, { canvas, tip, hooks, drawn: null, places: [], chosen: null, area: null });
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => (this.drawn ? this.draw(event) : this.hover(event)));
    canvas.addEventListener("pointerup", (event) => this.end(event));
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    new ResizeObserver(() => this.show()).observe(canvas);
    document.addEventListener("foveal:theme", () => this.show());
  }

  /** Places are x, y, x, y ...; only those numbered in ``chosen`` (null: all) are strong; ``frame`` fixes the scale. */
  set(places, chosen = null, frame = places) {
    Object.assign(this, { places, chosen, frame, told: null });
    this.show();
  }

  /** Pixels of a place, the same scale both ways. */
  pixel(index) {
    return [this.width / 2 + (this.places[2 * index] - this.centre[0]) * this.scale, this.height / 2 - (this.places[2 * index + 1] - this.centre[1]) * this.scale];
  }

  show() {
    const { clientWidth: width, clientHeight: height } = this.canvas, sharp = window.devicePixelRatio || 1;
    if (!this.frame || !width) return;
    Object.assign(this, { width, height });
    Object.assign(this.canvas, { width: width * sharp, height: height * sharp });
    const pen = (this.pen = this.canvas.getContext("2d"));
    pen.scale(sharp, sharp);
    this.fit(this.frame);
    const count = this.places.length / 2, every = Array.from({ length: count }, (_, index) => index);
    const size = count > 8000 ? 1.5 : 2.5;
    if (this.chosen) this.dots(every, size, 0.08, "#8492a6");
    this.dots(this.chosen || every, size, 0.7);
    if (this.area) this.outline();
  }

  /** The scale at which all places fill the canvas. */
  fit(places) {
    const range = [[Infinity, -Infinity], [Infinity, -Infinity]];
    places.forEach((value, at) => { const axis = range[at % 2]; axis[0] = Math.min(axis[0], value); axis[1] = Math.max(axis[1], value); });
    if (!places.length) range.forEach((axis) => axis.splice(0, 2, -1, 1));
    this.centre = range.map(([low, high]) => (low + high) / 2);
    const [across, down] = range.map(([low, high]) => Math.max(high - low, 0.01));
    this.scale = Math.min((this.width - 2 * MARGIN) / across, (this.height - 2 * MARGIN) / down);
  }

  dots(indices, size, alpha, ink) {
    this.pen.globalAlpha = alpha;
    for (const index of indices) {
      const [x, y] = this.pixel(index);
      this.pen.fillStyle = ink || this.hooks.colour(index);
      this.pen.fillRect(x - size, y - size, 2 * size, 2 * size);
    }
    this.pen.globalAlpha = 1;
  }

  stroke() {
    this.pen.strokeStyle = document.documentElement.dataset.bsTheme === "dark" ? "#fff" : "#111";
    this.pen.lineWidth = 1.5;
    this.pen.stroke();
  }

  outline() {
    this.pen.beginPath();
    for (const [x, y] of this.area) this.pen.lineTo(this.width / 2 + (x - this.centre[0]) * this.scale, this.height / 2 - (y - this.centre[1]) * this.scale);
    this.pen.closePath();
    this.stroke();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  nearest([x, y]) {
    let best = null, least = NEAR * NEAR;
    const near = (index) => {
      const [left, top] = this.pixel(index), far = (left - x) ** 2 + (top - y) ** 2;
      if (far < least) [best, least] = [index, far];
    };
    if (this.chosen) this.chosen.forEach(near); else for (let index = 0; index < this.places.length / 2; index++) near(index);
    return best;
  }

  hover(event) {
    const index = this.frame ? this.nearest(this.at(event)) : null;
    this.tip.hidden = index === null;
    if (index === null || index === this.told) return;
    this.told = index;
    this.tip.replaceChildren(...this.hooks.tell(index));
    const [x, y] = this.pixel(index);
    this.tip.style.left = `${Math.min(x + 12, this.width - 120)}px`;
    this.tip.style.top = `${Math.min(Math.max(y - 40, 0), this.height - 130)}px`;
  }

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.drawn = [this.at(event)];
    this.tip.hidden = true;
  }

  draw(event) {
    const here = this.at(event), before = this.drawn.at(-1);
    if ((here[0] - before[0]) ** 2 + (here[1] - before[1]) ** 2 < CORNER * CORNER) return;
    this.drawn.push(here);
    this.pen.beginPath();
    this.pen.moveTo(...before);
    this.pen.lineTo(...here);
    this.stroke();
  }

  end(event) {
    const line = this.drawn;
    this.drawn = null;
    if (!line) return;
    if (line.length < 4) {
      const index = this.nearest(this.at(event));
      this.show();
      if (index !== null) this.hooks.pick(index);
      return;
    }
    const step = Math.ceil(line.length / CORNERS);
    const place = ([x, y]) => [(x - this.width / 2) / this.scale + this.centre[0], (this.height / 2 - y) / this.scale + this.centre[1]].map((value) => Number(value.toFixed(3)));
    this.hooks.circle(line.filter((_, index) => index % step === 0).map(place));
  }
}

/** Which places (x, y, x, y ...) lie inside a polygon of [x, y] corners, by the even-odd rule: their numbers. */
export function within(places, area) {
  const found = [];
  for (let index = 0; index < places.length / 2; index++) {
    const x = places[2 * index], y = places[2 * index + 1];
    let inside = false;
    area.forEach(([x1, y1], at) => {
      const [x2, y2] = area[(at + 1) % area.length];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    });
    if (inside) found.push(index);
  }
  return found;
}
