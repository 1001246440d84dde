// The page of a sweep: its models in parallel coordinates, as a scatter plot and as a table, live and linked by hovering.
import { $, $$, ask, confirmed, debounced, pageData, part, post, setProgress, setStatus, toast, Refusal } from "../dom.js";
import { follow, job } from "../job.js";
import { figure, percent } from "../words.js";
import { Parallel } from "./parallel.js";
import { Scatter } from "./scatter.js";
import { ink, scaleOf } from "./scale.js";
import { columnsOf, fill, sorted } from "./table.js";

const holder = document.getElementById("job"), table = document.getElementById("trials");
const NAMES = { "val/accuracy": "validation accuracy", "val/loss": "validation loss", "train/loss": "training loss" };
const kpi = (name) => $(`[data-kpi="${name}"]`);
const view = { sort: "", down: false, x: "", y: "best", ...Object.fromEntries(new URLSearchParams(location.search)) };
let sweep = pageData("sweep-data"), lines = [];

const open = (id) => { location.href = holder.dataset.model.replace("ID", id); };
const parallel = new Parallel($("#parallel"), { onBrush: () => { drawScatter(); drawTable(); }, onHover: hover, onOpen: open });
const scatter = new Scatter($("#scatter"), { onHover: hover, onOpen: open });

// -- what is drawn ----------------------------------------------------------------------------------------------

const measured = () => sweep.trials.filter((trial) => trial.best !== null);
const isShare = (name) => name.includes("accuracy") || name.includes("top5");
const result = () => ({ name: "best", label: NAMES[sweep.curve] || sweep.curve, choices: null, from: null, to: null, log: false, words: {}, share: isShare(sweep.curve) });

/** Everything that can be an axis of the scatter plot: {name, label, of(trial), axis}. */
function quantities() {
  const plain = { choices: null, from: null, to: null, log: false, words: {} };
  const metrics = [...new Set(sweep.trials.flatMap((trial) => Object.keys(trial.metrics)))].sort();
  return [
    ...sweep.varied.map((axis) => ({ name: axis.name, label: axis.label, of: (trial) => trial.values[axis.name], axis })),
    { name: "best", label: `Best ${result().label}`, of: (trial) => trial.best, axis: result() },
    ...metrics.map((name) => ({ name, label: `Last ${NAMES[name] || name}`, of: (trial) => trial.metrics[name] ?? null, axis: { ...plain, share: isShare(name) } })),
    { name: "epoch", label: "Epochs trained", of: (trial) => trial.epoch, axis: plain },
    { name: "number", label: "Number of the model", of: (trial) => trial.number, axis: plain },
  ];
}

function colours() {
  const known = measured().map((trial) => trial.best).sort((a, b) => (sweep.largest ? a - b : b - a));
  return (trial) => (trial.best === null ? "var(--tblr-secondary)" : ink(known.length > 1 ? known.indexOf(trial.best) / (known.length - 1) : 1));
}

function drawParallel() {
  const colour = colours(), axes = sweep.varied.map((axis) => ({ name: axis.name, label: axis.label, scale: scaleOf(axis, sweep.trials.map((trial) => trial.values[axis.name])) }));
  if (measured().length) {
    const scale = scaleOf(result(), measured().map((trial) => trial.best)), place = scale.place;
    // Better is up, also where less is better.
    const up = sweep.largest ? scale : { ...scale, place: (value) => { const at = place(value); return at === null ? null : 1 - at; }, ticks: scale.ticks.map((tick) => ({ ...tick, at: 1 - tick.at })) };
    axes.push({ name: "best", label: result().label, scale: up });
  }
  const rank = (trial) => (trial.id === sweep.best ? 2 : trial.best === null ? 0 : 1);
  lines = [...sweep.trials].sort((a, b) => rank(a) - rank(b)).map((trial) => ({
    id: trial.id, colour: colour(trial), young: trial.best === null, best: trial.id === sweep.best,
    values: [...sweep.varied.map((axis) => trial.values[axis.name]), ...(measured().length ? [trial.best] : [])],
  }));
  parallel.show(axes, lines);
  part("parallel-empty").hidden = measured().length > 0;
}

const keeps = (trial) => { const line = lines.find((one) => one.id === trial.id); return !line || parallel.keeps(line.values); };

function drawScatter() {
  const known = quantities(), colour = colours(), chosen = (name, other) => known.find((one) => one.name === name) || other;
  const x = chosen(view.x, known[0]), y = chosen(view.y, known.find((one) => one.name === "best"));
  for (const [id, now] of [["#scatter-x", x], ["#scatter-y", y]]) {
    const select = $(id), options = known.map((one) => new Option(one.label, one.name, false, one.name === now.name));
    if ($$("option", select).map((one) => one.value).join() !== known.map((one) => one.name).join()) select.replaceChildren(...options);
    select.value = now.name;
  }
  const axis = (quantity) => ({ label: quantity.label, scale: scaleOf(quantity.axis, sweep.trials.map(quantity.of)) });
  scatter.show(axis(x), axis(y), sweep.trials.map((trial) => ({ id: trial.id, x: x.of(trial), y: y.of(trial), colour: colour(trial), best: trial.id === sweep.best, out: !keeps(trial), words: wordsOf(trial) })));
}

