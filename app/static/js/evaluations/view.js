// The card of a confusion matrix: chooses table or picture, keeps what is shown and in which order.
import { $$, make, part } from "../dom.js";
import { percent, thousands } from "../words.js";
import { Picture } from "./canvas.js";
import { png } from "./png.js";
import { table } from "./table.js";

const TABLE = 50;

export class View {
  /** ``pick(row, column)`` opens the images of a cell; ``orders`` are lists of class numbers by name. */
  constructor(holder, pick, orders = {}) {
    Object.assign(this, { holder, pick, orders, show: "counts", order: "labelled" });
    for (const key of ["cells", "order"]) {
      for (const button of $$(`[data-${key}]`)) button.addEventListener("click", () => this.choose(key, button));
    }
    document.addEventListener("foveal:theme", () => this.draw());
    part("png")?.addEventListener("click", (event) => { event.preventDefault(); if (this.matrix) png(this.matrix, this.state(), "confusion.png"); });
  }

  choose(key, button) {
    for (const other of $$(`[data-${key}]`)) { other.classList.toggle("active", other === button); other.setAttribute("aria-pressed", String(other === button)); }
    this[key === "cells" ? "show" : "order"] = button.dataset[key];
    this.draw();
  }

  state() {
    const identity = this.matrix.names.map((_, index) => index);
    return { show: this.show, order: this.order === "labelled" ? identity : this.orders[this.order] || identity };
  }

  set(matrix) {
    this.matrix = matrix;
    this.draw();
  }

  mark(cell) {
    this.chosen = cell;
    if (this.matrix && this.matrix.size <= TABLE) this.draw();
  }

  /** The pairs confused most, since single cells of a large matrix are hard to find. */
  pairs() {
    const items = this.confused.slice(0, 20).map(({ label, predicted, count, share }) => {
      const button = make("button", { type: "button" }, make("span", { textContent: `${this.matrix.names[label]} taken for ${this.matrix.names[predicted]}` }), make("b", { className: "ms-auto", textContent: `${thousands(count)} (${percent(share, 0)})` }));
      button.addEventListener("click", () => this.pick(label, predicted));
      return button;
    });
    return make("div", { className: "ev-confused" }, ...items);
  }

  draw() {
    if (!this.matrix) return;
    const { show, order } = this.state();
    if (this.matrix.size <= TABLE) { table(this.holder, this.matrix, { show, order, pick: this.pick, chosen: this.chosen }); return; }
    if (!this.picture) {
      this.picture = new Picture(this.holder, this.pick);
      if (this.confused?.length) this.holder.append(this.pairs());
    }
    this.picture.show(this.matrix, show, order);
  }
}
