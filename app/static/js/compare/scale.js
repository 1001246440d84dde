// Axes of a plot: which part of the numbers is shown, where it lies in pixels, and where the labels stand.
import { figure, thousands } from "../words.js";

const STEPS = [1, 2, 2.5, 5, 10];

/** About ``count`` round places in [low, high]. */
export function ticks(low, high, count, log = false) {
  if (!(high > low)) return [low];
  if (log) {
    const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))], many = to - from > count;
    const within = Array.from({ length: to - from + 1 }, (_, i) => from + i).flatMap((power) => (many ? [1] : [1, 2, 5]).map((digit) => Number(`${digit}e${power}`)));
    const found = within.filter((value) => value >= low && value <= high);
    if (found.length > 1) return many ? found.filter((_, i) => i % Math.ceil(found.length / count) === 0) : found;
  }
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const step = size * STEPS.find((digit) => digit * size >= rough);
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => Number(((Math.ceil(low / step) + i) * step).toPrecision(12)));
}

/** The part of all lines ({x, y}) that is shown: ``zoom`` on the x axis where there is one, and what y has there. */
export function domain(lines, { zoom, log, clip }) {
  let [x0, x1] = zoom || [Infinity, -Infinity];
  if (!zoom) for (const { x } of lines) if (x.length) [x0, x1] = [Math.min(x0, x[0]), Math.max(x1, x[x.length - 1])];
  let [y0, y1] = [Infinity, -Infinity];
  const values = [];
  for (const { x, y } of lines) {
    for (let i = 0; i < y.length; i += 1) {
      const value = y[i];
      if (x[i] < x0 || x[i] > x1 || !Number.isFinite(value) || (log && value <= 0)) continue;
      if (clip) values.push(value);
      if (value < y0) y0 = value;
      if (value > y1) y1 = value;
    }
  }
  if (clip && values.length > 20) {
    const sorted = Float64Array.from(values).sort();
    [y0, y1] = [0.02, 0.98].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
  }
  if (!(x1 >= x0)) [x0, x1] = [0, 1];
  if (x1 === x0) [x0, x1] = [x0 - 0.5, x1 + 0.5];
  if (!(y1 >= y0)) [y0, y1] = log ? [0.1, 1] : [0, 1];
  if (y1 === y0) [y0, y1] = log ? [y0 / 2, y1 * 2] : [y0 - Math.max(Math.abs(y0) * 0.1, 1e-9), y1 + Math.max(Math.abs(y1) * 0.1, 1e-9)];
  const margin = log ? (y1 / y0) ** 0.03 : (y1 - y0) * 0.03;
  return log ? { x0, x1, y0: y0 / margin, y1: y1 * margin, log } : { x0, x1, y0: y0 - margin, y1: y1 + margin, log };
}

/** From numbers to pixels in the box {left, top, width, height}, as a multiplier and an offset for each axis. */
export function mapping({ x0, x1, y0, y1, log }, box) {
  const [low, high] = log ? [Math.log(y0), Math.log(y1)] : [y0, y1];
  const kx = box.width / (x1 - x0), ky = -box.height / (high - low);
  return { kx, bx: box.left - x0 * kx, ky, by: box.top + box.height - low * ky, log };
}

export const across = (map, x) => map.bx + x * map.kx;
export const down = (map, y) => map.by + (map.log ? Math.log(y) : y) * map.ky;

/** A place on an axis in words: whole steps, epochs with the digits they need, a time as a clock would. */
export function place(value, axis) {
  if (axis === "step") return Math.abs(value) >= 1e6 ? `${figure(value / 1e6, 4)} M` : thousands(value);
  if (axis === "epoch") return figure(value, 4);
  const sign = value < 0 ? "−" : "", whole = Math.round(Math.abs(value)), two = (number) => String(number).padStart(2, "0");
  if (Math.abs(value) < 10) return `${sign}${figure(Math.abs(value), 3)} s`;
  return `${sign}${whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))}` : Math.floor(whole / 60)}:${two(whole % 60)}`;
}
