// The page of one image: prediction, maps by several methods, and what every layer makes of it.
import { $, ask, make, Refusal, toast } from "../dom.js";
import { percent } from "../words.js";
import { aboutImage, checkpoint, data, layerUrl, listLayers, png, short } from "./api.js";
import { chosen, first, onChosen } from "./given.js";
import { expect, redraw, show, under } from "./maps.js";
import { field, read } from "./options.js";
import { isPicked, pickClass, setUp, target } from "./target.js";
import { fromSheet } from "./tiles.js";

const FIRST = ["input_gradient", "lrp", "guided", "grad_cam"];
let methods = [], classes = [], turn = 0;
const boxes = new Map(); // method -> {input, fields}

function methodBox(method) {
  const input = make("input", { type: "checkbox", className: "form-check-input", checked: FIRST.includes(method.name) });
  const fields = Object.entries(method.options.properties || {}).map(([name, spec]) => field(name, spec, () => { if (input.checked) explain([method.name]); }));
  input.addEventListener("change", () => { if (input.checked) explain([method.name]); else expect(wanted()); });
  boxes.set(method.name, { input, fields, method });
  const label = make("label", { title: method.help }, input, make("span", {}, method.title, make("small", { className: "d-block text-secondary", textContent: method.help })));
  if (!fields.length) return label;
  return make("div", {}, label, make("details", { className: "fv-options ms-4" }, make("summary", { textContent: "Options" }), make("div", { className: "d-grid gap-2 py-1" }, ...fields.map((item) => item.element))));
}
const wanted = () => [...boxes.values()].filter((box) => box.input.checked).map((box) => box.method);
const asked = (names) => wanted().filter((method) => names.includes(method.name)).map((method) => ({ name: method.name, options: read(boxes.get(method.name).fields) }));

const examine = (name) => aboutImage("attributions/grade", chosen(), { target: target(), method: name, options: read(boxes.get(name).fields) });

/** Maps of these methods, the quick ones in one request and each slow one in its own. */
async function explain(names, mine = turn) {
  if (!chosen()) return;
  expect(wanted());
  const quick = asked(names).filter(({ name }) => boxes.get(name).method.wave === 1), slow = asked(names).filter(({ name }) => boxes.get(name).method.wave === 2);
  for (const group of [quick, ...slow.map((one) => [one])].filter((some) => some.length)) {
    try {
      const answer = await aboutImage("attributions", chosen(), { target: target(), methods: group });
      if (mine !== turn) return;
      sayTarget(answer);
      for (const made of answer.methods) show({ title: boxes.get(made.name).method.title, ...made }, examine);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (mine !== turn) return;
      for (const { name } of group) show({ name, error: error.message });
    }
  }
}

function sayTarget({ value, target: { kind, index, other, layer, position } }) {
  const what = { class: `The score of ${classes[index]}`, difference: `${classes[index]} less ${classes[other]}`, unit: `Unit ${index} of ${layer}${position ? ` at ${position.join(", ")}` : ""}` }[kind];
  $("#target-value").textContent = `${what} is ${short(value)}.`;
}

function guess({ class: name, index, probability, score }) {
  const fill = make("u"), button = make("button", { type: "button", className: "fv-guess", title: `Score ${short(score)}. Explain this class.` }, make("span", { textContent: name }), make("b", { textContent: percent(probability, 1) }), make("i", {}, fill));
  fill.style.width = `${probability * 100}%`;
  button.setAttribute("aria-pressed", isPicked(index));
  button.addEventListener("click", () => pickClass(index));
  return button;
}

function strip(layer) {
  const { figures, values, order } = layer, head = make("header", {}, make("a", { href: `${layerUrl(layer.name)}?view=activations${chosen().record ? `&split=${chosen().record.split}&index=${chosen().record.index}` : ""}`, textContent: layer.name }),
    make("span", { textContent: `${layer.kind} · ${layer.shape.join("×")}` }), make("span", { textContent: `mean ${short(figures.mean)}, deviation ${short(figures.deviation)}, zero ${percent(figures.zeros, 0)}` }));
  if (layer.dead) head.append(make("span", { textContent: `${layer.dead} of ${layer.units} silent` }));
  if (layer.units > order.length) head.append(make("span", { textContent: `${order.length} of ${layer.units} shown` }));
  const row = make("div", { className: `fv-row ${layer.grid.length ? "" : "thin"}` }), url = png(layer.picture);
  order.forEach((unit, place) => {
    const tile = make("a", { href: `${layerUrl(layer.name)}/units/${unit}`, title: `unit ${unit} · largest ${short(values.most[place])}${values.contribution ? ` · adds ${short(values.contribution[place])}` : ""}` });
    tile.setAttribute("aria-label", `Unit ${unit} of ${layer.name}`);
    fromSheet(tile, url, place, order.length);
    row.append(tile);
  });
  return make("section", { className: "fv-strip" }, head, row);
}

async function look(mine) {
  const answer = await aboutImage("activations", chosen(), { order: $("#order").value, target: target(), count: 32, contributions: true });
  if (mine !== turn) return;
  $("#seen-figure").hidden = false;
  $("#seen").src = png(answer.seen);
  $("#seen-words").textContent = `${chosen().words} · as the network sees it`;
  $("#guesses").replaceChildren(...answer.predictions.map(guess));
  $("#layers").replaceChildren(...answer.layers.map(strip));
  await under(png(answer.seen));
}

/** Everything anew, for another image or target. */
async function all() {
  if (!chosen()) return;
  const mine = (turn += 1);
  $("#image-error").textContent = "";
  $("#maps-empty").hidden = true;
  expect(wanted());
  try {
    await look(mine);
    if (mine === turn) await explain([...boxes.keys()], mine);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (mine === turn) $("#image-error").textContent = error.message;
  }
}

onChosen(all);
$("#mix").addEventListener("input", redraw);
$("#same-scale").addEventListener("change", redraw);
$("#order").addEventListener("change", () => look(turn).catch((error) => toast(error.message, true)));
$("#checkpoint").addEventListener("change", () => { const next = new URL(location.href); next.searchParams.set("checkpoint", checkpoint()); location.assign(next); });

try {
  const [inside, found] = await Promise.all([listLayers(), ask(data.urls.methods)]);
  [methods, classes] = [found, inside.classes];
  setUp(classes, inside.layers, all);
  const group = (title, wave) => [make("h3", { textContent: title }), ...methods.filter((item) => item.wave === wave).map(methodBox)];
  $("#methods").classList.add("fv-methods");
  $("#methods").replaceChildren(...group("Quick", 1), ...group("Slower", 2));
  await first();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  $("#image-error").textContent = error.message;
  $("#methods").textContent = "";
}
