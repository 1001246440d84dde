// The table of runs: only the rows in view are elements of the page, so that 500 runs scroll and sort at once.
import { $, make, root } from "../dom.js";

const ROW = 34; // px, as in compare.css
const ACTS = 100; // px for colour, pin and eye
const SPARE = 8; // rows made above and below the view

export class Table {
  /** ``on`` is told: sort(key), pin(id), hide(id), colour(id, ink), over(id or null). */
  constructor(holder, on) {
    Object.assign(this, { holder, on, runs: [], columns: [] });
    holder.addEventListener("scroll", () => this.later());
    new ResizeObserver(() => this.later()).observe(holder);
    this.colgroup = make("colgroup");
    this.head = make("thead");
    this.body = make("tbody");
    holder.replaceChildren(make("table", { className: "table card-table fv-table cmp-table" }, this.colgroup, this.head, this.body));
    holder.addEventListener("click", (event) => this.click(event));
    holder.addEventListener("change", (event) => { if (event.target.type === "color") on.colour(this.id(event), event.target.value); });
    this.body.addEventListener("pointerover", (event) => on.over(this.id(event)));
    this.body.addEventListener("pointerleave", () => on.over(null));
  }

  id(event) { return event.target.closest("tr")?.dataset.run || null; }

  click(event) {
    const button = event.target.closest("button[data-act]");
    if (!button) return;
    if (button.dataset.act === "sort") this.on.sort(button.dataset.key);
    else this.on[button.dataset.act](this.id(event));
  }

  /** Show runs in this order; ``look(run)`` is {ink, pinned, hidden}. */
  show(runs, columns, sort, look) {
    Object.assign(this, { runs, columns, look });
    this.colgroup.replaceChildren(...[{ width: ACTS }, ...columns].map(({ width }) => { const col = make("col"); col.style.width = `${width}px`; return col; }));
    $("table", this.holder).style.width = `${ACTS + columns.reduce((sum, { width }) => sum + width, 0)}px`;
    this.head.replaceChildren(make("tr", {}, make("th", { ariaLabel: "Colour, pinned, shown" }), ...columns.map((column) => this.title(column, sort))));
    this.drawn = "";
    this.draw();
  }

  title({ key, title, hint, right }, sort) {
    const cell = make("th", { className: right ? "text-end" : "", title: hint || title, scope: "col" });
    if (sort.replace(/^-/, "") === key) cell.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
    const button = make("button", { type: "button", className: "cmp-sort", textContent: title });
    Object.assign(button.dataset, { act: "sort", key });
    cell.append(button);
    return cell;
  }

  later() {
    this.waiting ||= requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
  }

  draw() {
    const first = Math.max(0, Math.floor(this.holder.scrollTop / ROW) - SPARE);
    const last = Math.min(this.runs.length, first + Math.ceil(this.holder.clientHeight / ROW) + 2 * SPARE);
    if (this.drawn === `${first} ${last}`) return;
    this.drawn = `${first} ${last}`;
    const blank = (rows) => { const row = make("tr", { ariaHidden: "true" }), cell = make("td", { colSpan: this.columns.length + 1, className: "cmp-blank" }); cell.style.height = `${rows * ROW}px`; row.append(cell); return row; };
    const rows = this.runs.slice(first, last).map((run) => this.row(run));
    this.body.replaceChildren(...(first ? [blank(first)] : []), ...rows, ...(last < this.runs.length ? [blank(this.runs.length - last)] : []));
  }

  row(run) {
    const { ink, pinned, hidden } = this.look(run), row = make("tr", { className: hidden ? "cmp-hidden" : "" });
    row.dataset.run = run.id;
    const colour = make("input", { type: "color", value: ink, ariaLabel: `Colour of ${run.name}`, title: "Colour" });
    const act = (name, icon, pressed, words) => { const button = make("button", { type: "button", className: "cmp-act", title: words, ariaLabel: `${words}: ${run.name}` }, symbol(icon)); button.dataset.act = name; button.setAttribute("aria-pressed", String(pressed)); return button; };
    row.append(make("td", { className: "cmp-acts" }, colour, act("pin", "pin", pinned, pinned ? "Pinned to the top" : "Pin to the top"), act("hide", hidden ? "eye-off" : "eye", hidden, hidden ? "Show its curve" : "Hide its curve")));
    for (const column of this.columns) row.append(this.cell(column, run));
    return row;
  }

  cell(column, run) {
    const text = column.text(run), cell = make("td", { className: column.right ? "text-end fv-num" : "", title: text });
    if (column.key !== "name") { cell.textContent = text; return cell; }
    cell.append(make("a", { href: `${root}/${run.type === "run" ? "runs" : "models"}/${run.id}`, textContent: text }), ...run.tags.map((tag) => make("span", { className: "badge fv-tag", textContent: tag })));
    cell.title = [text, run.group, ...run.tags].filter(Boolean).join(" · ");
    return cell;
  }
}

/** An icon of the sprite. */
function symbol(name) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  picture.append(use);
  return picture;
}
