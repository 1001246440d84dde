// The page of a model: live curves without gap or doubled point, zoom, smoothing, figures, checkpoints.
import "./classify.js";
import { $, $$, ask, debounced, make, part } from "./dom.js";
import { Curve, columns } from "./curves.js";
import { follow, holder, job, onEvent } from "./job.js";
import { Plots } from "./plots.js";
import { words } from "./steer.js";
import { exporting } from "./export.js";
import { suggest } from "./suggest.js";
import { as, duration, figure, percent, thousands } from "./words.js";

const PLOTS = {
  loss: ["train/loss", "val/loss"], "loss-log": ["train/loss", "val/loss"],
  accuracy: ["train/accuracy", "val/accuracy", "val/top5"], rate: ["learning_rate"],
  speed: ["samples_per_second"], load: ["input/wait", "cpu/load", ...[...Array(8).keys()].map((index) => `gpu/${index}/load`)],
};
const KNOWN = [...new Set(Object.values(PLOTS).flat())];
const SMOOTHED = new Set(["train/loss", "train/accuracy", "samples_per_second"]);
const SPARSE = 60; // curves of fewer points are drawn with a dot at each
const curves = new Map(KNOWN.map((name) => [name, new Curve(name)]));
const closer = new Map(); // curves in full detail while somebody looks closer
const view = { axis: "step", amount: 0.6, hidden: new Set(), zoomed: false };
let planned = { steps: [], rates: [] };
const follows = holder.dataset.follows === "plateau";
const acts = [...(job.acts || [])];
onEvent("act", (act) => { acts.push(act); plots.touch("*"); });
let best = job.best || {};
let lastMetrics = job.metrics.at(-1);
let plan = job.plan;
onEvent("artifact", (event) => {
  if (event.name !== "plan") return;
  askPlanned();
  plan = event.value;
  part("epochs").textContent = figure(plan.epochs, 4);
});
let started = job.started;
const ran = { before: job.elapsed || 0, since: performance.now(), status: job.status };
let done = job.progress?.fraction || 0;

/** Steps an epoch: measured at a validation, until then estimated from the share done. */
function perEpoch() {
  if (plan?.steps_per_epoch) return plan.steps_per_epoch;
  if (lastMetrics?.epoch) return lastMetrics.step / lastMetrics.epoch;
  const step = curves.get("train/loss").steps.at(-1), epoch = done * job.epochs;
  return step > 20 && epoch > 0 ? step / epoch : undefined;
}

// -- painting ---------------------------------------------------------------------------------------------------

function paintCurve(name) {
  const curve = closer.get(name) || curves.get(name);
  const axis = view.axis === "epoch" && !perEpoch() ? "step" : view.axis;
  const begin = started || curves.get("train/loss").walls[0] || curve.walls[0];
  const data = columns(curve, axis, { perEpoch: perEpoch(), started: begin, amount: SMOOTHED.has(name) ? view.amount : 0 });
  plots.source(name).data = data;
  const sparse = data.x.length <= SPARSE, dots = sparse && (name.startsWith("val/") || data.x.length < 6), shown = !view.hidden.has(name);
  for (const item of plots.renderers(name)) {
    const kind = item.name.slice(name.length + 1);
    item.visible = shown && (kind === "line" || (kind === "raw" ? !sparse && SMOOTHED.has(name) && view.amount > 0 : dots));
  }
}

/** Paint what has changed and can be seen; the rest is returned and waits until it is scrolled into view. */
function paint(dirty, visible) {
  const all = dirty.has("*"), late = new Set();
  for (const holder_ of $$("[data-plots]")) {
    const names = [...new Set(holder_.dataset.plots.split(" ").flatMap((plot) => PLOTS[plot]))];
    const changed = names.filter((name) => all || dirty.has(name));
    if (!visible(holder_)) { for (const name of changed) late.add(name); continue; }
    for (const name of changed) paintCurve(name);
    holder_.classList.toggle("fv-empty", !names.some((name) => curves.get(name).count));
  }
  if (!view.zoomed) showWhole();
  markBest();
  markActs();
  showPlanned();
  showFigures();
  return late;
}

/** The x-range of all plots covers every curve. */
function showWhole() {
  const begin = started || curves.get("train/loss").walls[0] || 0, perStep = view.axis === "epoch" ? 1 / (perEpoch() || 1) : 1;
  const ends = [...curves.values()].filter((curve) => curve.count).flatMap((curve) => {
    const places = view.axis === "minutes" ? curve.walls.map((wall) => (wall - begin) / 60) : curve.steps.map((step) => step * perStep);
    return [places[0], places.at(-1)];
  });
  if (!ends.length) return;
  const low = Math.min(...ends), high = Math.max(...ends), margin = (high - low) * 0.012 || 1;
  plots.document.get_model_by_name("x").setv({ start: low - margin, end: high + margin });
}

