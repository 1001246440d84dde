// A grid of thousands of units of which only those in view are in the page.
import { make } from "../dom.js";

const GAP = 4;

/** ``count`` tiles in ``box``; ``paint(tile, place)`` draws one, ``choose(place)`` is called on a click, ``seen(places)`` after scrolling. */
export class Tiles {
  constructor(box, { paint, choose, seen }) {
    Object.assign(this, { box, paint, choose, seen, count: 0, size: 72, columns: 1, current: -1 });
    this.room = make("div");
    this.shown = new Map();
    box.replaceChildren(this.room);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(box);
    this.room.addEventListener("click", (event) => {
      const tile = event.target.closest(".fv-tile");
      if (tile) this.choose(Number(tile.dataset.place));
    });
  }

  reset(count) {
    Object.assign(this, { count, current: -1 });
    this.shown.clear();
    this.room.replaceChildren();
    this.box.scrollTop = 0;
    this.layout();
  }

  layout() {
    const width = this.box.clientWidth || 1, columns = Math.max(1, Math.floor((width + GAP) / (this.size + GAP)));
    const moved = columns !== this.columns;
    this.columns = columns;
    const rows = Math.ceil(this.count / this.columns);
    this.room.style.height = `${rows * (this.size + GAP)}px`;
    this.box.style.height = `${rows * (this.size + GAP) + 4}px`;
    this.shown.clear();
    this.room.replaceChildren();
    if (moved && this.current >= 0) this.mark(this.current); // its row is another one now
    this.draw();
  }

  inView() {
    const step = this.size + GAP, first = Math.floor(this.box.scrollTop / step) * this.columns;
    const last = Math.min(this.count, (Math.ceil((this.box.scrollTop + this.box.clientHeight) / step) + 1) * this.columns);
    return [Math.max(0, first), last];
  }

  draw() {
    const [first, last] = this.inView();
    for (const [place, tile] of this.shown) if (place < first || place >= last) { tile.remove(); this.shown.delete(place); }
    for (let place = first; place < last; place += 1) if (!this.shown.has(place)) this.room.append(this.tile(place));
    this.seen?.(first, last);
  }

  tile(place) {
    const step = this.size + GAP;
    const tile = make("button", { type: "button", className: "fv-tile" }, make("i"));
    tile.dataset.place = place;
    Object.assign(tile.style, { width: `${this.size}px`, height: `${this.size}px`, left: `${(place % this.columns) * step + 2}px`, top: `${Math.floor(place / this.columns) * step + 2}px` });
    if (place === this.current) tile.setAttribute("aria-current", "true");
    this.shown.set(place, tile);
    this.paint(tile, place);
    return tile;
  }

  repaint(places) {
    for (const [place, tile] of this.shown) if (!places || places.has(place)) this.paint(tile, place);
  }

  /** Mark a tile and bring it into view; -1 marks none. */
  mark(place) {
    this.shown.get(this.current)?.removeAttribute("aria-current");
    this.current = place;
    if (place < 0) return;
    const step = this.size + GAP, top = Math.floor(place / this.columns) * step;
    if (top < this.box.scrollTop || top + step > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = Math.max(0, top - step);
    this.draw();
    this.shown.get(place)?.setAttribute("aria-current", "true");
  }
}

/** Show tile ``index`` of a sheet of ``count`` tiles as the background of an element. */
export function fromSheet(element, url, index, count) {
  const columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
  const column = index % columns, row = Math.floor(index / columns);
  Object.assign(element.style, {
    backgroundImage: `url("${url}")`, backgroundSize: `${columns * 100}% ${rows * 100}%`,
    backgroundPosition: `${columns > 1 ? (column * 100) / (columns - 1) : 0}% ${rows > 1 ? (row * 100) / (rows - 1) : 0}%`,
  });
}
