// The page of a dataset: images per class as they are counted, the mean image, and the end of the build.
import { $, $$, part } from "./dom.js";
import { follow, holder, job, onEvent } from "./job.js";
import { Plots, markEmpty } from "./plots.js";
import { cut } from "./thumbs.js";
import { as, figure, thousands } from "./words.js";

const SPLITS = ["train", "val", "test"];
const LABELLED = 40; // more classes than this are told by the hover box instead of the axis
let classes = job.artifacts.classes || [];
let counts = job.artifacts.counts || {};
let order = "name";
const hidden = new Set();

/** The classes in the order shown, with the place of each. */
function ordered() {
  const places = classes.map((_, index) => index);
  if (order === "count") {
    const total = (index) => SPLITS.reduce((sum, split) => sum + (counts[split]?.[index] || 0), 0);
    places.sort((a, b) => total(b) - total(a) || a - b);
  }
  return places;
}

/** Rectangles of one split, stacked on what ``floor`` already holds. */
function bars(split, places, floor) {
  const made = { left: [], right: [], bottom: [], top: [], name: [], count: [], share: [] };
  const numbers = counts[split] || [];
  const sum = numbers.reduce((a, b) => a + b, 0) || 1;
  const gap = places.length > 200 ? 0 : 0.1;
  places.forEach((index, place) => {
    const count = numbers[index] || 0;
    made.left.push(place + gap);
    made.right.push(place + 1 - gap);
    made.bottom.push(floor[place]);
    made.top.push(floor[place] += count);
    made.name.push(classes[index]);
    made.count.push(count);
    made.share.push(count / sum);
  });
  return made;
}

function paint() {
  const places = ordered(), floor = places.map(() => 0);
  for (const split of SPLITS) plots.source(split).data = bars(split, hidden.has(split) ? [] : places, floor);
  const figure_ = plots.figures.get("classes");
  const few = places.length <= LABELLED;
  const ticker = plots.document.get_model_by_name("class ticks");
  const axis = plots.document.get_model_by_name("classes x");
  axis.major_label_overrides = new Map(few ? places.map((index, place) => [place + 0.5, classes[index]]) : []);
  ticker.ticks = few ? places.map((_, place) => place + 0.5) : [];
  const room = holder.querySelector("[data-plots]").clientWidth / Math.max(places.length, 1);
  axis.major_label_orientation = few && Math.max(0, ...classes.map((name) => name.length)) * 7 > room ? 0.7 : "horizontal";
  figure_.x_range.setv({ start: 0, end: Math.max(places.length, 1) });
  markEmpty("classes", !places.length || !Object.keys(counts).length);
  showLegend();
}

function showLegend() {
  for (const button of $$(".fv-legend")) {
    const numbers = counts[button.dataset.curve];
    button.hidden = !numbers?.some((count) => count > 0);
    $("b", button).textContent = numbers ? as("whole", numbers.reduce((a, b) => a + b, 0)) : "";
  }
  const train = (counts.train || []).filter((count) => count > 0);
  const most = Math.max(...train), least = Math.min(...train);
  part("balance").textContent = train.length > 1
    ? `${classes.length} classes in training, ${least === most ? "" : `${thousands(least)} to `}${thousands(most)} images each${most > 2 * least ? `: the largest has ${figure(most / least, 2)} times as many as the smallest` : ""}.` : "";
}

function showMean() {
  part("mean").hidden = false;
  $("img", part("mean")).src = `${holder.dataset.mean}?${Date.now()}`;
}

const plots = new Plots(holder.dataset.charts, paint);
onEvent("artifact", (event) => {
  if (event.name === "classes") classes = event.value;
  if (event.name === "counts") counts = event.value;
  if (event.name === "mean") showMean();
  plots.touch("classes");
});
onEvent("status", (event) => {
  if (event.status !== "Done") return;
  // The details and the list of files left out are the server's to write: take them from the finished page.
  fetch(location.href).then((answer) => answer.text()).then((text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const name of ["facts", "failures", "samples"]) part(name).replaceWith(document.adoptNode(part(name, fresh)));
    for (const grid of $$(".fv-thumbs")) cut(grid);
    part("next").hidden = false;
  });
});
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-order]"), legend = event.target.closest(".fv-legend");
  if (chosen) {
    order = chosen.dataset.order;
    for (const button of $$("[data-order]")) button.classList.toggle("active", button === chosen);
  } else if (legend) {
    const off = hidden.delete(legend.dataset.curve) ? false : Boolean(hidden.add(legend.dataset.curve));
    legend.setAttribute("aria-pressed", String(!off));
  } else return;
  plots.touch("classes");
});
window.addEventListener("resize", () => plots.touch("classes"));
for (const grid of $$(".fv-thumbs")) cut(grid);
await plots.embed();
follow();
