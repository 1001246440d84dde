// Images per class as bars: by split, in order of name or count, on a linear or a logarithmic scale.
import { $, $$ } from "./dom.js";
import { as } from "./words.js";

const SPLITS = ["train", "val", "test"];
const LABELLED = 40; // more classes than this are told by the hover box instead of the axis
const FLOOR = 0.8; // where bars begin on the logarithmic scale, so that one image is still to be seen

export class ClassesChart {
  /** ``plots`` has the figures "classes" and "classes-log"; classes are names, counts {split: [numbers]}. */
  constructor(plots, classes, counts) {
    this.entries = null; // {split: images} where an image has several classes, and counts for each of them
    Object.assign(this, { plots, classes, counts, order: "name", scale: "linear", hidden: new Set() });
    document.addEventListener("click", (event) => this.clicked(event));
    window.addEventListener("resize", () => plots.touch("classes"));
  }

  clicked(event) {
    const order = event.target.closest("[data-order]"), scale = event.target.closest("[data-scale]"), legend = event.target.closest(".fv-legend");
    if (order) this.choose("order", order);
    else if (scale) this.choose("scale", scale);
    else if (legend) {
      const off = this.hidden.delete(legend.dataset.curve) ? false : Boolean(this.hidden.add(legend.dataset.curve));
      legend.setAttribute("aria-pressed", String(!off));
    } else return;
    this.plots.touch("classes");
  }

  choose(key, button) {
    this[key] = button.dataset[key];
    for (const other of $$(`[data-${key}]`)) other.classList.toggle("active", other === button);
  }

  get empty() {
    return !this.classes.length || !Object.keys(this.counts).length;
  }

  /** The classes in the order shown. */
  places() {
    const places = this.classes.map((_, index) => index);
    const total = (index) => SPLITS.reduce((sum, split) => sum + (this.counts[split]?.[index] || 0), 0);
    if (this.order === "count") places.sort((a, b) => total(b) - total(a) || a - b);
    return places;
  }

  /** Rectangles of one split: stacked on what ``floor`` already holds, or side by side on the logarithmic scale. */
  bars(split, places, floor) {
    const made = { left: [], right: [], bottom: [], top: [], name: [], count: [], share: [] };
    const numbers = this.hidden.has(split) ? [] : this.counts[split] || [];
    const sum = numbers.reduce((a, b) => a + b, 0) || 1;
    const gap = places.length > 200 ? 0 : 0.1;
    const shown = SPLITS.filter((name) => this.counts[name] && !this.hidden.has(name));
    const width = (1 - 2 * gap) / Math.max(shown.length, 1), side = shown.indexOf(split);
    places.forEach((index, place) => {
      const count = numbers[index] || 0;
      if (floor === null && !count) return;
      made.left.push(floor === null ? place + gap + side * width : place + gap);
      made.right.push(floor === null ? place + gap + (side + 1) * width : place + 1 - gap);
      made.bottom.push(floor === null ? FLOOR : floor[place]);
      made.top.push(floor === null ? count : (floor[place] += count));
      made.name.push(this.classes[index]);
      made.count.push(count);
      made.share.push(count / sum);
    });
    return made;
  }

  paint() {
    const places = this.places(), floor = places.map(() => 0), log = this.scale === "log";
    for (const split of SPLITS) {
      this.plots.source(split).data = this.bars(split, places, floor);
      this.plots.source(`${split} log`).data = this.bars(split, places, null);
    }
    for (const name of ["classes", "classes-log"]) this.axis(name, places);
    for (const box of $$('[data-plots^="classes"] > div')) box.hidden = (box.dataset.name === "classes-log") !== log;
    this.legend();
  }

  axis(name, places) {
    const few = places.length <= LABELLED;
    const axis = this.plots.document.get_model_by_name(`${name} x`);
    axis.major_label_overrides = new Map(few ? places.map((index, place) => [place + 0.5, this.classes[index]]) : []);
    this.plots.document.get_model_by_name(`${name} ticks`).ticks = few ? places.map((_, place) => place + 0.5) : [];
    const room = $('[data-plots^="classes"]').clientWidth / Math.max(places.length, 1);
    axis.major_label_orientation = few && Math.max(0, ...this.classes.map((word) => word.length)) * 7 > room ? 0.7 : "horizontal";
    this.plots.figures.get(name).x_range.setv({ start: 0, end: Math.max(places.length, 1) });
  }

  legend() {
    for (const button of $$(".fv-legend")) {
      const numbers = this.counts[button.dataset.curve];
      button.hidden = !numbers?.some((count) => count > 0);
      const images = this.entries?.[button.dataset.curve] ?? numbers?.reduce((a, b) => a + b, 0);
      $("b", button).textContent = numbers ? as("whole", images) : "";
    }
  }
}
