// Small plots in SVG: one curve, and a ridge plot of histograms over time.
import { make, svg } from "./dom.js";
import { figure, percent, thousands } from "./words.js";

const WIDTH = 380, HEIGHT = 170, LEFT = 52, BOTTOM = 20, TOP = 8;
function framed(title, label, ...parts) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "fv-small", role: "img", "aria-label": label });
  picture.append(...parts);
  return make("figure", { className: "m-0" }, make("figcaption", { className: "fv-sub mb-1", textContent: title }), picture);
}

const words = (x, y, text, anchor = "end") => svg("text", { x, y, "text-anchor": anchor }, text);

/** A curve of {steps, values}; on a log scale, as a share from 0 to 1, or plain. */
export function curvePlot(title, { steps, values }, { log = false, share = false } = {}) {
  const good = values.map((value) => (value === null || (log && value <= 0) ? null : value)), known = good.filter((value) => value !== null);
  if (!known.length) return framed(title, title);
  let low = share ? 0 : Math.min(...known), high = share ? 1 : Math.max(...known);
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  const x = (step) => LEFT + ((step - steps[0]) / (steps.at(-1) - steps[0] || 1)) * (WIDTH - LEFT - 8);
  const y = (value) => HEIGHT - BOTTOM - (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  let path = "", pen = "M";
  good.forEach((value, i) => {
    if (value === null) { pen = "M"; return; }
    path += `${pen}${x(steps[i]).toFixed(1)},${y(value).toFixed(1)}`;
    pen = "L";
  });
  const say = (value) => (share ? percent(value, 0) : figure(value, 2));
  return framed(
    title, `${title} over the training`,
    ...[low, high].map((value) => svg("line", { x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value), class: "fv-rate-grid" })),
    words(LEFT - 5, y(low) + 3, say(low)), words(LEFT - 5, y(high) + 6, say(high)),
    words(LEFT, HEIGHT - 5, thousands(steps[0]), "start"), words(WIDTH - 8, HEIGHT - 5, `step ${thousands(steps.at(-1))}`),
    svg("path", { d: path, fill: "none", stroke: "var(--fv-train)", "stroke-width": 1.8, "stroke-linejoin": "round" }),
  );
}

/** Histograms over time as ridges, the latest in front. */
export function ridgePlot(title, { steps, low, high, counts }) {
  const least = Math.min(...low), most = Math.max(...high), span = most - least || 1, rows = steps.length;
  const lift = 46, room = HEIGHT - BOTTOM - TOP - lift, x = (value) => 10 + ((value - least) / span) * (WIDTH - 70);
  const parts = [];
  counts.forEach((row, i) => {
    const base = TOP + lift + (rows > 1 ? (i / (rows - 1)) * room : room), width = (high[i] - low[i]) / row.length;
    // Equal areas: the bins of a wide histogram are lower than those of a narrow one.
    const total = row.reduce((sum, count) => sum + count, 0) || 1, tall = Math.max(...row) / total;
    const points = row.map((count, bin) => `${x(low[i] + (bin + 0.5) * width).toFixed(1)},${(base - (count / total / tall) * lift).toFixed(1)}`);
    const ends = `${x(low[i]).toFixed(1)},${base.toFixed(1)}`, close = `${x(high[i]).toFixed(1)},${base.toFixed(1)}`;
    parts.push(svg("polygon", { points: `${ends} ${points.join(" ")} ${close}`, class: "fv-ridge" }));
  });
  const first = TOP + lift + 3, end = TOP + lift + room + 3;
  return framed(
    title, `${title}: histograms over the training`, ...parts,
    words(10, HEIGHT - 5, figure(least, 2), "start"), words(WIDTH - 60, HEIGHT - 5, figure(most, 2)),
    words(WIDTH - 54, first, thousands(steps[0]), "start"), ...(rows > 1 ? [words(WIDTH - 54, end, thousands(steps.at(-1)), "start")] : []),
  );
}