/** A dashed line where the validation was best. */
function markBest() {
  for (const [plot, curve] of [["accuracy", "val/accuracy"], ["loss", "val/loss"], ["loss-log", "val/loss"]]) {
    const span = plots.document.get_model_by_name(`best ${plot}`);
    const found = best[curve];
    span.visible = Boolean(found) && view.axis !== "minutes";
    if (found) span.location = view.axis === "epoch" && perEpoch() ? found.step / perEpoch() : found.step;
  }
}

/** The planned rate, dotted: under the actual one as far as that goes. */
function showPlanned() {
  const perStep = view.axis === "epoch" ? 1 / (perEpoch() || NaN) : 1;
  const keep = view.axis === "minutes" ? [] : planned.steps.map((step, i) => [step * perStep, planned.rates[i]]);
  plots.source("planned").data = { x: keep.map(([x]) => x), y: keep.map(([, y]) => y) };
}

async function askPlanned() {
  planned = await ask(holder.dataset.planned).catch(() => planned);
  plots.touch("learning_rate");
}
for (const kind of ["act", "resumed", "metrics"]) onEvent(kind, () => { if (kind !== "metrics" || follows) askPlanned(); });

/** A dashed line wherever somebody steered the training. */
function markActs() {
  const begin = started || curves.get("train/loss").walls[0] || 0;
  const places = { step: (act) => act.step, epoch: (act) => act.step / (perEpoch() || NaN), minutes: (act) => (act.time - begin) / 60 };
  const shown = acts.filter((act) => !act.refused && !act.late);
  plots.source("acts").data = { x: shown.map(places[view.axis]), words: shown.map((act) => `${act.who || "somebody"}: ${words(act)}`) };
}

function showFigures() {
  for (const button of $$(".fv-legend")) {
    const curve = curves.get(button.dataset.curve);
    $("b", button).textContent = curve.count ? as(button.dataset.kind, curve.latest) : "";
  }
  const gpu = $("[data-gpu-legend]");
  gpu.hidden = !curves.get("gpu/0/load").count;
  const top = best["val/accuracy"];
  kpi("best", top ? percent(top.values["val/accuracy"], 2) : "–");
  kpi("best-at", top ? `epoch ${figure(top.epoch, 3)}` : "\u00a0");
  for (const name of ["val/loss", "train/loss"]) kpi(name, curves.get(name).count ? figure(curves.get(name).latest, 4) : "–");
  const speed = curves.get("samples_per_second");
  kpi("samples_per_second", speed.count && speed.latest !== null ? thousands(speed.latest) : "–");
  const step = curves.get("train/loss").steps.at(-1);
  if (perEpoch() && step !== undefined) kpi("epoch", figure(step / perEpoch(), 3));
  if (curves.get("train/loss").count) kpi("device", curves.get("gpu/0/load").count ? "on the GPU" : "on the CPU");
}

function kpi(name, text) {
  const place = $(`[data-kpi="${name}"]`);
  if (place.textContent !== text) place.textContent = text;
}

setInterval(() => {
  const place = $('[data-kpi="elapsed"]');
  if (job.status === "Running") place.textContent = duration(ran.before + (performance.now() - ran.since) / 1000);
}, 1000);

// -- data -------------------------------------------------------------------------------------------------------

/** Load the overview of all curves; at the start, and where live points left a gap. */
async function load() {
  const known = await ask(`${holder.dataset.curves}?width=1000&smooth=${view.amount}`);
  for (const [name, series] of Object.entries(known)) curves.get(name)?.load(series);
  plots.touch();
}

let loading;
function onSeries(series) {
  const changed = [];
  let whole = true;
  for (const [name, points] of Object.entries(series)) {
    const curve = curves.get(name);
    if (!curve) continue;
    whole = curve.append(points) && whole;
    closer.get(name)?.append({ ...points, start: closer.get(name).count });
    changed.push(name);
  }
  if (!whole) loading ||= load().finally(() => { loading = undefined; });
  if (changed.length) plots.touch(...changed);
}

const counts = () => Object.fromEntries([...curves].filter(([, curve]) => curve.count).map(([name, curve]) => [name, curve.count]));

onEvent("metrics", (event) => {
  lastMetrics = event;
  for (const [curve, sign] of [["val/accuracy", 1], ["val/loss", -1]]) {
    const value = event.values[curve];
    if (value !== null && value !== undefined && (!best[curve] || sign * value > sign * best[curve].values[curve])) best = { ...best, [curve]: event };
  }
  plots.touch(...KNOWN);
});
onEvent("progress", (event) => { done = event.fraction ?? done; });
onEvent("status", (event) => {
  if (event.status === "Running") {
    if (!started) started = event.time;
    ran.since = performance.now(); // pauses and waits do not count
  } else if (ran.status === "Running") ran.before += (performance.now() - ran.since) / 1000;
  ran.status = event.status;
});
onEvent("checkpoint", (event) => {
  part("no-checkpoints").hidden = true;
  const table = part("checkpoints"), links = make("td", { className: "text-end text-nowrap" });
  const address = table.dataset.url.replace("NAME", event.name);
  links.append(make("a", { href: address.replace(/zip$/, "tar.gz"), textContent: "tar.gz" }), " · ", make("a", { href: address, textContent: "zip" }), " · ", make("a", { href: table.dataset.fork.replace("NAME", event.name), textContent: "fork" }));
  const row = make("tr", {}, make("td", { className: "text-nowrap", textContent: event.name }), make("td", { className: "fv-num text-nowrap", textContent: percent(event.values?.["val/accuracy"], 2) }), links);
  row.dataset.name = event.name;
  $(`tr[data-name="${CSS.escape(event.name)}"]`, table)?.remove();
  $("tbody", table).prepend(row);
});

