// The network of the model form as a drawing in which a click freezes a layer, or gives it a learning-rate factor.
import { $, $$, ask, make } from "../dom.js";
import { Drawing } from "./canvas.js";
import { short } from "./figures.js";
import { neighbour } from "./keys.js";
import { layout } from "./layout.js";

const inside = (name, outer) => name === outer || name.startsWith(`${outer}.`);
/** Whether a layer's name is meant by a name that may hold "*". */
const means = (pattern, name) => new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join("[^.]*")}(\\.|$)`).test(name);

export class FreezeGraph {
  /** `box` holds the drawing and its tools. `form` says which network; `layers()` are the rows of the table: [{name, parameters,
   *  frozen, factor}]; `freeze(names, on)` and `rate(names, factor or "")` do what a click asks for. */
  constructor(box, form, { layers, freeze, rate }) {
    Object.assign(this, { box, form, layers, freeze, rate });
    this.open = new Set();
    this.names = {};
    this.turn = 0;
    this.host = $("[data-graph]", box);
    this.said = $("[data-graph-said]", box);
    this.drawing = new Drawing(this.host, (what, id) => this.touched(what, id), { embedded: true });
    this.host.addEventListener("keydown", (event) => this.pressed(event));
    for (const button of $$("[data-zoom]", box)) button.addEventListener("click", () => ({ in: () => this.drawing.zoom(1.25), out: () => this.drawing.zoom(0.8), fit: () => this.drawing.fit() })[button.dataset.zoom]());
    $("[data-tool-rate]", box).addEventListener("input", () => { $("[value='rate']", box).checked = true; });
  }

  /** Ask for the graph of the network that the form names now; another network begins closed. */
  async refresh(key) {
    const mine = (this.turn += 1), sent = new FormData(this.form);
    if (key !== undefined && key !== this.key) { this.open.clear(); this.key = key; }
    for (const id of this.open) sent.append("open", id);
    this.host.setAttribute("aria-busy", "true");
    let answer;
    try { answer = await ask(this.box.dataset.graphUrl, { method: "POST", body: sent }); }
    catch (error) { answer = { picture: null, problems: [{ text: error.message }] }; }
    if (mine !== this.turn) return;
    this.host.removeAttribute("aria-busy");
    this.host.hidden = !answer.picture;
    this.said.textContent = answer.picture ? "" : answer.problems.map((problem) => problem.text).join(" ") || "This network cannot be drawn from its source; use the table above.";
    if (!answer.picture) return;
    this.names = answer.layers;
    this.open = new Set(answer.open);
    await this.drawing.show(answer.picture, await layout(answer.picture, "shapes"), this.look());
  }

  /** The table has changed: show what is frozen now. */
  dress() { if (this.drawing.picture.nodes.length) this.drawing.dress(this.look()); }

  look() {
    const known = this.layers();
    return { facts: {}, problems: [], detail: "shapes", own: (node) => this.own(node, known) };
  }

  /** The layers of the table that a node stands for: itself if it has a row, else those inside of it. */
  rows(node, known = this.layers()) {
    const names = this.names[node.id] || [], meant = known.filter((layer) => names.some((name) => means(name, layer.name)));
    return meant.filter((layer) => !meant.some((other) => other !== layer && inside(layer.name, other.name)));
  }

  own(node, known) {
    if (node.type === "input" || node.type === "output") return null;
    const outer = this.rows(node, known), all = known.filter((layer) => outer.some((one) => inside(layer.name, one.name)));
    if (!outer.length) return { kind: "nw-plain", rows: [[node.summary, ""], ["no weights", ""]].filter(([text]) => text), said: `${node.label}, ${node.title}, no weights` };
    const frozen = outer.every((layer) => layer.frozen), part = !frozen && all.some((layer) => layer.frozen);
    const factors = [...new Set(outer.map((layer) => (Number(layer.factor) === 1 ? "" : layer.factor)))], factor = factors.length === 1 ? factors[0] : "";
    const state = frozen ? "frozen" : part ? "partly frozen" : factor ? `rate × ${factor}` : "";
    const weights = `${short(outer.reduce((sum, layer) => sum + layer.parameters, 0))} weights`;
    return {
      kind: frozen ? "nw-frozen" : part ? "nw-partly" : factor ? "nw-factor" : "", rows: [...(node.summary ? [[node.summary, ""]] : []), [weights, state]],
      said: [node.label, node.title, weights, state || "learns", node.container || node.run ? (node.open ? "open" : "closed") : ""].filter(Boolean).join(", "),
    };
  }

  touched(what, id) {
    if (what === "open") this.toggle(id);
    if (what === "node") { this.drawing.mark({ node: id }); this.apply(id); this.drawing.focus(id); }
  }

  /** Do what the chosen tool does to the layers of a node. */
  apply(id) {
    const node = this.drawing.picture.nodes.find((item) => item.id === id), rows = this.rows(node);
    if (!rows.length) { this.said.textContent = `${node.label} has no weights of its own to freeze.`; return; }
    const names = rows.map((layer) => layer.name);
    if ($("[name='freeze-tool']:checked", this.box).value === "freeze") {
      const on = !rows.every((layer) => layer.frozen);
      this.freeze(names, on);
      this.said.textContent = `${names.length > 2 ? node.label : names.join(", ")} ${on ? "keeps its weights." : "is learnt."}`;
    } else {
      const factor = $("[data-tool-rate]", this.box).value, same = rows.every((layer) => String(layer.factor) === factor);
      this.rate(names, same ? "" : factor);
      this.said.textContent = `${names.length > 2 ? node.label : names.join(", ")} learns at ${same ? "the usual rate" : `${factor} times the rate`}.`;
    }
    this.dress();
  }

  toggle(id) {
    if (this.open.has(id)) for (const one of [...this.open]) { if (one === id || one.startsWith(`${id}/`)) this.open.delete(one); }
    else this.open.add(id);
    this.refresh().then(() => this.drawing.bring(this.drawing.places.nodes.has(id) ? id : id.split("..")[0]));
  }

  pressed(event) {
    const { picture, places } = this.drawing, id = event.target.closest(".nw-node")?.dataset.id, node = picture.nodes.find((item) => item.id === id);
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End" ? neighbour(picture, places, id, event.key) : null;
    if (next) { this.drawing.mark({ node: next }); this.drawing.focus(next); }
    else if (event.key === "Enter" || event.key === " ") this.apply(id);
    else if (event.key === "o" && (node.container || node.run)) this.toggle(id);
    else return;
    event.preventDefault();
  }
}

/** The place for the drawing: its tools above it. `url` answers the graph. */
export function freezeBox(url) {
  const zoom = (name, text, label) => { const button = make("button", { type: "button", className: "btn btn-sm btn-icon", textContent: text, ariaLabel: label }); button.dataset.zoom = name; return button; };
  const tool = (value, checked, ...content) => make("label", { className: "form-check form-check-inline mb-0" }, make("input", { type: "radio", className: "form-check-input", name: "freeze-tool", value, checked }), make("span", { className: "form-check-label" }, ...content));
  const rate = make("input", { type: "number", className: "form-control form-control-sm fv-factor", min: "0", step: "any", value: "0.1", ariaLabel: "Learning-rate factor that a click gives" });
  rate.dataset.toolRate = "";
  const host = make("div", { className: "nw-host fv-freeze-host", role: "application", ariaLabel: "Graph of the network. Enter freezes a layer or gives it the factor, O opens a block, arrows follow the lines." });
  host.dataset.graph = "";
  const said = make("div", { className: "small text-secondary", role: "status" });
  said.dataset.graphSaid = "";
  const box = make("div", { className: "fv-freeze" },
    make("div", { className: "fv-freeze-tools" }, make("span", { className: "small text-secondary", textContent: "A click on a layer" }), tool("freeze", true, "freezes it"), tool("rate", false, "gives it the rate ×"), rate, make("span", { className: "ms-auto" }, zoom("out", "−", "Smaller"), " ", zoom("fit", "⤢", "Whole network"), " ", zoom("in", "+", "Larger"))), host, said);
  for (const input of $$("input", box)) input.setAttribute("form", "none"); // they are no fields of the form around them
  box.dataset.graphUrl = url;
  return box;
}
