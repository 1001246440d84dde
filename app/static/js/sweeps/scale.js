// Where a value lies on an axis, 0 to 1, and what is written beside it: numbers evenly or by their logarithm, else words.
import { figure, percent } from "../words.js";

const DECADES = 20, FEW = 8;
const numeric = (values) => values.length > 0 && values.every((value) => typeof value === "number" && Number.isFinite(value));

/** Round numbers from low to high. */
function round(low, high, wanted = 5) {
  const raw = (high - low) / wanted, size = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 2.5, 5, 10].find((factor) => factor * size >= raw) * size, found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) found.push(Number(value.toPrecision(12)));
  return found;
}

function powers(low, high) {
  const found = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); 10 ** power <= high * 1.000001; power += 1) found.push(Number((10 ** power).toPrecision(6)));
  return found.length > 1 ? found : [low, high];
}

/** A scale for ``axis`` and the ``values`` that models have on it: {place(value) -> 0..1 or null, ticks: [{at, text}], words(value)}. */
export function scaleOf(axis, values) {
  const known = [...new Set(values.filter((value) => value !== null && value !== undefined))];
  return numeric(known) && axis.words !== undefined && !Object.keys(axis.words).length ? numbers(axis, known) : words(axis, known);
}

function numbers(axis, known) {
  let low = axis.from ?? Math.min(...known), high = axis.to ?? Math.max(...known);
  low = Math.min(low, ...known); high = Math.max(high, ...known);
  const log = axis.log || (axis.from === null && low > 0 && high / low >= DECADES);
  if (low === high) [low, high] = low ? [low - Math.abs(low) / 2, high + Math.abs(low) / 2] : [-1, 1];
  const place = (value) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  const say = axis.share ? (value) => percent(value, 2) : (value) => figure(value, 4);
  const at = axis.choices && known.length <= FEW ? [...known].sort((a, b) => a - b) : log ? powers(low, high) : round(low, high);
  const shown = at.filter((value) => value >= low && value <= high);
  return { place: (value) => (typeof value === "number" && Number.isFinite(value) ? place(value) : null), ticks: shown.map((value) => ({ at: place(value), text: say(value) })), words: say };
}

function words(axis, known) {
  const order = (axis.choices || []).map(String), listed = [...known].map(String).sort((a, b) => (order.indexOf(a) + 1 || 1e9) - (order.indexOf(b) + 1 || 1e9));
  const say = (value) => axis.words?.[String(value)] || String(value);
  const place = (value) => { const at = listed.indexOf(String(value)); return at < 0 ? null : listed.length > 1 ? at / (listed.length - 1) : 0.5; };
  return { place, ticks: listed.map((value) => ({ at: place(value), text: say(value) })), words: say };
}

// From pale to strong, by lightness above all, so that every eye and both themes tell good from poor.
const LIGHT = ["#b8bcc6", "#8f9bb3", "#6480ad", "#3865a3", "#0b3c8f"], DARK = ["#4a5568", "#5b78a0", "#6fa0cf", "#8cc8ef", "#d6efff"];
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colour of a share from 0 (poor) to 1 (good). */
export function ink(share) {
  const stops = document.documentElement.dataset.bsTheme === "dark" ? DARK : LIGHT;
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1), left = Math.min(Math.floor(place), stops.length - 2), part = place - left;
  const [from, to] = [rgb(stops[left]), rgb(stops[left + 1])];
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * part)).join(",")})`;
}
