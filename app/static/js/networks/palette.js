// The palette: layers by kind, found by words, put on a line by click, by Enter or by dragging.
import { make } from "../dom.js";

export class Palette {
  /** `told("pick", op)` when one is chosen; `told("drag", op, event)`, `told("drop", op, event)` while it is dragged. */
  constructor(host, told) {
    this.told = told;
    this.layers = [];
    this.title = make("div", { className: "nw-palette-title" });
    this.input = make("input", { type: "search", className: "form-control form-control-sm", placeholder: "Find a layer", autocomplete: "off" });
    this.input.setAttribute("aria-label", "Find a layer");
    this.list = make("div", { className: "nw-layers" });
    host.append(this.title, this.input, this.list);
    this.input.addEventListener("input", () => this._fill());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); this.list.querySelector("button")?.focus(); }
      if (event.key === "Enter") { event.preventDefault(); this.list.querySelector("button")?.click(); }
      if (event.key === "Escape") told("leave");
    });
    this.list.addEventListener("keydown", (event) => this._walk(event));
    this.list.addEventListener("click", (event) => { const op = event.target.closest("button")?.dataset.op; if (op && !this.dragged) told("pick", op); });
    this._dragging();
    this.say("");
  }

  fill(layers) {
    this.layers = layers;
    this._fill();
  }

  /** What happens with the one that is chosen, in words. */
  say(text) { this.title.textContent = text || "Drag a layer onto a line, or choose a line first."; }

  focus() {
    this.input.focus();
    this.input.select();
  }

  _fill() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (layer) => words.every((word) => `${layer.op} ${layer.group} ${layer.summary}`.toLowerCase().includes(word));
    const found = this.layers.filter((layer) => layer.insertable && fits(layer));
    const starts = (layer) => Number(!layer.title.toLowerCase().startsWith(words[0] || ""));
    if (words.length) found.sort((a, b) => starts(a) - starts(b));
    const groups = Map.groupBy ? Map.groupBy(found, (layer) => layer.group) : grouped(found);
    this.list.replaceChildren(...[...groups].flatMap(([group, layers]) => [make("h3", { textContent: group }), ...layers.map(entry)]));
    if (!found.length && this.layers.length) this.list.append(make("p", { className: "fv-note", textContent: "Nothing is called so. Write it in the source: what runs is drawn." }));
  }

  _walk(event) {
    const buttons = [...this.list.querySelectorAll("button")], at = buttons.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === "Escape") this.told("leave");
    if (next === undefined) return;
    event.preventDefault();
    if (next < 0) this.input.focus();
    else buttons[Math.min(next, buttons.length - 1)].focus();
  }

  /** Dragging by mouse or pen. A finger scrolls the list; by finger a layer is put on the chosen line by tapping it. */
  _dragging() {
    let held = null;
    const end = (event) => {
      if (held?.ghost) {
        held.ghost.remove();
        this.told(event.type === "pointerup" ? "drop" : "drag", held.op, event.type === "pointerup" ? event : null);
        this.dragged = true;
        setTimeout(() => { this.dragged = false; }, 0);
      }
      held = null;
    };
    this.list.addEventListener("pointerdown", (event) => {
      const button = event.target.closest("button");
      if (button && event.button === 0 && event.pointerType !== "touch") held = { op: button.dataset.op, x: event.clientX, y: event.clientY, button };
    });
    window.addEventListener("pointermove", (event) => {
      if (!held) return;
      if (!held.ghost) {
        if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < 5) return;
        held.ghost = make("div", { className: "nw-ghost", textContent: held.button.firstChild.textContent });
        document.body.append(held.ghost);
      }
      held.ghost.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 8}px)`;
      this.told("drag", held.op, event);
    });
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
    window.addEventListener("keydown", (event) => { if (event.key === "Escape" && held?.ghost) end(event); });
  }
}

function entry(layer) {
  const button = make("button", { type: "button", title: layer.summary }, make("b", { textContent: layer.title }), make("small", { textContent: layer.summary }));
  button.dataset.op = layer.op;
  return button;
}

function grouped(layers) {
  const groups = new Map();
  for (const layer of layers) groups.set(layer.group, [...(groups.get(layer.group) || []), layer]);
  return groups;
}
