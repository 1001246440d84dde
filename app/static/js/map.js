// The map of the set on a canvas: dots coloured by class, a picture on hover, a click for the record, a line drawn around some.
import { $, make, pageData, part } from "./dom.js";
import { watchAnalysis } from "./analysis.js";

// Okabe and Ito, then ten more of like lightness; further classes share colours and are told by the hover box.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b8a100", "#7f4fc9", "#8c564b", "#5a6b7b", "#1b9e9e", "#e7298a", "#66a61e", "#a6761d", "#386cb0", "#bf5b17"];
const MARGIN = 14; // px around the dots
const NEAR = 9; // px within which a dot is meant
const CORNER = 6; // px between two corners of the line drawn
const holder = $("#map");
watchAnalysis();
if (holder) start();

async function start() {
  const classes = pageData("map-classes");
  const found = await (await fetch(holder.dataset.places)).json();
  const map = new SetMap(classes, found.splits);
  part("split").addEventListener("change", () => map.show());
  part("class").addEventListener("change", () => map.show());
  new ResizeObserver(() => map.show()).observe(part("canvas"));
  document.addEventListener("foveal:theme", () => map.show());
  map.keys();
}

class SetMap {
  constructor(classes, splits) {
    Object.assign(this, { classes, splits, canvas: part("canvas"), tip: part("tip"), drawn: null });
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => (this.drawn ? this.draw(event) : this.hover(event)));
    this.canvas.addEventListener("pointerup", (event) => this.end(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  get split() { return part("split").value; }

  colour(label) { return COLOURS[label % COLOURS.length]; }

  /** Pixels of a place in -1 .. 1, the same scale both ways. */
  pixel(x, y) {
    return [this.width / 2 + x * this.scale, this.height / 2 - y * this.scale];
  }

  show() {
    const { clientWidth: width, clientHeight: height } = this.canvas, sharp = window.devicePixelRatio || 1;
    Object.assign(this, { width, height });
    Object.assign(this.canvas, { width: width * sharp, height: height * sharp });
    const pen = (this.pen = this.canvas.getContext("2d"));
    pen.scale(sharp, sharp);
    const { places, labels } = this.splits[this.split], wanted = part("class").value;
    this.fit(places);
    this.points = labels.map((label, index) => [...this.pixel(places[2 * index] - this.centre[0], places[2 * index + 1] - this.centre[1]), label, index]);
    const chosen = wanted === "" ? this.points : this.points.filter((point) => point[2] === Number(wanted));
    const size = this.points.length > 8000 ? 1.5 : 2.5;
    if (wanted !== "") this.dots(this.points, size, 0.08, "#8492a6");
    this.dots(chosen, size, 0.7);
    this.shown = chosen;
  }

  /** The scale at which all places of the split fill the canvas. */
  fit(places) {
    const range = [[1, -1], [1, -1]];
    places.forEach((value, at) => { const axis = range[at % 2]; axis[0] = Math.min(axis[0], value); axis[1] = Math.max(axis[1], value); });
    this.centre = range.map(([low, high]) => (low + high) / 2);
    const [across, down] = range.map(([low, high]) => Math.max(high - low, 0.01));
    this.scale = Math.min((this.width - 2 * MARGIN) / across, (this.height - 2 * MARGIN) / down);
  }

  dots(points, size, alpha, ink) {
    this.pen.globalAlpha = alpha;
    for (const [x, y, label] of points) {
      this.pen.fillStyle = ink || this.colour(label);
      this.pen.fillRect(x - size, y - size, 2 * size, 2 * size);
    }
    this.pen.globalAlpha = 1;
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  nearest([x, y]) {
    let best = null, least = NEAR * NEAR;
    for (const point of this.shown) {
      const far = (point[0] - x) ** 2 + (point[1] - y) ** 2;
      if (far < least) [best, least] = [point, far];
    }
    return best;
  }

  hover(event) {
    const [x, y] = this.at(event), point = this.nearest([x, y]);
    this.tip.hidden = !point;
    if (!point || point[3] === this.told) return;
    this.told = point[3];
    const picture = make("img", { src: `${holder.dataset.sprite.replace("SPLIT", this.split)}?at=${point[3]}`, alt: "" });
    this.tip.replaceChildren(picture, make("div", { textContent: this.classes[point[2]] }));
    this.tip.style.left = `${Math.min(point[0] + 12, this.width - 120)}px`;
    this.tip.style.top = `${Math.min(Math.max(point[1] - 40, 0), this.height - 130)}px`;
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
    this.pen.strokeStyle = document.documentElement.dataset.bsTheme === "dark" ? "#fff" : "#111";
    this.pen.lineWidth = 1.5;
    this.pen.beginPath();
    this.pen.moveTo(...before);
    this.pen.lineTo(...here);
    this.pen.stroke();
  }

  end(event) {
    const line = this.drawn;
    this.drawn = null;
    if (line.length < 4) {
      const point = this.nearest(this.at(event));
      if (point) location.href = holder.dataset.record.replace("SPLIT", this.split).replace(/0$/, point[3]);
      this.show();
      return;
    }
    const place = ([x, y]) => [((x - this.width / 2) / this.scale + this.centre[0]).toFixed(3), ((this.height / 2 - y) / this.scale + this.centre[1]).toFixed(3)];
    const step = Math.ceil(line.length / 60); // sixty corners are enough, and keep the address short
    const area = line.filter((_, index) => index % step === 0).map(place).join(",");
    const more = part("class").value === "" ? "" : `&label=${part("class").value}`;
    location.href = `${holder.dataset.explore}&db=${this.split}&area=${area}${more}`;
  }

  keys() {
    const most = this.classes.length > COLOURS.length ? [] : this.classes;
    part("keys").replaceChildren(...most.map((name, label) => {
      const ink = make("i", { className: "fv-ink" });
      ink.style.background = this.colour(label);
      return make("span", { className: "fv-legend" }, ink, name);
    }));
    if (!most.length) part("keys").textContent = `${this.classes.length} classes share ${COLOURS.length} colours; choose a class above to see it alone.`;
  }
}
