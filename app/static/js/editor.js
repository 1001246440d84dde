// The source editor: CodeMirror 6 over a textarea, which keeps the text for the form and works without it.
import {
  Compartment, EditorState, EditorView, HighlightStyle, bracketMatching, defaultKeymap, drawSelection, highlightActiveLine,
  history, historyKeymap, indentOnInput, indentUnit, indentWithTab, keymap, lineNumbers, placeholder, python, syntaxHighlighting, tags,
} from "../vendor/codemirror.js";

const INKS = { // Okabe and Ito's colours, lightened for the dark theme
  light: { keyword: "#005f95", string: "#00724f", number: "#b04a00", comment: "#667382", name: "#8c3f6f" },
  dark: { keyword: "#74c0ee", string: "#4fd1a8", number: "#f0b429", comment: "#8a97a8", name: "#e6a8cd" },
};

/** Colours of source, for the theme that is on. */
export function look() {
  const dark = document.documentElement.dataset.bsTheme === "dark", ink = INKS[dark ? "dark" : "light"];
  const style = HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.self], color: ink.keyword }, { tag: tags.string, color: ink.string },
    { tag: [tags.number, tags.bool, tags.null], color: ink.number }, { tag: tags.comment, color: ink.comment, fontStyle: "italic" },
    { tag: [tags.definition(tags.variableName), tags.function(tags.variableName), tags.className], color: ink.name },
  ]);
  const line = dark ? "rgba(255,255,255,.04)" : "rgba(0,0,0,.03)";
  return [syntaxHighlighting(style), EditorView.theme({
    "&": { color: "inherit" }, ".cm-gutters": { backgroundColor: "transparent", color: ink.comment, border: 0 },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: line }, ".cm-cursor": { borderLeftColor: "currentColor" },
    ".cm-scroller": { fontFamily: "var(--tblr-font-monospace)", lineHeight: "1.5" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: dark ? "#2d4a66" : "#cfe4f2" },
  }, { dark })];
}

/** Put an editor in place of ``area``; ``changed`` is called when its text has changed. */
export function editor(area, changed) {
  const theme = new Compartment();
  const follow = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    area.value = update.state.doc.toString();
    changed();
  });
  const view = new EditorView({
    parent: area.parentElement,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), history(), drawSelection(), indentOnInput(), indentUnit.of("    "), bracketMatching(), highlightActiveLine(), python(),
        keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]), placeholder("class Net(nn.Module): …"), theme.of(look()), follow,
        EditorView.contentAttributes.of({ "aria-label": "Source of the network; Escape, then Tab leaves the editor" }),
      ],
    }),
  });
  area.hidden = true;
  document.addEventListener("foveal:theme", () => view.dispatch({ effects: theme.reconfigure(look()) }));
  return { set: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }), focus: () => view.focus() };
}
