// Figures about weights or values as a small list and a histogram.
import { make, svg } from "../dom.js";
import { short } from "./api.js";

/** A list of [word, value] pairs. */
export function facts(pairs) {
  const list = make("dl", { className: "fv-facts" });
  for (const [word, value] of pairs.filter(([, shown]) => shown !== undefined && shown !== null)) {
    list.append(make("dt", { textContent: word }), make("dd", {}, value instanceof Node ? value : String(value)));
  }
  return list;
}

export function histogram({ counts, edges }, label) {
  const most = Math.max(...counts, 1), width = 100 / counts.length;
  const bars = counts.map((count, i) => svg("rect", { x: i * width + 0.3, width: width - 0.6, y: 70 - (68 * count) / most, height: (68 * count) / most }, svg("title", {}, `${short(edges[i])} to ${short(edges[i + 1])}: ${count}`)));
  const picture = svg("svg", { viewBox: "0 0 100 70", preserveAspectRatio: "none", class: "fv-histogram", role: "img", "aria-label": label }, ...bars);
  return make("div", {}, picture, make("div", { className: "fv-axis" }, make("span", { textContent: short(edges[0]) }), make("span", { textContent: short(edges[edges.length - 1]) })));
}

const percent = (share) => `${(100 * share).toFixed(share && share < 0.1 ? 1 : 0)} %`;

export function figureRow(title, figures, words = {}) {
  if (figures.mean === undefined) return make("div", {}, make("h3", { textContent: title }), "No value here is finite.");
  const pairs = [
    ["Mean", short(figures.mean)], ["Deviation", short(figures.deviation)], ["Range", `${short(figures.least)} to ${short(figures.most)}`], ["Norm", short(figures.norm)],
    ["Near zero", percent(figures.near_zero)], ["Count", figures.count.toLocaleString("en")], ...(figures.not_finite ? [["Not finite", figures.not_finite]] : []), ...Object.entries(words),
  ];
  return make("div", {}, make("h3", { textContent: title }), make("div", { className: "fv-figure-row" }, histogram(figures.histogram, `Histogram of ${title.toLowerCase()}`), facts(pairs)));
}

/** Two lines in one plot: ``own`` in colour, ``other`` grey; x runs from 0 to 1. */
export function curves(own, other, label) {
  const all = [...own, ...other], low = Math.min(...all), span = Math.max(...all) - low || 1;
  const path = (values) => values.map((value, i) => `${i ? "L" : "M"}${((100 * i) / (values.length - 1)).toFixed(2)} ${(80 - (75 * (value - low)) / span).toFixed(2)}`).join("");
  return svg("svg", { viewBox: "0 0 100 85", preserveAspectRatio: "none", class: "fv-curves", role: "img", "aria-label": label },
    svg("path", { d: path(other), stroke: "var(--tblr-secondary)", "stroke-dasharray": "3 3" }), svg("path", { d: path(own), stroke: "var(--fv-train)" }));
}
