// A network that is drawn and looked at: blocks open and close, nodes are selected and found, pictures saved, the address
// restores the view. What it is drawn from (a source, a file) is the matter of those that extend it.
import { $, $$, part, toast } from "../dom.js";
import { bytes, thousands } from "../words.js";
import { Drawing } from "./canvas.js";
import { savePng, saveSvg } from "./exports.js";
import { short } from "./figures.js";
import { find } from "./find.js";
import * as keys from "./keys.js";
import { layout, warm } from "./layout.js";
import { selection } from "./selection.js";
import * as server from "./server.js";

const MANY = 1500; // nodes; who opens more is asked whether they mean it

/** Whoever extends it has `draw(more)`, which asks for the picture of what is open; `outline()`, {key, ask}, for every call site;
 *  `code`, where places are marked; and may have `measure(answer, turn)`, after something new is shown. */
export class View {
  constructor(title) {
    const address = new URLSearchParams(location.hash.slice(1));
    this.title = title;
    this.open = new Set((address.get("open") || "").split("\n").filter(Boolean));
    this.reveal = address.get("at");
    this.fold = address.get("fold") !== "0";
    this.detail = address.get("detail") || "all";
    this.turn = 0;
    this.answer = null;
    this.selected = null;
    this.mode = null;
    this.layers = new Map();
    this.drawing = new Drawing($("#graph"), (what, id) => this.touched(what, id));
  }

  /** Listen to keys, buttons and the search; get the palette's words. */
  begin() {
    keys.listen($("#graph"), this);
    find($("#find"), $("#found"), this);
    this.listen();
    warm();
    return server.layers().then((found) => {
      this.layers = new Map(found.map((layer) => [layer.op, layer]));
      return found;
    });
  }

  /** What to draw of it, as the server wants to know. */
  look() {
    return { open: [...this.open], fold: this.fold, ...(this.reveal ? { reveal: this.reveal } : {}) };
  }

  /** Draw it as it is now. A later call wins over an earlier one. */
  async refresh() {
    const mine = (this.turn += 1);
    $("#graph").setAttribute("aria-busy", "true");
    try {
      const answer = await this.draw({});
      if (mine !== this.turn) return;
      await this.show(answer, mine);
      this.measure?.(answer, mine);
    } catch (error) {
      if (mine === this.turn) this.say(error.message, true);
    }
  }

  /** What was answered. Where the text cannot be read, the last good graph stays, dimmed. */
  async show(answer, mine) {
    const { picture } = answer;
    $("#graph").classList.toggle("nw-stale", !picture);
    if (!picture) {
      this.answer = { ...answer, picture: null, last: this.answer?.picture || this.answer?.last };
      $("#graph").removeAttribute("aria-busy");
      this.tell();
      return;
    }
    const places = await layout(picture, this.detail);
    if (mine !== this.turn) return;
    const asked = this.reveal;
    this.answer = answer;
    this.open = new Set(answer.open);
    this.reveal = null;
    if (this.selected?.node && !picture.nodes.some((node) => node.id === this.selected.node)) this.selected = null;
    if (this.selected?.link !== undefined) this.selected = null;
    const shown = asked && picture.nodes.find((node) => node.id === asked);
    if (shown) this.selected = { node: shown.id };
    this.drawing.selected = this.selected;
    if (!(await this.drawing.show(picture, places, this.dressed()))) return;
    $("#graph").removeAttribute("aria-busy");
    if (shown) this.drawing.bring(shown.id);
    this.tell();
    document.dispatchEvent(new CustomEvent("foveal:drawn", { detail: answer.hash }));
  }

  /** What is written on the cards. */
  dressed() {
    return { facts: this.answer.facts, problems: this.answer.problems, detail: this.detail };
  }

  /** Totals to the bar, facts to the panel, the view to the address. */
  tell() {
    const { problems, totals, picture } = this.answer;
    const known = totals && (totals.parameters || !problems.length);
    part("totals").textContent = known ? ` · ${short(totals.parameters)} weights · ${short(totals.flops)}FLOPs · ${bytes(totals.weight_bytes + totals.buffer_bytes)}${totals.saved_bytes === null ? "" : ` · ${bytes(totals.saved_bytes)} kept an image`}`.replace(/(\d)FLOPs/, "$1 FLOPs") : "";
    part("totals").title = known ? `${thousands(totals.parameters)} weights, ${thousands(totals.flops)} floating-point operations for one image` : "";
    part("count").textContent = picture ? `${thousands(picture.total)} ${picture.total === 1 ? "layer" : "layers"}${picture.nodes.length < picture.total ? `, ${thousands(picture.nodes.length)} drawn` : ""}` : "";
    this.buttons();
    this.panel();
    this.remember();
  }

