// The page of a network file of another program: the same view as of a network with a source, but nothing in it can be edited.
import { $, pageData, toast } from "../dom.js";
import { drawFile, outlineFile } from "./server.js";
import { View } from "./view.js";

const data = pageData("file-data");
const EDITS = ["edit", "swap", "skip", "concatenate", "insert", "undo", "redo", "save", "train", "name", "fix", "code", "take-node"];

class FilePage extends View {
  constructor() {
    super(data.title);
    this.code = { mark() {} };
    const asked = this.open.size || this.reveal || !this.fold; // an address that says what is to be seen
    this.begin().then(() => this.panel(), (error) => toast(error.message, true));
    if (asked || location.hash.length > 1) this.refresh();
    else this.show(data.answer, (this.turn += 1)).catch((error) => this.say(error.message, true));
  }

  draw(more) { return drawFile({ file: data.path, ...this.look(), ...more }); }

  outline() { return { key: data.path, ask: () => outlineFile({ file: data.path }) }; }

  acts() {
    const locked = (node) => toast(node?.locked || this.answer?.picture?.nodes.find((item) => item.locked)?.locked || "A file has no source to edit.", true);
    return { ...Object.fromEntries(EDITS.map((name) => [name, (what) => locked(what?.node ? this.find(what.node) : what)])), ...super.acts() };
  }

  /** A line of the table of all layers leads to its node. */
  listen() {
    super.listen();
    $("#all-layers").addEventListener("click", (event) => {
      const id = event.target.closest("[data-node]")?.dataset.node;
      if (id) this.bringOut(id);
    });
  }
}

new FilePage();
