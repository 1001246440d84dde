// Edits of the graph: asked of the server one after the other, done to the source as one step of its history each.
import { $, part, toast } from "../dom.js";
import * as server from "./server.js";

/** Methods of the page. */
export const edits = {
  /** One edit after another: each is made for the graph that the one before it left. */
  edit(change, focus = document.activeElement?.closest?.("#graph, #side") !== null) {
    this.queue = this.queue.then(() => this.editNow(change, focus)).catch((error) => toast(error.message, true));
    return this.queue;
  },

  async editNow(change, focus) {
    if (!this.answer?.picture) { toast("The source cannot be read, so its graph cannot be edited. Mend it first.", true); return; }
    const text = this.code.text;
    let answer;
    try {
      answer = await server.edit({ ...this.body(), reveal: null, source: text, hash: this.answer.hash, edit: change });
    } catch (error) {
      toast(error.message, true);
      if (error.status === 409) this.refresh();
      return;
    }
    if (this.code.text !== text) { toast("You typed while the edit was being made, so it was not done. Please do it again.", true); return; }
    const mine = (this.turn += 1);
    this.code.change(answer.changes);
    this.saving.changed();
    for (const note of answer.said) toast(note);
    const was = this.selected?.node; // what is doubled may be drawn as one with its twin
    const fresh = answer.picture?.nodes.find((node) => answer.added.includes(node.first) || (node.run && was && node.id.startsWith(`${was}..`)));
    if (fresh) this.selected = { node: fresh.id };
    else if (change.kind === "delete") this.selected = null;
    await this.show(answer, mine);
    if (this.selected?.node) { this.select(this.selected, { quiet: true }); if (focus) this.drawing.focus(this.selected.node); } else if (focus) $(".nw-node", $("#graph"))?.focus({ preventScroll: true });
    this.measure(answer, mine);
  },

  /** What comes out of the palette. */
  offered(what, op, event) {
    if (what === "leave") { this.act("leave"); return; }
    if (what === "drag") { this.drawing.aim(event ? this.drawing.under(event.clientX, event.clientY) : null); return; }
    if (what === "drop") {
      const target = this.drawing.under(event.clientX, event.clientY);
      this.drawing.aim(null);
      if (target) this.put(op, target);
      return;
    }
    if (this.mode?.kind === "swap") { const { node } = this.mode; this.leave(); this.edit({ kind: "swap", node: node.first, op }, true); return; }
    const target = this.target();
    if (target) this.put(op, target);
  },

  put(op, target) {
    if (target.node) {
      const node = this.find(target.node);
      if (node.locked) toast(node.locked, true);
      else this.edit({ kind: "swap", node: node.first, op }, true);
    } else this.edit({ kind: "insert", edge: this.use(target.link), op }, true);
  },

  /** The line that a chosen layer goes on: the selected one, or the only one out of the selected node. */
  target() {
    if (this.selected?.link !== undefined) return { link: this.selected.link };
    const node = this.node();
    if (!node) { toast("Choose a line first, or a layer to put it after."); return null; }
    const out = this.linksOf(node.id).filter((link) => link.out && link.uses);
    const side = out.length ? out : this.linksOf(node.id).filter((link) => !link.out && link.uses);
    if (side.length === 1) return { link: side[0].index };
    toast(side.length ? `${node.label} goes to ${side.length} places. Choose one of its lines.` : `Nothing can be put after ${node.label}.`, !side.length);
    this.tab("selected");
    return null;
  },

  /** Choose what comes next: a line for a skip connection, a layer of the palette for a swap. */
  enter(mode) {
    this.mode = mode;
    const words = { swap: `Choose what replaces ${mode.node.label}.`, skip: `Choose the line to which ${mode.node.label} is added: click it, or go to the layer that it leads to and press Enter.`, concatenate: `Choose the line to which ${mode.node.label} is joined: click it, or go to the layer that it leads to and press Enter.` }[mode.kind];
    part("banner").firstElementChild.textContent = words;
    part("banner").hidden = false;
    if (mode.kind === "swap") { this.palette.say(words); this.tab("palette"); this.palette.focus(); } else this.drawing.focus(mode.node.id);
  },

  leave(toGraph = false) {
    const was = this.mode;
    this.mode = null;
    part("banner").hidden = true;
    this.palette.say("");
    if (toGraph && !was && document.activeElement?.closest("#graph")) this.select(null);
    else if (toGraph) { const id = this.selected?.node || this.answer?.picture?.nodes[0]?.id; if (id) this.drawing.focus(id); }
  },

  /** A line (or the line into a node) was chosen for a skip connection. */
  take(index, target) {
    const { kind, node } = this.mode;
    const into = target ? this.linksOf(target.id).filter((link) => !link.out && link.uses)[0] : { index };
    if (!into) { toast(`No line into ${target.label} can be changed.`, true); return; }
    const edge = this.use(into.index);
    if (!edge) { toast(this.answer.picture.links[into.index].reason || "Nothing can be put on this line.", true); return; }
    this.leave();
    this.edit({ kind, node: node.first, edge }, true);
  },
};
