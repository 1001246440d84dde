// A confusion matrix of many classes as a picture: wheel, pinch or buttons zoom, dragging moves, a click opens a cell.
import { make } from "../dom.js";
import { percent, thousands } from "../words.js";
import { colour, papers, theme, written } from "./matrix.js";

const LABELS = 110; // pixels left and above for names, once they can be read
const READABLE = 11; // pixels a cell must have for its name

export class Picture {
  constructor(holder, pick) {
    this.pick = pick;
    this.canvas = make("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.tip = make("div", { className: "ev-tip", hidden: true });
    const button = (text, label, work) => { const made = make("button", { type: "button", className: "btn btn-sm", textContent: text }); made.setAttribute("aria-label", label); made.addEventListener("click", work); return made; };
    const bar = make("div", { className: "ev-canvas-bar" }, button("+", "Zoom in", () => this.zoom(1.6)), button("−", "Zoom out", () => this.zoom(1 / 1.6)), button("All", "Show all classes", () => this.whole()), make("span", { textContent: "Turn the wheel to zoom, drag to move, click a cell for its images." }));
    holder.replaceChildren(bar, make("div", { className: "ev-canvas" }, this.canvas, this.tip));
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.canvas.parentElement);
  }

  /** Show a matrix in an order of its classes. */
  show(matrix, show, order) {
    const whole = this.matrix?.size !== matrix.size;
    Object.assign(this, { matrix, mode: show, order });
    this.canvas.setAttribute("aria-label", `Confusion matrix of ${matrix.size} classes`);
    this.paint();
    if (whole) this.whole(); else this.draw();
  }

  /** One pixel a cell, kept aside; zooming only scales it. */
  paint() {
    const { matrix, order, mode } = this, size = matrix.size, place = new Int32Array(size);
    order.forEach((cls, index) => { place[cls] = index; });
    const image = new ImageData(size, size), words = new Uint32Array(image.data.buffer);
    const pack = ([red, green, blue]) => 0xff000000 | (blue << 16) | (green << 8) | red;
    words.fill(pack(theme() === "dark" ? [38, 38, 38] : [255, 255, 255]));
    for (const key of matrix.cells.keys()) {
      const row = Math.floor(key / size), column = key % size;
      words[place[row] * size + place[column]] = pack(colour(matrix, row, column, mode));
    }
    this.sheet = new OffscreenCanvas(size, size);
    this.sheet.getContext("2d").putImageData(image, 0, 0);
  }

