// Shapes and costs of a node in a few characters.
import { bytes } from "../words.js";

const STEPS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** 23508032 -> "23.5 M" */
export function short(value) {
  for (const [step, letter] of STEPS) if (value >= step) return `${Number((value / step).toPrecision(3))} ${letter}`;
  return String(value);
}

/** A shape without its batch: [1, 64, 56, 56] -> "64 × 56 × 56". */
export const shape = (dims) => (dims.length > 1 ? dims.slice(1) : dims).join(" × ");

export const outputs = (facts) => (facts?.outputs || []).map(shape).join(", ");

export function field(value) {
  if (!value) return "cannot be told";
  return value === "all" ? "the whole image" : `${value.join(" × ")} pixels`;
}

/** What the memory of a node is: what it keeps for the backward pass, or what its results take where that is unknown. */
export const memory = (facts) => bytes(facts.saved_bytes ?? facts.output_bytes);

/** The rows below the head of a card: [left, right]. */
export function rows(node, facts, detail) {
  const made = detail !== "names" && node.summary ? [[node.summary, ""]] : [];
  if (detail === "names") return made;
  const parameters = facts?.parameters ? `${short(facts.parameters)} weights` : "";
  made.push([facts ? outputs(facts) : "", detail === "all" ? parameters : ""]);
  if (detail === "all") made.push(facts ? [facts.flops ? `${short(facts.flops)}FLOP`.replace(/(\d)FLOP/, "$1 FLOP") : "no FLOPs", memory(facts)] : ["", ""]);
  return made;
}

/** A node for those who hear it. */
export function spoken(node, facts, problems) {
  const parts = [node.label || "nothing", node.title, node.summary];
  if (node.times > 1) parts.push(`${node.times} times`);
  if (facts?.outputs?.length) parts.push(`gives ${outputs(facts)}`);
  if (node.container || node.run) parts.push(node.open ? "open" : "closed");
  if (node.locked) parts.push("locked");
  return [...parts, ...problems.map((problem) => problem.text)].filter(Boolean).join(", ");
}
