// From runs, curves and state to what the plot draws: colours, groups, thin and thick lines, means with their ranges.
import { average, places } from "./data.js";
import { ink, inks } from "./colours.js";
import { said } from "./filter.js";

const FAINT = [[12, 0.95], [60, 0.65], [Infinity, 0.4]]; // up to so many lines: how opaque each is
const RAW = 8; // up to so many smoothed lines have the values behind them, faint

/** How runs are grouped: ``of(run)`` is a run's value, ``values`` maps each value to its colour. */
export function groupsOf(runs, by) {
  if (!by) return { of: () => null, values: new Map() };
  const option = by.startsWith("option ") ? by.slice(7) : null;
  const of = option !== null ? (run) => run.options[option] ?? "" : by === "tag" ? (run) => run.tags.join(", ") : (run) => run.group;
  const found = [...new Set(runs.map(of))].sort((a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true })));
  return { of, values: inks(found) };
}

/**
 * Lines, bands and colours; ``without`` are the runs that cannot be drawn and ``why`` says what they lack.
 * The last lines lie on top: pinned ones.
 */
export function picture(shown, curves, groups, state, all) {
  const index = new Map(all.map((run, at) => [run.id, at])), pinned = new Set(state.pin);
  const colour = (run) => state.colours[run.id] || groups.values.get(groups.of(run)) || ink(index.get(run.id));
  const drawn = [], without = [];
  for (const run of shown) {
    const curve = curves.get(run.id), x = curve && places(curve, run, state.x);
    if (!x) without.push(run);
    else drawn.push({ run, x, y: state.smooth ? curve.smoothed : curve.values, raw: curve.values });
  }
  const why = state.x === "epoch" && without.some((run) => curves.has(run.id)) ? "no epochs yet" : `no ${state.curve || "curve"} yet`;
  if (state.mean && state.by) return { ...means(drawn, groups), ink: colour, without, why };
  const alpha = FAINT.find(([most]) => drawn.length <= most)[1], anyPinned = drawn.some(({ run }) => pinned.has(run.id));
  const lines = drawn.map(({ run, x, y }) => {
    const up = pinned.has(run.id);
    return { id: run.id, name: run.name, x, y, ink: colour(run), thick: up ? 2.8 : 1.5, alpha: up ? 1 : anyPinned ? alpha * 0.55 : alpha, up };
  });
  lines.sort((a, b) => a.up - b.up);
  const behind = state.smooth && drawn.length <= RAW ? drawn.map(({ run, x, raw }) => ({ id: run.id, name: run.name, x, y: raw, ink: colour(run), thick: 1, alpha: 0.22 })) : [];
  return { lines: [...behind, ...lines], bands: [], ink: colour, without, why };
}

/** For each group the mean of its lines, and from the least to the greatest of them. */
function means(drawn, groups) {
  const lines = [], bands = [];
  for (const [value, colour] of groups.values) {
    const mine = drawn.filter(({ run, x }) => groups.of(run) === value && x.length);
    if (!mine.length) continue;
    const { x, mean, least, most } = average(mine);
    lines.push({ id: `group ${value}`, name: `${said(value) || "none"} (mean of ${mine.length})`, x, y: mean, ink: colour, thick: 2.4, alpha: 1 });
    if (mine.length > 1) bands.push({ x, least, most, ink: colour });
  }
  return { lines, bands };
}
