// The networks page: source and graph side by side. The source is the only truth; the graph is drawn from it, and an edit of the
// graph comes back from the server as a change of the source.
import { $, debounced, pageData, part, toast } from "../dom.js";
import { Code } from "./code.js";
import { images, split } from "./controls.js";
import { edits } from "./edits.js";
import { Palette } from "./palette.js";
import { fixName } from "./panel.js";
import { Saving } from "./saving.js";
import * as server from "./server.js";
import { View } from "./view.js";

const PAUSE = 250; // ms after the last key until the graph follows
const data = pageData("network-data");

class Page extends View {
  constructor() {
    super(data.title);
    this.queue = Promise.resolve();
    this.code = new Code($("#code"), data.source, (what, value) => this.written(what, value));
    this.palette = new Palette($("#palette"), (what, op, event) => this.offered(what, op, event));
    this.images = images($("#images"), data.images, () => this.refresh());
    this.saving = new Saving(data, this.code, () => this.images.values);
    this.soon = debounced(() => this.refresh(), PAUSE);
    split($("#split"), $("#grip"));
    this.begin().then((found) => {
      this.palette.fill(found);
      this.code.layers = found;
      this.panel();
    }, (error) => toast(error.message, true));
    this.refresh();
  }

  // -- the source, drawn ---------------------------------------------------------------------------------------

  body() { return { source: this.code.text, ...this.images.values, ...this.look() }; }

  draw(more) { return server.draw({ ...this.body(), ...more }); }

  outline() {
    const sizes = this.images.values, source = this.code.text;
    return { key: `${source}\0${Object.values(sizes).join(" ")}`, ask: () => server.outline({ source, ...sizes }) };
  }

  /** Shapes and costs, where they are not known yet; after the graph, which does not wait for them. A text is asked about once, however
   *  often its blocks are opened meanwhile: a browser has six connections, and a large network takes its time. */
  async measure(answer, mine) {
    if (answer.measured || mine !== this.turn || this.unmeasurable) { part("measuring").hidden = true; return; }
    const about = `${answer.hash} ${Object.values(this.images.values).join(" ")}`;
    if (this.asking?.about === about) return;
    this.asking?.stop.abort();
    const asking = (this.asking = { about, stop: new AbortController(), text: this.code.text });
    const waiting = setTimeout(() => { if (asking === this.asking) part("measuring").hidden = false; }, 400);
    try {
      await this.measured(await server.measure({ ...this.body(), ...(data.id ? { job: data.id } : data.job ? { job: data.job } : {}) }, asking.stop.signal), mine, asking);
    } catch (error) {
      if (asking !== this.asking || asking.text !== this.code.text) return; // it was about another text
      if (error.status === 403) this.unmeasurable = error.message;
      this.say(error.message, error.status !== 403);
    } finally {
      clearTimeout(waiting);
      if (asking === this.asking) { this.asking = null; part("measuring").hidden = true; }
    }
  }

  /** The facts are there: on the cards, which may be others by now. */
  async measured(measured, mine, asking) {
    if (asking !== this.asking || asking.text !== this.code.text) return; // another text is measured in turn
    let found = measured;
    if (mine !== this.turn) {
      mine = this.turn;
      found = await this.draw({});
      if (mine !== this.turn) return;
    }
    if (!this.answer?.picture && found.picture) await this.show(found, mine);
    else { this.answer = { ...found, picture: this.answer.picture }; this.drawing.dress(this.dressed()); this.tell(); }
  }

  /** Problems to the editor and the list, the rest as every view has it. */
  tell() {
    const { problems, notes, picture } = this.answer;
    this.code.complain(problems.map((problem) => this.complaint(problem)));
    const list = $("#problems");
    list.replaceChildren(...problems.slice(0, 5).map((problem) => this.line(problem)));
    if (problems.length > 5) list.append(`and ${problems.length - 5} more`);
    if (!problems.length && picture) list.textContent = this.unmeasurable || [...(notes || []), ...picture.notes].join(" ") || "Nothing wrong found.";
    super.tell();
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

  // -- everything by name --------------------------------------------------------------------------------------

  acts() {
    return {
      ...super.acts(),
      edit: (change) => this.edit(change), use: (edge) => { this.selected.use = edge; }, code: (node) => this.code.go(node.definition || node.location),
      arguments: () => { this.tab("selected"); ($("#selected .nw-field:not(:has(#nw-name)) :is(input, select)") || $("#selected button"))?.focus(); },
      name: () => { this.tab("selected"); $("#nw-name")?.select(); }, fix: () => { $("#selected .nw-problem button")?.click(); },
      swap: (node) => this.enter({ kind: "swap", node }), skip: (node) => this.enter({ kind: "skip", node }), concatenate: (node) => this.enter({ kind: "concatenate", node }),
      "take-node": (node) => this.take(null, node), insert: () => { this.tab("palette"); this.palette.focus(); }, leave: () => this.leave(true),
      undo: () => this.code.undo() || toast("There is nothing to undo."), redo: () => this.code.redo() || toast("There is nothing to do again."),
      save: () => this.maySave() && this.saving.ask(), train: () => this.maySave() && this.saving.train(),
      "next-part": () => this.nextPart(["#code", "#graph", "#side"], [".cm-content", ".nw-node[tabindex='0']", "#side [aria-selected='true']"]),
    };
  }

  maySave() {
    if (!data.may.save) toast("Your role may look at networks, but not save or train them.", true);
    return data.may.save;
  }

  // -- around it -----------------------------------------------------------------------------------------------

  listen() {
    super.listen();
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
      event.preventDefault();
      if (!event.target.closest("dialog")) this.act("save");
    });
  }

  buttons() {
    const { undo, redo } = this.code.depths;
    $("[data-act='undo']").disabled = !undo;
    $("[data-act='redo']").disabled = !redo;
    super.buttons();
  }

  say(text, bad) {
    $("#graph").removeAttribute("aria-busy");
    const line = Object.assign(document.createElement("div"), { className: bad ? "text-danger" : "", textContent: text });
    $("#problems").replaceChildren(line);
  }
}

Object.assign(Page.prototype, edits);
new Page();
