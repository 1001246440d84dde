// The runs and their curves from the server: many at once, in parts that come one after another.
import { ask, Refusal } from "../dom.js";

const PART = 50; // runs in one request: the first are drawn while the others come

const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const askRuns = (url, choice) => ask(url, json(choice));

/** The curves of these runs, part by part: ``take(map from id to curve)``; stops early once ``wanted()`` is false. */
export async function askCurves(url, ids, view, take, wanted) {
  for (let from = 0; from < ids.length && wanted(); from += PART) {
    const answer = await fetch(url, json({ ...view, ids: ids.slice(from, from + PART), runs: ids.length })).catch(() => null);
    if (!answer) throw new Refusal({ detail: "The server cannot be reached. Is it running?" }, 0);
    if (!answer.ok) throw new Refusal(await answer.json().catch(() => ({ detail: `The server answered ${answer.status}.` })), answer.status);
    const found = unpack(await answer.arrayBuffer());
    if (wanted()) take(found);
  }
}

/** What app/pages/comparison.py packed: a line of JSON, then four columns of float64 a run. */
export function unpack(buffer) {
  const bytes = new Uint8Array(buffer), end = bytes.indexOf(10) + 1, found = new Map();
  let at = end;
  for (const { id, total, points } of JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)))) {
    const [steps, walls, values, smoothed] = [0, 1, 2, 3].map((column) => new Float64Array(buffer, at + column * points * 8, points));
    found.set(id, { total, steps, walls, values, smoothed });
    at += points * 32;
  }
  return found;
}

/** Places of a curve's points on an axis: steps, epochs, or seconds since the run began. */
export function places(curve, run, axis) {
  if (axis === "epoch") return run.steps_per_epoch ? curve.steps.map((step) => step / run.steps_per_epoch) : null;
  const begin = run.started || curve.walls[0];
  return axis === "time" ? curve.walls.map((wall) => wall - begin) : curve.steps;
}

/** Mean, least and greatest of some lines ({x, y}) at ``count`` places; a line counts from its first point to its last. */
export function average(lines, count = 240) {
  const low = Math.min(...lines.map((line) => line.x[0])), high = Math.max(...lines.map((line) => line.x.at(-1)));
  const x = Float64Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
  const [mean, least, most, known] = [new Float64Array(count), new Float64Array(count).fill(Infinity), new Float64Array(count).fill(-Infinity), new Float64Array(count)];
  for (const line of lines) {
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      if (x[i] < line.x[0] || x[i] > line.x.at(-1)) continue;
      while (at < line.x.length - 2 && line.x[at + 1] < x[i]) at += 1;
      const next = Math.min(at + 1, line.x.length - 1), span = line.x[next] - line.x[at];
      const value = line.y[at] + (span > 0 ? Math.min(1, (x[i] - line.x[at]) / span) : 0) * (line.y[next] - line.y[at]);
      if (!Number.isFinite(value)) continue;
      mean[i] += value;
      known[i] += 1;
      least[i] = Math.min(least[i], value);
      most[i] = Math.max(most[i], value);
    }
  }
  const nothing = (values) => values.map((value, i) => (known[i] ? value : NaN));
  return { x, mean: mean.map((sum, i) => sum / known[i]), least: nothing(least), most: nothing(most) };
}
