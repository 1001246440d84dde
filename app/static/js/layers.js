// The page of a model's layers: a heat map of one statistic of all of them, curves and ridge plots of the chosen one.
import { $, ask, make, pageData, part } from "./dom.js";
import { gradient, kindOf, paint, rangeOf } from "./heatmap.js";
import { curvePlot, ridgePlot } from "./small_plots.js";
import { figure, percent, thousands } from "./words.js";

const holder = document.getElementById("layers"), { words, tables: first } = pageData("layer-tables");
const canvas = $("#heat"), names = $("#heat-names"), EVERY = 5000;
const ORDER = ["update", "gradient", "gradient_ratio", "weight", "gradient_zeros", "std", "mean", "zeros", "dead", "saturated"];
let tables = first, shown = null, chosen = null;
const perEpoch = Number(holder.dataset.perEpoch);

const say = (statistic, value) => (Number.isNaN(value) ? "–" : kindOf(statistic) === "share" ? percent(value) : figure(value, 3));
const moment = (step) => `step ${thousands(step)}${perEpoch ? `, epoch ${figure(step / perEpoch, 3)}` : ""}`;

/** Layers that are drawn: vectors (biases, normalization) only where they are wanted. */
function rowsOf(table, all) {
  const places = all.map((_, index) => index);
  if (table !== "weights" || $("#small").checked) return places;
  const large = places.filter((index) => /weight$/.test(all[index]) && !/(norm|bn|downsample\.1)[^.]*\.weight$/i.test(all[index]));
  return large.length ? large : places;
}

function fillStatistics() {
  const select = $("#statistic"), kept = new URLSearchParams(location.hash.slice(1)).get("show");
  const options = ["weights", "activations"].filter((table) => tables[table]).flatMap((table) => ORDER.filter((name) => tables[table].statistics.includes(name)).map((name) => ({ table, name })));
  if (select.options.length === options.length) return;
  select.replaceChildren(...options.map(({ table, name }) => make("option", { value: `${table}/${name}`, textContent: words[name][0] })));
  if (kept && [...select.options].some((option) => option.value === kept)) select.value = kept;
}

async function load() {
  fillStatistics();
  part("none").hidden = Boolean(select().table);
  part("some").hidden = !select().table;
  if (!select().table) return;
  const { table, name } = select();
  const answer = await fetch(holder.dataset.heat.replace("TABLE", table).replace("STATISTIC", name) + "?width=400").catch(() => null);
  if (!answer?.ok || select().name !== name) return;
  const buffer = await answer.arrayBuffer(), [columns, layers] = new Int32Array(buffer, 0, 2);
  const steps = new Float64Array(buffer, 8, columns), values = new Float32Array(buffer, 8 + 8 * columns, columns * layers);
  shown = { table, name, columns, steps, values, all: tables[table].names };
  draw();
}

const select = () => { const [table, name] = ($("#statistic").value || "").split("/"); return { table, name }; };

function draw() {
  const { table, name, columns, steps, values, all } = shown, kind = kindOf(name), rows = rowsOf(table, all).filter((row) => values.subarray(row * columns, (row + 1) * columns).some((value) => !Number.isNaN(value)));
  const height = rows.length <= 60 ? 16 : rows.length <= 300 ? 6 : 2;
  const seen = new Float32Array(rows.length * columns);
  rows.forEach((row, y) => seen.set(values.subarray(row * columns, (row + 1) * columns), y * columns));
  const range = rangeOf(seen, kind);
  Object.assign(shown, { rows, height, kind, range });
  names.replaceChildren(...(height >= 12 ? rows.map((row) => make("div", { textContent: all[row].replace(/\.weight$/, ""), title: all[row] })) : []));
  names.hidden = height < 12;
  paint(canvas, shown);
  $("#explained").textContent = words[name][1];
  const bar = make("i");
  bar.style.background = gradient(kind);
  $("#scale").replaceChildren(say(name, range[0]), bar, say(name, range[1]));
  $("#heat-first").textContent = columns ? moment(steps[0]) : "";
  $("#heat-last").textContent = columns ? moment(steps[columns - 1]) : "";
  mark();
}

/** A frame around the chosen layer's row. */
function mark() {
  for (const [y, item] of [...names.children].entries()) item.classList.toggle("active", shown.rows[y] === chosen);
}

function under(event) {
  const box = canvas.getBoundingClientRect();
  const y = Math.floor((event.clientY - box.top) / shown.height), x = Math.floor(((event.clientX - box.left) / box.width) * shown.columns);
  return { row: shown.rows[Math.min(Math.max(y, 0), shown.rows.length - 1)], x: Math.min(Math.max(x, 0), shown.columns - 1) };
}

canvas.addEventListener("pointermove", (event) => {
  if (!shown?.columns) return;
  const { row, x } = under(event);
  $("#heat-read").textContent = `${shown.all[row]} · ${moment(shown.steps[x])} · ${say(shown.name, shown.values[row * shown.columns + x])}`;
});
canvas.addEventListener("pointerleave", () => { $("#heat-read").textContent = ""; });
canvas.addEventListener("click", (event) => shown && choose(under(event).row));
canvas.addEventListener("keydown", (event) => {
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!way || !shown) return;
  event.preventDefault();
  const at = shown.rows.indexOf(chosen);
  choose(shown.rows[Math.min(Math.max(at + way, 0), shown.rows.length - 1)]);
});
names.addEventListener("click", (event) => {
  const y = [...names.children].indexOf(event.target);
  if (y >= 0) choose(shown.rows[y]);
});

async function choose(layer) {
  chosen = layer;
  mark();
  const { table, all } = shown;
  const found = await ask(holder.dataset.one.replace("TABLE", table).replace("LAYER", layer));
  if (chosen !== layer) return;
  $("#one").hidden = false;
  $("#one-name").textContent = all[layer];
  const curves = Object.entries(found.curves).filter(([, curve]) => curve.values.some((value) => value !== null));
  const plots = curves.map(([name, curve]) => curvePlot(words[name][0], curve, { log: kindOf(name) === "log", share: kindOf(name) === "share" }));
  const TITLES = { weights: "Weights", gradients: "Gradients", activations: "Activations" };
  const ridges = Object.entries(found.histograms).filter(([, one]) => one.steps.length).map(([kind, one]) => ridgePlot(TITLES[kind], one));
  $("#one-plots").replaceChildren(...[...ridges, ...plots].map((plot) => make("div", { className: "col-md-4" }, plot)));
}

$("#statistic").addEventListener("change", () => {
  history.replaceState(null, "", `#show=${$("#statistic").value}`);
  if (shown && shown.table !== select().table) { chosen = null; $("#one").hidden = true; }
  load();
});
$("#small").addEventListener("change", () => shown && draw());
new ResizeObserver(() => shown && draw()).observe($("#heat-box"));
await load();
if (shown?.rows.length) choose(shown.rows[0]);
if (holder.dataset.status === "Running") {
  setInterval(async () => {
    if (document.hidden) return;
    tables = await ask(holder.dataset.tables).catch(() => tables);
    await load();
  }, EVERY);
}
