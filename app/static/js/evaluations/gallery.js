// Images of an evaluation from one sprite a page: by cell, right or wrong, hardest first; the address keeps the choice.
import { $, ask, make, part, toast } from "../dom.js";
import { percent, thousands } from "../words.js";
import { cut } from "../thumbs.js";

export class Gallery {
  constructor(address, names, more = {}) {
    Object.assign(this, { address, names, more, box: document.getElementById("gallery"), page: 1, cell: null });
    const given = new URLSearchParams(location.search);
    for (const key of ["show", "sort"]) {
      const select = part(key, this.box);
      if (given.has(key)) select.value = given.get(key);
      select.addEventListener("change", () => { this.page = 1; this.load(); });
    }
    if (given.has("label") || given.has("predicted")) this.cell = ["label", "predicted"].map((key) => (given.has(key) ? Number(given.get(key)) : null));
    if (given.has("page")) this.page = Number(given.get("page")) || 1;
    part("unfilter", this.box).addEventListener("click", () => this.open(null));
    for (const button of this.box.querySelectorAll("[data-turn]")) button.addEventListener("click", () => { this.page += Number(button.dataset.turn); this.load(); });
  }

  /** Show the images of a cell [label, predicted] (either may be null), or of all. */
  open(cell, scroll = false) {
    this.cell = cell;
    this.page = 1;
    if (cell) part("show", this.box).value = "all";
    if (scroll) this.box.scrollIntoView({ behavior: "smooth", block: "start" });
    this.onOpen?.(cell);
    return this.load();
  }

  query() {
    const values = { show: part("show", this.box).value, sort: part("sort", this.box).value, page: this.page };
    if (this.cell) { if (this.cell[0] !== null) values.label = this.cell[0]; if (this.cell[1] !== null) values.predicted = this.cell[1]; }
    return values;
  }

  async load() {
    const mine = (this.turn = (this.turn || 0) + 1), query = this.query();
    history.replaceState(null, "", `?${new URLSearchParams(query)}`);
    let found;
    try {
      found = await ask(`${this.address}/images?${new URLSearchParams({ ...query, ...this.more })}`);
    } catch (error) {
      toast(error.message, true);
      return;
    }
    if (mine === this.turn) this.show(found);
  }

  show(found) {
    this.page = found.page;
    const box = part("thumbs", this.box), chip = part("unfilter", this.box);
    box.replaceChildren(...found.records.map((record) => this.thumb(record)));
    if (found.sprite) { Object.assign(box.dataset, { sprite: found.sprite.url, columns: found.sprite.columns, rows: found.sprite.rows }); cut(box); }
    part("none", this.box).hidden = found.total > 0;
    part("pager", this.box).hidden = found.total === 0;
    const first = (found.page - 1) * found.size + 1;
    part("range", this.box).textContent = `${thousands(first)}–${thousands(first + found.records.length - 1)} of ${thousands(found.total)}`;
    for (const button of this.box.querySelectorAll("[data-turn]")) button.disabled = !(found.page + Number(button.dataset.turn) >= 1 && found.page + Number(button.dataset.turn) <= found.pages);
    chip.hidden = !this.cell;
    const pair = part("pair", this.box), two = this.cell?.every((cls) => cls !== null) && this.cell[0] !== this.cell[1] && !this.more.before;
    pair.hidden = !two;
    if (two) pair.href = `${this.address}/pair/${this.cell.join("/")}`;
    if (this.cell) {
      const [label, predicted] = this.cell.map((cls) => (cls === null ? null : this.names[cls]));
      chip.textContent = `${label === predicted ? `${label}, right` : label === null ? `taken for ${predicted}` : predicted === null ? label : `${label} taken for ${predicted}`} ✕`;
    }
  }

  thumb(record) {
    const sure = percent(record.confidence, record.confidence > 0.995 ? 2 : 0);
    const said = record.right === false ? `${record.class} → ${record.predicted_class}` : record.predicted_class || "not readable";
    const words = record.before !== undefined ? `${record.class}: ${record.before} → ${record.predicted_class}` : said;
    const shares = record.share === undefined ? sure : this.pair.map((cls, at) => `${this.names[cls]} ${percent(at ? 1 - record.share : record.share, 0)}`).join(" · ");
    const link = make("a", { href: `${this.address}/record/${record.index}`, className: "fv-thumb", title: `${words}, ${sure} sure` }, make("i"), make("span", { textContent: words }), make("span", { textContent: shares }));
    link.dataset.right = String(record.right);
    return link;
  }
}