onEvent("checkpoint_removed", (event) => $(`tr[data-name="${CSS.escape(event.name)}"]`, part("checkpoints"))?.remove());
onEvent("resumed", (event) => {
  for (const curve of curves.values()) curve.clear(); // the files were cut back: what came after that step comes again
  best = Object.fromEntries(Object.entries(best).filter(([, found]) => found.step <= event.step));
  wholeTraining();
  loading ||= load().finally(() => { loading = undefined; });
});

// -- looking closer ---------------------------------------------------------------------------------------------

let turn = 0;
async function lookCloser() {
  const x = plots.document.get_model_by_name("x");
  const scale = { step: 1, epoch: perEpoch() || 1 }[view.axis];
  view.zoomed = true;
  $("#reset-zoom").hidden = false;
  $("#zoom-hint").hidden = true;
  if (!scale) return; // on the time axis the overview's points are shown larger
  const mine = (turn += 1);
  const found = await ask(`${holder.dataset.curves}?width=1000&smooth=${view.amount}&first=${Math.floor(x.start * scale)}&last=${Math.ceil(x.end * scale)}`);
  if (mine !== turn || !view.zoomed) return;
  for (const [name, series] of Object.entries(found)) {
    if (!curves.has(name)) continue;
    closer.set(name, new Curve(name));
    closer.get(name).load(series);
  }
  for (const figure_ of plots.figures.values()) figure_.y_range.reset?.();
  plots.touch();
}

function wholeTraining() {
  view.zoomed = false;
  turn += 1;
  closer.clear();
  for (const figure_ of plots.figures.values()) figure_.y_range.reset?.();
  $("#reset-zoom").hidden = true;
  $("#zoom-hint").hidden = false;
  plots.touch();
}

let zoomTimer;
$("#reset-zoom").addEventListener("click", wholeTraining);

const plots = new Plots(holder.dataset.charts, paint);
plots.onEmbedded = () => {
  for (const figure_ of plots.figures.values()) {
    figure_.on_event("rangesupdate", () => { clearTimeout(zoomTimer); zoomTimer = setTimeout(lookCloser, 150); });
    figure_.on_event("doubletap", wholeTraining);
  }
  label();
};

/** Say on the lowest plots what the horizontal axis is. */
function label() {
  const words = view.axis === "epoch" && !perEpoch() ? "step" : view.axis;
  for (const name of plots.figures.keys()) plots.document.get_model_by_name(`${name} x`).axis_label = words;
}

// -- controls ---------------------------------------------------------------------------------------------------

function choose(buttons, chosen) {
  for (const button of buttons) {
    button.classList.toggle("active", button === chosen);
    button.setAttribute("aria-pressed", String(button === chosen));
  }
}

$("#plot-controls").addEventListener("click", (event) => {
  const axis = event.target.closest("[data-axis]"), scale = event.target.closest("[data-scale]");
  if (axis) {
    choose($$("[data-axis]"), axis);
    view.axis = axis.dataset.axis;
    wholeTraining();
    label();
  }
  if (scale) {
    choose($$("[data-scale]"), scale);
    for (const box of $$('[data-plots="loss loss-log"] > div')) box.hidden = (box.dataset.name === "loss-log") !== (scale.dataset.scale === "log");
    plots.touch("train/loss", "val/loss");
  }
});

const slider = $("#smoothing");
const kept = localStorage.getItem("foveal-smoothing");
if (kept !== null) slider.value = kept;
function smoothing() {
  view.amount = Number(slider.value);
  $("#smoothing-value").textContent = view.amount.toFixed(2);
}
slider.addEventListener("input", () => {
  smoothing();
  localStorage.setItem("foveal-smoothing", slider.value);
  for (const curve of [...curves.values(), ...closer.values()]) curve.smoothed = null; // meanwhile from what is on the page
  plots.touch();
  again();
});
/** The smoothed curves anew, from every point. */
const again = debounced(() => (view.zoomed ? lookCloser() : load()), 250);
smoothing();

document.addEventListener("click", (event) => {
  const button = event.target.closest(".fv-legend");
  if (!button) return;
  const name = button.dataset.curve;
  const off = view.hidden.delete(name) ? false : Boolean(view.hidden.add(name));
  button.setAttribute("aria-pressed", String(!off));
  plots.touch(name);
});

exporting(plots);
for (const input of $$("[data-suggest]")) suggest(input);
await plots.embed();
await load();
askPlanned();
follow(counts, onSeries);
