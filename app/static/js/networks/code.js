// The source of a network in CodeMirror: problems at their lines, the selected node's lines marked, layers completed.
import {
  Compartment, Decoration, EditorState, EditorView, StateEffect, StateField, Transaction, autocompletion, bracketMatching,
  completionKeymap, defaultKeymap, drawSelection, highlightActiveLine, highlightSelectionMatches, history, historyKeymap,
  indentOnInput, indentUnit, indentWithTab, isolateHistory, keymap, lineNumbers, lintGutter, lintKeymap, placeholder, python,
  redo, redoDepth, search, searchKeymap, setDiagnostics, undo, undoDepth,
} from "../../vendor/codemirror.js";
import { look } from "../editor.js";

const setMarks = StateEffect.define();
const marks = StateField.define({
  create: () => Decoration.none,
  update(held, transaction) {
    const asked = transaction.effects.find((effect) => effect.is(setMarks));
    return asked ? decorations(asked.value, transaction.state.doc) : held.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The lines of the places, and the places themselves. */
function decorations(places, doc) {
  const found = new Map();
  for (const { start, end } of places) {
    if (end > doc.length) continue;
    for (let line = doc.lineAt(start); ; line = doc.line(line.number + 1)) {
      found.set(`line ${line.from}`, Decoration.line({ class: "nw-marked-line" }).range(line.from));
      if (line.to >= end) break;
    }
    if (end > start) found.set(`${start} ${end}`, Decoration.mark({ class: "nw-marked" }).range(start, end));
  }
  return Decoration.set([...found.values()], true);
}

export class Code {
  /** An editor in `host`. `told("changed", at once)` is called after a change by hand, `told("cursor", offset)` where it went. */
  constructor(host, text, told) {
    this.eol = /\r\n/.test(text) && !/[^\r]\n/.test(text) ? "\r\n" : "\n"; // CodeMirror keeps "\n" inside; files get theirs back
    this.layers = [];
    const theme = new Compartment();
    const own = [{ autocomplete: (context) => this._complete(context) }]; // one and the same each time, or no answer is taken
    const follow = EditorView.updateListener.of((update) => {
      const ours = update.transactions.some((transaction) => transaction.isUserEvent("graph"));
      if (update.docChanged && !ours) told("changed", update.transactions.some((one) => one.isUserEvent("undo") || one.isUserEvent("redo")));
      else if (update.selectionSet && !update.docChanged && update.view.hasFocus) told("cursor", update.state.selection.main.head);
    });
    this.view = new EditorView({
      parent: host,
      state: EditorState.create({
        doc: text.replace(/\r\n?/g, "\n"),
        extensions: [
          lineNumbers(), lintGutter(), history(), drawSelection(), indentOnInput(), indentUnit.of("    "), bracketMatching(), search({ top: true }),
          highlightActiveLine(), highlightSelectionMatches(), python(), marks, theme.of(look()), follow,
          EditorState.languageData.of(() => own), autocompletion(),
          keymap.of([indentWithTab, ...completionKeymap, ...searchKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]),
          placeholder("class Net(nn.Module): …"),
          EditorView.contentAttributes.of({ "aria-label": "Source of the network; Escape, then Tab leaves the editor" }),
        ],
      }),
    });
    document.addEventListener("foveal:theme", () => this.view.dispatch({ effects: theme.reconfigure(look()) }));
  }

  /** The text with "\n" as line ends, which is what all offsets count in. */
  get text() { return this.view.state.doc.toString(); }

  /** The text as it is kept in files. */
  get file() { return this.eol === "\n" ? this.text : this.text.replaceAll("\n", this.eol); }

  /** Do an edit of the graph: one step of the history by itself, the cursor where it was. */
  change(changes) {
    this.view.dispatch({ changes, annotations: [isolateHistory.of("full"), Transaction.userEvent.of("graph.edit")] });
  }

  /** Another text in place of all, as one step that can be undone. */
  replace(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text.replace(/\r\n?/g, "\n") }, annotations: isolateHistory.of("full") });
  }

  undo() { return undo(this.view); }

  redo() { return redo(this.view); }

  get depths() { return { undo: undoDepth(this.view.state), redo: redoDepth(this.view.state) }; }

  /** Say what is wrong: [{from, to, message, fix: {name, apply} or null, certain}]. */
  complain(problems) {
    const most = this.view.state.doc.length;
    this.view.dispatch(setDiagnostics(this.view.state, problems.map((problem) => ({
      from: Math.min(problem.from, most), to: Math.min(Math.max(problem.to, problem.from), most), message: problem.message,
      severity: problem.certain ? "error" : "warning", actions: problem.fix ? [problem.fix] : [],
    }))));
  }

  /** Mark places ({start, end}); `reveal` scrolls the first one into view. */
  mark(places, reveal) {
    const effects = [setMarks.of(places)];
    if (reveal && places.length && places[0].end <= this.view.state.doc.length) effects.push(EditorView.scrollIntoView(places[0].start, { y: "center" }));
    this.view.dispatch({ effects });
  }

  /** Where a line stands. */
  line(number) {
    const { doc } = this.view.state;
    const line = doc.line(Math.min(Math.max(number, 1), doc.lines));
    return { start: line.from + (/^\s*/.exec(line.text)[0].length), end: line.to };
  }

  /** Put the cursor at a place and type there. */
  go(place) {
    this.view.dispatch({ selection: { anchor: Math.min(place.start, this.view.state.doc.length) }, scrollIntoView: true });
    this.view.focus();
  }

  _complete(context) {
    const before = context.matchBefore(/\b(nn|F|torch)\.\w*/);
    if (!before) return null;
    const module = before.text.slice(0, before.text.indexOf(".") + 1);
    const options = this.layers.filter((layer) => layer.op.startsWith(module))
      .map((layer) => ({ label: layer.title, type: layer.layer ? "class" : "function", detail: layer.group, info: layer.summary }));
    return options.length ? { from: before.from + module.length, options, validFor: /^\w*$/ } : null;
  }
}
