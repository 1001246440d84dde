// Statistics of a split: histograms, sizes and grey levels fed into the page's plots; class means in either order.
import { $, $$, pageData } from "./dom.js";
import { watchAnalysis } from "./analysis.js";
import { Plots, markEmpty } from "./plots.js";
import { cut } from "./thumbs.js";
import { bytes, figure, thousands } from "./words.js";

const HISTOGRAMS = ["aspect", "file_bytes", "brightness", "contrast", "sharpness"];
const holder = $("#statistics");
watchAnalysis();
if (holder) await show(pageData("statistics-data"));

async function show(data) {
  const { split } = data;
  const plots = new Plots(holder.dataset.charts, () => paint(plots, split));
  for (const grid of $$(".fv-thumbs")) cut(grid);
  for (const name of HISTOGRAMS) tell(name, split[name]);
  if (split.sizes) {
    const [width, height, count] = split.sizes.common[0];
    $('[data-figures="sizes"]').textContent = split.sizes.distinct === 1 ? "all the same" : `${thousands(count)} of ${width} × ${height}${split.sizes.gathered ? "; neighbours are put together" : ""}`;
  }
  document.addEventListener("click", (event) => event.target.closest("[data-sort]") && sortMeans(event.target.closest("[data-sort]")));
  await plots.embed();
}

function tell(name, histogram) {
  if (!histogram) return;
  const word = name === "file_bytes" ? bytes : (value) => figure(value, 3);
  $(`[data-figures="${name}"]`).textContent = `${word(histogram.least)} to ${word(histogram.most)}, usually ${word(histogram.median)}`;
}

function paint(plots, split) {
  for (const name of HISTOGRAMS) {
    const found = split[name];
    markEmpty(name, !found);
    if (!found) continue;
    plots.source(`${name} data`).data = { left: found.edges.slice(0, -1), right: found.edges.slice(1), top: found.counts };
    frame(plots, name, [found.edges[0], found.edges.at(-1)], [0, 1.05 * Math.max(...found.counts)]);
  }
  const points = split.sizes?.points || [];
  markEmpty("sizes", !points.length);
  const most = Math.max(1, ...points.map((point) => point[2]));
  plots.source("sizes data").data = {
    x: points.map((point) => point[0]), y: points.map((point) => point[1]), count: points.map((point) => point[2]),
    size: points.map((point) => 4 + 18 * Math.sqrt(point[2] / most)),
  };
  const sides = points.length ? points : [[1, 1]];
  frame(plots, "sizes", wide(sides.map((point) => point[0])), wide(sides.map((point) => point[1])));
  let top = 0;
  for (const channel of split.channels) {
    const sum = channel.levels.reduce((a, b) => a + b, 0) || 1;
    plots.source(`levels ${channel.channel}`).data = { x: channel.levels.map((_, level) => level), y: channel.levels.map((count) => count / sum) };
    top = Math.max(top, ...channel.levels.slice(1, -1));
  }
  const sum = split.channels[0].levels.reduce((a, b) => a + b, 0) || 1;
  frame(plots, "levels", [0, 255], [0, (1.1 * top) / sum || 1]); // black and white may stand out: they are cut off
}

function frame(plots, name, [left, right], [low, high]) {
  const figure_ = plots.figures.get(name);
  figure_.x_range.setv({ start: left, end: right });
  figure_.y_range.setv({ start: low, end: high });
}

/** A logarithmic range with some room around the values. */
const wide = (values) => [Math.min(...values) / 1.3, Math.max(...values) * 1.3];

/** Put the class means in order of name or count; each keeps the cell of the sheet that it shows. */
function sortMeans(button) {
  for (const other of $$("[data-sort]")) other.classList.toggle("active", other === button);
  const grid = $("#means"), cells = $$(".fv-thumb", grid);
  cells.forEach((cell, index) => { cell.dataset.place ??= index; });
  const by = button.dataset.sort === "count" ? (a, b) => b.dataset.count - a.dataset.count || a.dataset.place - b.dataset.place : (a, b) => a.dataset.place - b.dataset.place;
  grid.append(...cells.sort(by));
}