  fit() {
    const width = this.canvas.clientWidth || 600, ratio = window.devicePixelRatio || 1;
    const side = Math.min(width, 640);
    this.canvas.style.height = `${side}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(side * ratio);
    this.ratio = ratio;
    if (this.matrix && !this.moved) this.whole(); else this.draw();
  }

  whole() {
    if (!this.matrix) return;
    const width = this.canvas.width / this.ratio, height = this.canvas.height / this.ratio;
    this.scale = Math.min(width, height) / this.matrix.size;
    this.left = (width - this.scale * this.matrix.size) / 2;
    this.top = 0;
    this.moved = false;
    this.draw();
  }

  zoom(by, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const least = Math.min(this.canvas.clientWidth, this.canvas.clientHeight) / this.matrix.size;
    const scale = Math.min(48, Math.max(least * 0.9, this.scale * by));
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.moved = true;
    this.draw();
  }

  draw() {
    if (!this.matrix || this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.drawNow(); });
  }

  drawNow() {
    this.canvas.dataset.drawn = this.matrix.size; // for those who wait for it
    const paper = this.canvas.getContext("2d"), { scale, left, top, matrix } = this, side = scale * matrix.size;
    const { ink, ground } = papers(this.canvas);
    paper.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    paper.clearRect(0, 0, this.canvas.width, this.canvas.height);
    paper.imageSmoothingEnabled = scale < 1;
    paper.drawImage(this.sheet, left, top, side, side);
    paper.strokeStyle = ink;
    paper.globalAlpha = 0.25;
    paper.strokeRect(left, top, side, side);
    paper.globalAlpha = 1;
    if (scale >= 26) this.figures(paper);
    if (scale >= READABLE) this.names(paper, ink, ground);
  }

  /** Cells [first, last] that can be seen, down or across. */
  seen(begin, extent) {
    return [Math.max(0, Math.floor(-begin / this.scale)), Math.min(this.matrix.size - 1, Math.ceil((extent - begin) / this.scale))];
  }

  figures(paper) {
    const [firstRow, lastRow] = this.seen(this.top, this.canvas.clientHeight), [first, last] = this.seen(this.left, this.canvas.clientWidth);
    paper.font = "11px system-ui, sans-serif";
    paper.textAlign = "center";
    paper.textBaseline = "middle";
    for (let row = firstRow; row <= lastRow; row += 1) {
      for (let column = first; column <= last; column += 1) {
        const [down, across] = [this.order[row], this.order[column]];
        if (!this.matrix.at(down, across)) continue;
        const [red, green, blue] = colour(this.matrix, down, across, this.mode);
        paper.fillStyle = 0.299 * red + 0.587 * green + 0.114 * blue > 150 ? "#10151c" : "#fff";
        paper.fillText(written(this.matrix, down, across, this.mode), this.left + (column + 0.5) * this.scale, this.top + (row + 0.5) * this.scale);
      }
    }
  }

  names(paper, ink, ground) {
    const height = this.canvas.clientHeight, width = this.canvas.clientWidth;
    paper.globalAlpha = 0.88;
    paper.fillStyle = ground;
    paper.fillRect(0, 0, LABELS, height);
    paper.fillRect(0, 0, width, LABELS);
    paper.globalAlpha = 1;
    paper.fillStyle = ink;
    paper.font = "10px system-ui, sans-serif";
    paper.textBaseline = "middle";
    const short = (cls) => { const name = this.matrix.names[cls]; return name.length > 18 ? `${name.slice(0, 17)}…` : name; };
    const [firstRow, lastRow] = this.seen(this.top, height), [first, last] = this.seen(this.left, width);
    paper.textAlign = "right";
    for (let row = firstRow; row <= lastRow; row += 1) {
      const y = this.top + (row + 0.5) * this.scale;
      if (y > LABELS) paper.fillText(short(this.order[row]), LABELS - 4, y, LABELS - 8);
    }
    paper.textAlign = "left";
    for (let column = first; column <= last; column += 1) {
      const x = this.left + (column + 0.5) * this.scale;
      if (x < LABELS) continue;
      paper.save();
      paper.translate(x, LABELS - 4);
      paper.rotate(-Math.PI / 2);
      paper.fillText(short(this.order[column]), 0, 0, LABELS - 8);
      paper.restore();
    }
  }

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    const column = Math.floor((x - this.left) / this.scale), row = Math.floor((y - this.top) / this.scale);
    const inside = row >= 0 && column >= 0 && row < this.matrix.size && column < this.matrix.size;
    return { x, y, cell: inside ? [this.order[row], this.order[column]] : null };
  }

  listen() {
    const { canvas } = this, fingers = new Map();
    let far = 0;
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); const { x, y } = this.cellAt(event); this.zoom(event.deltaY < 0 ? 1.25 : 0.8, x, y); }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); canvas.setPointerCapture(event.pointerId); far = 0; });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (before && fingers.size === 1) {
        this.left += event.clientX - before.clientX;
        this.top += event.clientY - before.clientY;
        far += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
        this.moved = true;
        this.draw();
      } else if (before && fingers.size === 2) {
        const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
        const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY), box = canvas.getBoundingClientRect();
        this.zoom(apart(event) / Math.max(1, apart(before)), (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
        far = 99;
      }
      if (before) fingers.set(event.pointerId, event);
      this.point(event);
    });
    const up = (event) => { if (fingers.delete(event.pointerId) && far < 4 && event.type === "pointerup") { const { cell } = this.cellAt(event); if (cell) this.pick(...cell); } };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    canvas.addEventListener("keydown", (event) => { const by = { "+": 1.6, "=": 1.6, "-": 1 / 1.6 }[event.key]; if (by) this.zoom(by); if (event.key === "0") this.whole(); });
  }

  point(event) {
    const { x, y, cell } = this.cellAt(event);
    this.tip.hidden = !cell;
    if (!cell) return;
    const [row, column] = cell, count = this.matrix.at(row, column), share = this.matrix.value(row, column, "rows");
    const what = row === column ? `${this.matrix.names[row]}, right` : `${this.matrix.names[row]} taken for ${this.matrix.names[column]}`;
    this.tip.textContent = `${what}: ${thousands(count)} image${Math.abs(count) === 1 ? "" : "s"}${this.matrix.signed || share === null ? "" : ` (${percent(share)} of the class)`}`;
    this.tip.style.left = `${Math.min(x + 14, this.canvas.clientWidth - 200)}px`;
    this.tip.style.top = `${y + 14}px`;
  }
}
