// What is selected: its facts, what is wrong with it, its arguments as typed fields, and what can be done to it.
import { make } from "../dom.js";
import { bytes, thousands } from "../words.js";
import { field as fieldOf, outputs, shape } from "./figures.js";
import { documentation } from "./server.js";

const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
};

const button = (name, text, act, more = {}) => make("button", { type: "button", className: "btn btn-sm", onclick: act, ...more }, icon(name), text);

/** Fill `host` for a node. `act(name, ...)` does things: edit, open, swap, skip, concatenate, code, line, close. */
export function nodePanel(host, { node, facts, problems, layer, links }, act) {
  const head = make("div", { className: "nw-panel-head" }, make("div", {}, make("h2", { textContent: node.label }), make("div", { className: "fv-sub", textContent: [node.op, node.times > 1 ? `${node.times} times` : ""].filter(Boolean).join(" · ") })),
    button("x", "", () => act("close"), { ariaLabel: "Close", className: "btn btn-sm btn-icon btn-ghost-secondary" }));
  const parts = [head, ...problems.map((problem) => complaint(problem, act))];
  if (node.locked) parts.push(make("div", { className: "nw-why" }, icon("lock"), make("span", { textContent: node.locked })));
  if (layer?.summary) parts.push(make("p", { className: "fv-note", textContent: layer.summary }));
  if (facts) parts.push(factList(node, facts));
  parts.push(actions(node, act));
  if (!node.run && !node.locked) parts.push(...fields(node, layer, act));
  else if (!node.run) parts.push(given(node));
  parts.push(lines(links, act));
  if (layer) parts.push(words(layer.op));
  host.replaceChildren(...parts.filter(Boolean));
}

function complaint(problem, act) {
  const box = make("div", { className: `nw-problem${problem.certain ? "" : " nw-perhaps"}` }, make("span", { textContent: problem.text }));
  if (problem.fix) box.append(button("tool", fixName(problem.fix), () => act("edit", problem.fix), { className: "btn btn-sm btn-primary" }));
  return box;
}

/** What a fix does, as a button says it. */
export const fixName = (fix) => (fix.value === null ? `Take ${fix.argument} away` : `Set ${fix.argument} to ${fix.value}`);

function factList(node, facts) {
  const rows = [
    ["Output", outputs(facts)], ["Input", facts.inputs.map(shape).join(", ")], ["Weights", facts.parameters ? thousands(facts.parameters) : "none"],
    ["FLOPs", facts.flops ? thousands(facts.flops) : "none"], ["Result", bytes(facts.output_bytes)],
    ["Kept for backward", facts.saved_bytes === null ? "" : bytes(facts.saved_bytes)], ["Sees", fieldOf(facts.receptive_field)],
    ["Runs", facts.calls > 1 ? `${facts.calls} times` : ""], ["In code", node.module ? `self.${node.module}` : ""],
    ["Shared", node.shared > 1 ? `the same piece of source makes ${node.shared} nodes` : ""],
  ];
  return make("dl", { className: "fv-facts nw-facts" }, ...rows.filter(([, text]) => text).flatMap(([name, text]) => [make("dt", { textContent: name }), make("dd", { textContent: text })]));
}

function actions(node, act) {
  const made = [];
  if (node.container || node.run) made.push(button(node.open ? "chevron-down" : "chevron-right", node.open ? "Close" : "Open", () => act("open", node.id)));
  if (node.run_of) made.push(button("repeat", "Fold these", () => act("open", node.run_of), { title: "Draw it and the layers like it as one again" }));
  if (node.location || node.definition) made.push(button("code", "Show code", () => act("code", node)));
  if (!node.run && !node.locked && !["input", "output", "parameter", "choice"].includes(node.type)) {
    made.push(
      button("refresh", "Swap …", () => act("swap", node)), button("arrow-merge", "Add to …", () => act("skip", node), { title: "A skip connection: its output is added to a line that you choose" }),
      button("layers-intersect", "Join to …", () => act("concatenate", node), { title: "Its channels are joined to those of a line that you choose" }),
      button("copy", "Duplicate", () => act("edit", { kind: "duplicate", node: node.first })), button("trash", "Delete", () => act("edit", { kind: "delete", node: node.first })),
    );
  }
  if (node.type === "input") made.push(button("arrow-merge", "Add to …", () => act("skip", node)), button("layers-intersect", "Join to …", () => act("concatenate", node)));
  return make("div", { className: "nw-actions" }, ...made);
}

/** The arguments of what cannot be edited. */
function given(node) {
  const named = node.arguments.filter((argument) => argument.name);
  return named.length ? make("dl", { className: "fv-facts nw-facts" }, ...named.flatMap(({ name, value, text }) => [make("dt", { textContent: name }), make("dd", { textContent: value || text })])) : null;
}

