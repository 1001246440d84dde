// The columns of the table of runs: what each shows, how it is sorted, and how wide it is.
import { clock, duration, figure, percent } from "../words.js";
import { said } from "./filter.js";
import { place } from "./scale.js";

const SHARES = /accuracy|top5|precision|recall|\bf1\b|iou|\/load|\/wait|\/memory/;
const UP = /accuracy|top5|precision|recall|\bf1\b|iou|auc|samples_per_second/;
const DOWN = /loss|error|perplexity|\bmae\b|\bmse\b/;

/** Whether a curve's values are shares, written in percent. */
export const isShare = (curve) => SHARES.test(curve);

/** 1 where more is better, -1 where less is, 0 where neither can be said. */
export const better = (curve) => (UP.test(curve) ? 1 : DOWN.test(curve) ? -1 : 0);

/** The step of a curve's best point among those that are here; thinning keeps it. */
function bestAt(curve, direction) {
  if (curve.best?.direction !== direction) curve.best = { direction, step: stepOfBest(curve, direction) };
  return curve.best.step;
}

function stepOfBest(curve, direction) {
  let at = -1;
  curve.values.forEach((value, i) => { if (Number.isFinite(value) && (at < 0 || direction * value > direction * curve.values[at])) at = i; });
  return at < 0 ? null : curve.steps[at];
}

/** All columns for the options that differ and for a curve; ``value(run)`` sorts, ``text(run)`` is read. */
export function columns(options, name, curves) {
  const direction = better(name), figures = (run) => run.curves[name] || {};
  const write = (value) => (value === null || value === undefined ? "" : isShare(name) ? percent(value, 2) : figure(value));
  const number = (key, title, wanted) => ({ key, title, width: Math.max(88, 18 + title.length * 8.2), right: true, value: (run) => wanted(figures(run)) ?? null, text: (run) => write(wanted(figures(run))) });
  const best = (values) => (direction > 0 ? values.max : values.min);
  const when = (run) => (curves.has(run.id) ? bestAt(curves.get(run.id), direction) : null);
  const ofOption = ({ name: option, title }) => ({ key: `option ${option}`, title, hint: option, width: Math.min(180, Math.max(76, 22 + title.length * 8.2)), value: (run) => run.options[option], text: (run) => said(run.options[option]) });
  return [
    { key: "name", title: "Run", width: 262, value: (run) => run.name.toLowerCase(), text: (run) => run.name },
    ...(direction ? [number("best", direction > 0 ? "Best ↑" : "Best ↓", best), { key: "at", title: "at step", width: 84, right: true, value: when, text: (run) => (when(run) === null ? "" : place(when(run), "step")) }] : []),
    number("last", "Last", (values) => values.last),
    ...options.map(ofOption),
    number("min", "Min", (values) => values.min), number("max", "Max", (values) => values.max),
    { key: "status", title: "Status", width: 86, value: (run) => run.status, text: (run) => run.status },
    { key: "took", title: "Took", width: 92, right: true, value: (run) => run.elapsed, text: (run) => duration(run.elapsed) },
    { key: "created", title: "Made", width: 104, right: true, value: (run) => run.created, text: (run) => `${new Date(run.created * 1000).toISOString().slice(5, 10)} ${clock(run.created)}` },
  ];
}

/** Runs in the order of a column ("-best": falling); runs without a value come last, equal ones keep their order. */
export function sorted(runs, all, key) {
  const column = all.find((item) => item.key === key.replace(/^-/, ""));
  if (!column) return runs;
  const sign = key.startsWith("-") ? -1 : 1, nothing = (value) => value === null || value === undefined || value === "";
  return runs.map((run) => [column.value(run), run]).sort(([a], [b]) => {
    if (nothing(a) || nothing(b)) return nothing(a) - nothing(b);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
  }).map(([, run]) => run);
}

/** The table as CSV. */
export function csv(runs, all) {
  const cell = (value) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const raw = (column, run) => (column.key === "name" ? run.name : column.value(run));
  const lines = [["id", ...all.map((column) => column.hint || column.title)], ...runs.map((run) => [run.id, ...all.map((column) => raw(column, run))])];
  return lines.map((line) => line.map(cell).join(",")).join("\n") + "\n";
}
