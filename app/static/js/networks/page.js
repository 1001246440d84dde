// The networks page: source and graph side by side. The source is the only truth; the graph is drawn from it, and an edit of the
// graph comes back from the server as a change of the source.
import { $, $$, debounced, pageData, part, toast } from "../dom.js";
import { bytes, thousands } from "../words.js";
import { Drawing } from "./canvas.js";
import { Code } from "./code.js";
import { savePng, saveSvg } from "./exports.js";
import { short } from "./figures.js";
import { edits } from "./edits.js";
import { find } from "./find.js";
import * as keys from "./keys.js";
import { layout, warm } from "./layout.js";
import { Palette } from "./palette.js";
import { fixName } from "./panel.js";
import { Saving } from "./saving.js";
import { selection } from "./selection.js";
import * as server from "./server.js";
import { images, split } from "./controls.js";

const PAUSE = 250; // ms after the last key until the graph follows
const MANY = 1500; // nodes; who opens more is asked whether they mean it
const data = pageData("network-data");
const address = new URLSearchParams(location.hash.slice(1));

class Page {
  constructor() {
    this.open = new Set((address.get("open") || "").split("\n").filter(Boolean));
    this.reveal = address.get("at");
    this.fold = address.get("fold") !== "0";
    this.detail = address.get("detail") || "all";
    this.turn = 0;
    this.queue = Promise.resolve();
    this.answer = null;
    this.selected = null;
    this.mode = null;
    this.layers = new Map();
    this.drawing = new Drawing($("#graph"), (what, id) => this.touched(what, id));
    this.code = new Code($("#code"), data.source, (what, value) => this.written(what, value));
    this.palette = new Palette($("#palette"), (what, op, event) => this.offered(what, op, event));
    this.images = images($("#images"), data.images, () => this.refresh());
    this.saving = new Saving(data, this.code, () => this.images.values);
    this.soon = debounced(() => this.refresh(), PAUSE);
    keys.listen($("#graph"), this);
    find($("#find"), $("#found"), this);
    this.listen();
    split($("#split"), $("#grip"));
    warm();
    this.refresh();
    server.layers().then((found) => {
      this.palette.fill(found);
      this.code.layers = found;
      this.layers = new Map(found.map((layer) => [layer.op, layer]));
      this.panel();
    }, (error) => toast(error.message, true));
  }

  // -- the source, drawn ---------------------------------------------------------------------------------------

  body() {
    return { source: this.code.text, ...this.images.values, open: [...this.open], fold: this.fold, ...(this.reveal ? { reveal: this.reveal } : {}) };
  }

  /** Draw the text as it is now; then measure it. A later call wins over an earlier one. */
  async refresh() {
    const mine = (this.turn += 1);
    $("#graph").setAttribute("aria-busy", "true");
    try {
      const answer = await server.draw(this.body());
      if (mine !== this.turn) return;
      await this.show(answer, mine);
      this.measure(answer, mine);
    } catch (error) {
      if (mine === this.turn) this.say(error.message, true);
    }
  }

