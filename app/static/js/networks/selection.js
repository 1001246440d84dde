// What is selected, in the drawing, in the source and in the panel beside them: one choice for all three.
import { $, $$ } from "../dom.js";
import { linkPanel, nodePanel } from "./panel.js";

/** Methods of the page. */
export const selection = {
  find(id) { return (this.answer?.picture || this.answer?.last)?.nodes.find((node) => node.id === id); },

  node() { return this.selected?.node ? this.find(this.selected.node) : null; },

  linksOf(id) {
    const { links } = this.answer.picture;
    return links.flatMap((link, index) => (link.source === id ? [{ index, out: true, other: this.find(link.target).label, uses: link.uses.length }] : link.target === id ? [{ index, out: false, other: this.find(link.source).label, uses: link.uses.length }] : []));
  },

  touched(what, id) {
    if (!this.answer?.picture) return;
    if (what === "open") { this.act("open", id); return; }
    if (this.mode && this.mode.kind !== "swap" && what !== "nothing") { this.take(what === "link" ? id : null, what === "node" ? this.find(id) : null); return; }
    if (what === "nothing") this.select(null);
    else this.select(what === "node" ? { node: id } : { link: id });
    if (what === "node") this.drawing.elements.get(id)?.focus({ preventScroll: true });
  },

  select(what, { fromCode = false, quiet = false } = {}) {
    this.selected = what;
    this.drawing.mark(what);
    const node = this.node();
    const places = node ? [node.definition, node.location].filter(Boolean) : [];
    this.code.mark(places, !fromCode && !quiet);
    if (fromCode && node) this.drawing.bring(node.id);
    if (what) this.tab("selected");
    this.panel();
    this.remember();
  },

  panel() {
    const host = $("#selected"), { picture } = this.answer || {};
    const node = this.node();
    if (node && picture) {
      const layer = this.layers.get(node.op) || null;
      nodePanel(host, { node, facts: this.answer.facts[node.id], problems: this.answer.problems.filter((problem) => problem.shown === node.id), layer, links: this.linksOf(node.id) }, (...what) => this.act(...what));
    } else if (picture && this.selected?.link !== undefined) {
      const link = picture.links[this.selected.link];
      linkPanel(host, { link, from: this.find(link.source).label, to: this.find(link.target).label, chosen: this.use(this.selected.link) }, (...what) => this.act(...what));
    } else host.replaceChildren(Object.assign(document.createElement("p"), { className: "fv-note", textContent: `Choose a layer or a line in the drawing${this.code.text === undefined ? "" : ", or put the cursor on one in the source"}.` }));
  },

  tab(name) {
    for (const button of $$("[data-tab]")) { button.setAttribute("aria-selected", button.dataset.tab === name); document.getElementById(button.dataset.tab).hidden = button.dataset.tab !== name; }
  },
};