  /** Open what hides a node, and select it. */
  bringOut(id) {
    this.reveal = id;
    this.refresh().then(() => { if (this.selected?.node) { this.select(this.selected); this.drawing.focus(this.selected.node); } });
  }

  // -- everything by name --------------------------------------------------------------------------------------

  act(name, ...rest) { this.acts()[name]?.(...rest); }

  acts() {
    return {
      open: (id) => this.toggle(id), close: () => this.select(null), line: (index) => this.select({ link: index }), leave: () => this.select(null),
      arguments: () => { this.tab("selected"); $("#selected button")?.focus(); }, "next-line": () => this.nextLine(),
      help: () => $("#keys").showModal(), closer: () => this.drawing.zoom(1.25), farther: () => this.drawing.zoom(0.8), fit: () => this.drawing.fit(), find: () => $("#find").focus(),
      fold: () => { this.fold = !this.fold; this.refresh(); }, "open-all": () => this.openAll(), "close-all": () => { this.open.clear(); this.refresh(); },
      svg: () => this.drawing.complete.then(() => saveSvg(this.drawing, this.title)), png: () => this.drawing.complete.then(() => savePng(this.drawing, this.title)).catch((error) => toast(error.message, true)),
      link: () => navigator.clipboard.writeText(location.href).then(() => toast("The link is copied: it opens this view."), () => toast(location.href)),
      "next-part": () => this.nextPart(["#graph", "#side"], [".nw-node[tabindex='0']", "#side [aria-selected='true']"]),
    };
  }

  /** From one part of the page to the next: `within` it, what takes the focus. */
  nextPart(within, takes) {
    const at = within.findIndex((place) => document.activeElement?.closest(place));
    $(takes[(at + 1) % takes.length])?.focus();
  }

  toggle(id) {
    if (this.open.has(id)) for (const inside of [...this.open]) { if (inside === id || inside.startsWith(`${id}/`)) this.open.delete(inside); }
    else this.open.add(id);
    this.refresh().then(() => this.drawing.bring(this.find(id) ? id : this.answer.picture?.nodes.find((node) => node.id === id.split("..")[0])?.id));
  }

  openAll() {
    if (this.answer?.picture?.total > MANY) { toast(`This network has ${thousands(this.answer.picture.total)} layers; more than ${thousands(MANY)} are not drawn at once. Open the parts that you want to see.`, true); return; }
    this.fold = false;
    this.draw({ depth: 40 }).then((answer) => this.show(answer, (this.turn += 1)).then(() => this.measure?.(answer, this.turn)), (error) => toast(error.message, true));
  }

  /** The lines of the selected node, one after the other. */
  nextLine() {
    const node = this.node() || (this.around && this.find(this.around));
    if (!node) return;
    const mine = this.linksOf(node.id), at = mine.findIndex((link) => link.index === this.selected?.link);
    this.around = node.id;
    if (mine.length) this.select({ link: mine[(at + 1) % mine.length].index });
  }

  /** The place of a line where a layer is put. */
  use(index) {
    const link = this.answer.picture.links[index], chosen = this.selected?.link === index ? this.selected.use : null;
    return chosen || this.likeliest(link)?.edge;
  }

  /** Of several places on a line, the outermost that joins what the line joins; the first one else. */
  likeliest(link) {
    return link.uses.find((use) => use.edge.split("/").length === Math.min(...link.uses.map((one) => one.edge.split("/").length))) || link.uses[0];
  }

  // -- around it -----------------------------------------------------------------------------------------------

  listen() {
    for (const button of $$("[data-act]")) button.addEventListener("click", () => this.act(button.dataset.act));
    for (const button of $$("[data-tab]")) button.addEventListener("click", () => this.tab(button.dataset.tab));
    $("#detail").value = this.detail;
    $("#detail").addEventListener("change", (event) => { this.detail = event.target.value; this.refresh(); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "F6") { event.preventDefault(); this.act("next-part"); }
      if (event.key === "?" && !event.target.closest("input, textarea, select, .cm-content, dialog, #graph")) this.act("help");
    });
  }

  buttons() { $("[data-act='fold']").setAttribute("aria-pressed", this.fold); }

  say(text, bad) {
    $("#graph").removeAttribute("aria-busy");
    toast(text, bad);
  }

  /** The address restores the view: what is open and what is selected. */
  remember() {
    const kept = new URLSearchParams();
    if (this.open.size && [...this.open].join("\n").length < 4000) kept.set("open", [...this.open].join("\n"));
    if (this.selected?.node) kept.set("at", this.selected.node);
    if (!this.fold) kept.set("fold", "0");
    if (this.detail !== "all") kept.set("detail", this.detail);
    const hash = kept.toString();
    history.replaceState(null, "", `${location.pathname}${location.search}${hash ? `#${hash}` : ""}`);
  }
}

Object.assign(View.prototype, selection);