function drawTable() {
  const scales = sweep.varied.map((axis) => scaleOf(axis, sweep.trials.map((trial) => trial.values[axis.name])));
  const say = isShare(sweep.curve) ? (value) => percent(value, 2) : (value) => figure(value, 4);
  const columns = columnsOf(sweep, scales, { label: result().label, words: say });
  const column = columns.find((one) => one.name === view.sort) || columns.find((one) => one.name === "best");
  const down = view.sort ? view.down === true || view.down === "true" : sweep.largest;
  fill(table, columns, sorted(sweep.trials, column, down), { sort: column.name, down, keeps, onSort(name) { remember({ sort: name, down: column.name === name ? !down : false }); drawTable(); } });
}

function wordsOf(trial) {
  const said = sweep.varied.map((axis) => `${axis.label} ${scaleOf(axis, sweep.trials.map((one) => one.values[axis.name])).words(trial.values[axis.name])}`);
  const value = trial.best === null ? "not measured yet" : `${result().label} ${isShare(sweep.curve) ? percent(trial.best, 2) : figure(trial.best, 4)}`;
  return `Model ${trial.number}: ${said.join(", ")}; ${value}${trial.pruned ? `; ${trial.pruned}` : ""}`;
}

function drawHead() {
  const best = sweep.trials.find((trial) => trial.id === sweep.best), say = isShare(sweep.curve) ? (value) => percent(value, 2) : (value) => figure(value, 4);
  kpi("best").textContent = best ? say(best.best) : "–";
  kpi("best-of").textContent = best ? `model ${best.number}` : "nothing measured yet";
  kpi("models").textContent = sweep.kind === "search" ? `${sweep.trials.length} of ${sweep.planned}` : sweep.trials.length;
  const pruned = sweep.trials.filter((trial) => trial.pruned).length, counts = Object.entries(sweep.counts).map(([name, count]) => `${count} ${name.toLowerCase()}`);
  kpi("counts").textContent = [...counts, ...(pruned ? [`${pruned} given up early`] : []), ...(sweep.gone ? [`${sweep.gone} gone`] : [])].join(", ") || "none yet";
  kpi("curve").textContent = result().label;
  kpi("direction").textContent = sweep.largest ? "more is better" : "less is better";
  part("best-card").hidden = !best;
  if (best) {
    part("best-words").textContent = wordsOf(best);
    part("best-link").href = holder.dataset.model.replace("ID", best.id);
  }
  setStatus(part("status"), sweep.overall.status);
  part("going").hidden = !sweep.live;
  setProgress(part("progress"), sweep.overall.fraction);
  part("percent").textContent = percent(sweep.overall.fraction);
  const again = $("[data-resume]");
  if (again) again.hidden = !["Aborted", "Error"].includes(sweep.status);
  const stops = part("stops");
  if (stops) stops.hidden = !sweep.live;
}

function draw() {
  drawHead();
  drawParallel();
  drawScatter();
  drawTable();
}

// -- what people do ---------------------------------------------------------------------------------------------

let hovered = null;
function hover(id) {
  if (id === hovered) return;
  hovered = id;
  for (const element of $$("[data-trial]")) element.classList.toggle("sw-hover", id !== null && element.dataset.trial === id && !element.classList.contains("sw-hit"));
  const trial = sweep.trials.find((one) => one.id === id);
  part("hover").textContent = trial ? wordsOf(trial) : "\u00a0";
}
table.addEventListener("pointerover", (event) => hover(event.target.closest("tr")?.dataset.trial || null));
table.addEventListener("pointerleave", () => hover(null));

/** Keep what is shown in the address, so that it can be sent to somebody. */
function remember(changes) {
  Object.assign(view, changes);
  const query = new URLSearchParams(Object.entries(view).filter(([, value]) => value !== "" && value !== false));
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}
for (const axis of ["x", "y"]) $(`#scatter-${axis}`).addEventListener("change", (event) => { remember({ [axis]: event.target.value }); drawScatter(); });

const SURE = {
  all: ["Stop all models?", "What runs is stopped where it is, what waits is not begun. Checkpoints stay.", "Stop all"],
  others: ["Stop all models but the best?", "The best so far is trained to its end.", "Stop the rest"],
  waiting: ["Begin no more models?", "Those that run are trained to their end.", "Begin no more"],
};
$("[data-resume]")?.addEventListener("click", async (event) => {
  try {
    toast((await post(event.target.closest("button").dataset.resume)).said);
    soon();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
  }
});
document.addEventListener("click", async (event) => {
  const which = event.target.closest("[data-which]")?.dataset.which;
  if (!which || !(await confirmed(...SURE[which]))) return;
  try {
    toast((await post(holder.dataset.stop, { which })).said);
    soon();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
  }
});

// -- live -------------------------------------------------------------------------------------------------------

async function refresh() {
  try {
    sweep = await ask(holder.dataset.sweep);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return; // the connection's own notice says so
  }
  draw();
}
const soon = debounced(refresh, 500);
let waiting = false;
/** At most once a second, however often there is news. */
function news() {
  if (waiting || document.hidden) return;
  waiting = true;
  setTimeout(() => { waiting = false; refresh(); }, 1000);
}
const concerns = (row) => row.id === job.id || sweep.trials.some((trial) => trial.id === row.id);
document.addEventListener("foveal:rows", ({ detail: { rows, removed = [] } }) => { if (rows.some(concerns) || removed.some((id) => concerns({ id }))) news(); });
document.addEventListener("foveal:home", () => { if (sweep.live) news(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && sweep.live) news(); });
document.addEventListener("foveal:theme", draw);
follow();
draw();