  async measure(answer, mine) {
    if (answer.measured || mine !== this.turn || this.unmeasurable) { part("measuring").hidden = true; return; }
    const waiting = setTimeout(() => { if (mine === this.turn) part("measuring").hidden = false; }, 400);
    try {
      const measured = await server.measure({ ...this.body(), ...(data.id ? { job: data.id } : data.job ? { job: data.job } : {}) });
      if (mine !== this.turn) return;
      if (!answer.picture && measured.picture) await this.show(measured, mine);
      else { this.answer = { ...measured, picture: answer.picture }; this.drawing.dress(this.look()); this.tell(); }
    } catch (error) {
      if (error.status === 403) this.unmeasurable = error.message;
      if (mine === this.turn) this.say(error.message, error.status !== 403);
    } finally {
      clearTimeout(waiting);
      if (mine === this.turn) part("measuring").hidden = true;
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
    if (!(await this.drawing.show(picture, places, this.look()))) return;
    $("#graph").removeAttribute("aria-busy");
    if (shown) this.drawing.bring(shown.id);
    this.tell();
    document.dispatchEvent(new CustomEvent("foveal:drawn", { detail: answer.hash }));
  }

  look() {
    return { facts: this.answer.facts, problems: this.answer.problems, detail: this.detail };
  }

  /** Problems to the editor and the list, totals to the bar, facts to the panel, the view to the address. */
  tell() {
    const { problems, totals, notes, picture } = this.answer;
    this.code.complain(problems.map((problem) => this.complaint(problem)));
    const list = $("#problems");
    list.replaceChildren(...problems.slice(0, 5).map((problem) => this.line(problem)));
    if (problems.length > 5) list.append(`and ${problems.length - 5} more`);
    if (!problems.length && picture) list.textContent = this.unmeasurable || [...(notes || []), ...picture.notes].join(" ") || "Nothing wrong found.";
    const known = totals && (totals.parameters || !problems.length);
    part("totals").textContent = known ? ` · ${short(totals.parameters)} weights · ${short(totals.flops)}FLOPs · ${bytes(totals.weight_bytes + totals.buffer_bytes)}${totals.saved_bytes === null ? "" : ` · ${bytes(totals.saved_bytes)} kept an image`}`.replace(/(\d)FLOPs/, "$1 FLOPs") : "";
    part("totals").title = known ? `${thousands(totals.parameters)} weights, ${thousands(totals.flops)} floating-point operations for one image` : "";
    part("count").textContent = picture ? `${thousands(picture.total)} ${picture.total === 1 ? "layer" : "layers"}${picture.nodes.length < picture.total ? `, ${thousands(picture.nodes.length)} drawn` : ""}` : "";
    this.buttons();
    this.panel();
    this.remember();
  }

  line(problem) {
    const where = problem.line || (problem.span && problem.span.line);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "nw-problem-line", textContent: `${where ? `Line ${where}: ` : ""}${problem.text.replace(/^Line \d+( of your network)?: /, "")}` });
    button.onclick = () => { if (problem.shown) this.select({ node: problem.shown }); if (problem.shown) this.drawing.bring(problem.shown); this.code.go(this.place(problem)); };
    return button;
  }

  place(problem) {
    if (problem.span) return problem.span;
    const node = this.answer.picture?.nodes.find((item) => item.id === problem.shown);
    return (problem.fix && node?.definition) || node?.location || node?.definition || (problem.line ? this.code.line(problem.line) : this.code.line(1));
  }

  complaint(problem) {
    const { start, end } = this.place(problem);
    const fix = problem.fix ? { name: fixName(problem.fix), apply: () => { this.edit(problem.fix); } } : null;
    return { from: start, to: end, message: problem.text, certain: problem.certain, fix };
  }

  written(what, value) {
    if (what === "changed") {
      this.turn += 1; // an answer that is on its way is about another text
      this.saving.changed();
      this.buttons();
      if (value) this.refresh(); else this.soon();
    } else if (this.answer?.picture) {
      const held = this.answer.picture.places.filter(([start, end]) => start <= value && value <= end).sort((a, b) => a[1] - a[0] - (b[1] - b[0]))[0];
      if (held) this.select({ node: held[2] }, { fromCode: true });
    }
  }

  /** Open what hides a node, and select it. */
  bringOut(id) {
    this.reveal = id;
    this.refresh().then(() => { if (this.selected?.node) { this.select(this.selected); this.drawing.focus(this.selected.node); } });
  }

  // -- everything by name --------------------------------------------------------------------------------------

  act(name, ...rest) {
    const does = {
      edit: (change) => this.edit(change), open: (id) => this.toggle(id), close: () => this.select(null), line: (index) => this.select({ link: index }),
      use: (edge) => { this.selected.use = edge; }, code: (node) => this.code.go(node.definition || node.location),
      arguments: () => { this.tab("selected"); ($("#selected .nw-field:not(:has(#nw-name)) :is(input, select)") || $("#selected button"))?.focus(); },
      name: () => { this.tab("selected"); $("#nw-name")?.select(); }, fix: () => { $("#selected .nw-problem button")?.click(); },
      swap: (node) => this.enter({ kind: "swap", node }), skip: (node) => this.enter({ kind: "skip", node }), concatenate: (node) => this.enter({ kind: "concatenate", node }),
      "take-node": (node) => this.take(null, node), insert: () => { this.tab("palette"); this.palette.focus(); }, leave: () => this.leave(true), "next-line": () => this.nextLine(),
      undo: () => this.code.undo() || toast("There is nothing to undo."), redo: () => this.code.redo() || toast("There is nothing to do again."),
      save: () => this.maySave() && this.saving.ask(), train: () => this.maySave() && this.saving.train(), help: () => $("#keys").showModal(), closer: () => this.drawing.zoom(1.25), farther: () => this.drawing.zoom(0.8), fit: () => this.drawing.fit(), find: () => $("#find").focus(),
      fold: () => { this.fold = !this.fold; this.refresh(); }, "open-all": () => this.openAll(), "close-all": () => { this.open.clear(); this.refresh(); },
      svg: () => this.drawing.complete.then(() => saveSvg(this.drawing, data.title)), png: () => this.drawing.complete.then(() => savePng(this.drawing, data.title)).catch((error) => toast(error.message, true)),
      link: () => navigator.clipboard.writeText(location.href).then(() => toast("The link is copied: it opens this view."), () => toast(location.href)),
      "next-part": () => { const parts = [".cm-content", ".nw-node[tabindex='0']", "#side [aria-selected='true']"]; const at = parts.findIndex((place) => document.activeElement?.closest(["#code", "#graph", "#side"][parts.indexOf(place)])); $(parts[(at + 1) % 3])?.focus(); },
    };
    does[name]?.(...rest);
  }

  maySave() {
    if (!data.may.save) toast("Your role may look at networks, but not save or train them.", true);
    return data.may.save;
  }

  toggle(id) {
    if (this.open.has(id)) for (const inside of [...this.open]) { if (inside === id || inside.startsWith(`${id}/`)) this.open.delete(inside); }
    else this.open.add(id);
    this.refresh().then(() => this.drawing.bring(this.find(id) ? id : this.answer.picture?.nodes.find((node) => node.id === id.split("..")[0])?.id));
  }

  openAll() {
    if (this.answer?.picture?.total > MANY) { toast(`This network has ${thousands(this.answer.picture.total)} layers; more than ${thousands(MANY)} are not drawn at once. Open the parts that you want to see.`, true); return; }
    this.fold = false;
    server.draw({ ...this.body(), depth: 40 }).then((answer) => this.show(answer, (this.turn += 1)).then(() => this.measure(answer, this.turn)), (error) => toast(error.message, true));
  }

  // -- around it -----------------------------------------------------------------------------------------------

  listen() {
    for (const button of $$("[data-act]")) button.addEventListener("click", () => this.act(button.dataset.act));
    for (const button of $$("[data-tab]")) button.addEventListener("click", () => this.tab(button.dataset.tab));
    $("#detail").value = this.detail;
    $("#detail").addEventListener("change", (event) => { this.detail = event.target.value; this.refresh(); });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, select, .cm-content, dialog");
      if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); if (!typing?.closest("dialog")) this.act("save"); }
      if (event.key === "F6") { event.preventDefault(); this.act("next-part"); }
      if (event.key === "?" && !typing && !event.target.closest("#graph")) this.act("help");
    });
  }

  buttons() {
    const { undo, redo } = this.code.depths;
    $("[data-act='undo']").disabled = !undo;
    $("[data-act='redo']").disabled = !redo;
    $("[data-act='fold']").setAttribute("aria-pressed", this.fold);
  }

  say(text, bad) {
    $("#graph").removeAttribute("aria-busy");
    const line = Object.assign(document.createElement("div"), { className: bad ? "text-danger" : "", textContent: text });
    $("#problems").replaceChildren(line);
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

Object.assign(Page.prototype, edits, selection);
new Page();
