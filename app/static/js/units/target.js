// What is explained: a class, one class against another, or a unit of a layer (perhaps at one place of its map).
import { $, make } from "../dom.js";

const kind = $("#target-kind"), box = $("#target-fields");
let classes = [], layers = [], picked = null, state = {}, heard = () => {};

const select = (label, options, value, set) => {
  const input = make("select", { className: "form-select form-select-sm" }, ...options.map(([key, text]) => make("option", { value: key, textContent: text, selected: String(key) === String(value) })));
  input.setAttribute("aria-label", label);
  input.addEventListener("change", () => { set(input.value); heard(); });
  return make("label", { className: "small" }, label, input);
};
const number = (label, value, most, set, blank = "") => {
  const input = make("input", { className: "form-control form-control-sm", type: "number", min: 0, max: most, value: value ?? "", placeholder: blank });
  input.addEventListener("change", () => { set(input.value === "" ? null : Number(input.value)); heard(); });
  return make("label", { className: "small" }, label, input);
};

function draw() {
  const names = classes.map((name, index) => [index, name]);
  if (kind.value === "class") box.replaceChildren(select("Class", [["", "The one the model thinks most of"], ...names], picked ?? "", (value) => { picked = value === "" ? null : Number(value); }));
  else if (kind.value === "difference") {
    state.index ??= picked ?? 0;
    state.other ??= state.index === 0 ? 1 : 0;
    box.replaceChildren(select("For", names, state.index, (value) => { state.index = Number(value); }), select("and against", names, state.other, (value) => { state.other = Number(value); }));
  } else {
    const layer = layers.find((item) => item.name === state.layer) || layers.find((item) => item.weights) || layers[0];
    state.layer = layer.name;
    state.unit = Math.min(state.unit ?? 0, layer.units - 1);
    const place = layer.grid.map((size, dim) => number(layer.grid.length === 2 ? ["Row", "Column"][dim] : "Place", state.position?.[dim], size - 1, (value) => { state.position = [...(state.position || [])]; state.position[dim] = value; }, "all"));
    box.replaceChildren(select("Layer", layers.map((item) => [item.name, `${item.name} (${item.units})`]), layer.name, (value) => { state.layer = value; state.position = null; draw(); }),
      number(`Unit, 0 to ${layer.units - 1}`, state.unit, layer.units - 1, (value) => { state.unit = value ?? 0; }), ...place);
  }
}

/** The target as the server takes it; null for the likeliest class. */
export function target() {
  if (kind.value === "class") return picked === null ? null : { kind: "class", index: picked };
  if (kind.value === "difference") return { kind: "difference", index: state.index, other: state.other };
  const layer = layers.find((item) => item.name === state.layer), place = layer.grid.map((_, dim) => state.position?.[dim]);
  const whole = place.some((value) => value === null || value === undefined);
  return { kind: "unit", layer: state.layer, index: state.unit, position: whole ? null : place };
}

export const isPicked = (index) => kind.value === "class" && picked === index;
export function pickClass(index) { kind.value = "class"; picked = index; draw(); heard(); }

/** Set up with the model's classes and layers; the address may name a unit. */
export function setUp(names, known, listener) {
  [classes, layers, heard] = [names, known, listener];
  const asked = new URLSearchParams(location.search);
  if (asked.has("layer")) { kind.value = "unit"; state = { layer: asked.get("layer"), unit: Number(asked.get("unit") || 0) }; }
  kind.addEventListener("change", () => { draw(); heard(); });
  draw();
}