/** Inputs for the name, the repeat count and every argument that the layer takes. */
function fields(node, layer, act) {
  const made = [], set = (argument, value, literal) => act("edit", { kind: "set", node: node.first, argument, value, ...(literal ? { literal } : {}) });
  if (node.module && node.definition && ["layer", "block", "sequence"].includes(node.type) && !/^\d+$/.test(node.label)) {
    made.push(row("Name", "nw-name", input(node.label, "nw-name", (text) => text.trim() && act("edit", { kind: "rename", node: node.first, name: text.trim() }))));
  }
  if (node.repeat) made.push(row("Repeat", "nw-repeat", node.repeat.editable ? input(String(node.repeat.times ?? node.repeat.count), "nw-repeat", (text) => act("edit", { kind: "repeat", node: node.first, count: Number(text) }), "number") : make("output", { textContent: `${node.repeat.count} (computed by the source)` })));
  const given = new Map(node.arguments.map((argument) => [argument.name, argument]));
  const known = layer ? layer.arguments.filter((argument) => argument.type !== "tensor") : node.arguments.filter((argument) => argument.name).map((argument) => ({ name: argument.name, type: "any", default: null, choices: [], optional: false }));
  for (const argument of known) made.push(argumentRow(argument, given.get(argument.name), set));
  return made.length ? [make("h3", { className: "nw-fields-head", textContent: layer ? "Arguments" : "Given to it" }), make("div", { className: "nw-fields" }, ...made)] : [];
}

function argumentRow(argument, given, set) {
  const id = `nw-${argument.name}`, shown = given ? given.text : "";
  const change = (text) => set(argument.name, text.trim() === "" ? null : text.trim());
  const control = argument.type === "bool" || argument.choices.length ? choices(argument, shown, id, change) : input(shown, id, change, "text", argument.default ?? (argument.optional ? "None" : "needed"));
  const line = row(argument.name, id, control);
  if (given?.through && given.value) {
    const value = input(given.value, `${id}-where`, (text) => text.trim() && set(argument.name, text.trim(), true));
    value.setAttribute("aria-label", `${argument.name}, where its number is written`);
    line.append(make("div", { className: "nw-where" }, make("small", { textContent: "is" }), value, make("small", { textContent: "where it is written" })));
  }
  return line;
}

function choices(argument, shown, id, change) {
  const options = argument.type === "bool" ? ["True", "False"] : argument.choices.map((choice) => `'${choice}'`);
  const select = make("select", { className: "form-select form-select-sm", id, onchange: () => change(select.value) });
  select.append(make("option", { value: "", textContent: argument.default === null ? "not given" : `${argument.default} (default)` }));
  const plain = shown.replaceAll('"', "'");
  for (const option of options.includes(plain) || !plain ? options : [...options, plain]) select.append(make("option", { value: option, textContent: option.replaceAll("'", ""), selected: option === plain }));
  return select;
}

/** A text field that acts when it is left or Enter is pressed, and only where it says something else. */
function input(value, id, change, type = "text", hint = "") {
  const element = make("input", { className: "form-control form-control-sm font-monospace", id, value, type, placeholder: hint, autocomplete: "off", spellcheck: false });
  element.addEventListener("change", () => { if (element.value !== value) change(element.value); });
  element.addEventListener("keydown", (event) => { if (event.key === "Escape" && element.value !== value) { event.stopPropagation(); element.value = value; } });
  return element;
}

const row = (text, id, control) => make("div", { className: "nw-field" }, make("label", { htmlFor: id, textContent: text }), control);

function lines(links, act) {
  if (!links.length) return null;
  const made = links.map((link) => make("button", { type: "button", className: "nw-line", textContent: `${link.out ? "to" : "from"} ${link.other}`, onclick: () => act("line", link.index) }));
  return make("div", { className: "nw-lines-list" }, make("h3", { textContent: "Lines" }), ...made);
}

function words(op) {
  const text = make("pre", { className: "nw-words", textContent: "…" }), details = make("details", {}, make("summary", { textContent: "What PyTorch says" }), text);
  details.addEventListener("toggle", async () => {
    if (!details.open || text.dataset.read) return;
    text.dataset.read = "1";
    text.textContent = await documentation(op).catch((error) => error.message) || "This version of PyTorch has no text for it.";
  });
  return details;
}

/** Fill `host` for a line. */
export function linkPanel(host, { link, from, to, chosen }, act) {
  const parts = [make("div", { className: "nw-panel-head" }, make("div", {}, make("h2", { textContent: `${from} → ${to}` }), make("div", { className: "fv-sub", textContent: "A line: a value that goes from one layer to another" })), button("x", "", () => act("close"), { ariaLabel: "Close", className: "btn btn-sm btn-icon btn-ghost-secondary" }))];
  if (!link.uses.length) parts.push(make("div", { className: "nw-why" }, icon("lock"), make("span", { textContent: link.reason || "Nothing can be put on this line." })));
  if (link.uses.length > 1) {
    const select = make("select", { className: "form-select form-select-sm", onchange: () => act("use", select.value) }, ...link.uses.map((use) => make("option", { value: use.edge, textContent: `between ${use.from} and ${use.to}`, selected: use.edge === chosen })));
    select.setAttribute("aria-label", "Where on the line");
    parts.push(make("label", { className: "form-label", textContent: "The line passes several places; a layer is put" }), select);
  }
  if (link.uses.length) parts.push(make("div", { className: "nw-actions" }, button("plus", "Put a layer here", () => act("insert"), { className: "btn btn-sm btn-primary" })));
  host.replaceChildren(...parts);
}
