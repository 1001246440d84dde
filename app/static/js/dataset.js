// The page of a dataset: images per class as they are counted, the mean image, and the end of the build.
import { $, $$, part } from "./dom.js";
import { watchAnalysis } from "./analysis.js";
import { ClassesChart } from "./classes_chart.js";
import { follow, holder, job, onEvent } from "./job.js";
import { Plots, markEmpty } from "./plots.js";
import { cut } from "./thumbs.js";
import { figure, thousands } from "./words.js";

function paint() {
  chart.paint();
  markEmpty("classes", chart.empty);
  const train = (chart.counts.train || []).filter((count) => count > 0);
  const most = Math.max(...train), least = Math.min(...train);
  part("balance").textContent = train.length > 1
    ? `${thousands(chart.classes.length)} classes in training, ${least === most ? "" : `${thousands(least)} to `}${thousands(most)} images each${most > 2 * least ? `: the largest has ${figure(most / least, 2)} times as many as the smallest` : ""}.` : "";
}

function showMean() {
  part("mean").hidden = false;
  $("img", part("mean")).src = `${holder.dataset.mean}?${Date.now()}`;
}

const plots = new Plots(holder.dataset.charts, paint);
const chart = new ClassesChart(plots, job.artifacts.classes || [], job.artifacts.counts || {});
chart.entries = job.artifacts.entries || null;
onEvent("artifact", (event) => {
  if (event.name === "classes") chart.classes = event.value;
  if (event.name === "counts") chart.counts = event.value;
  if (event.name === "entries") chart.entries = event.value;
  if (event.name === "mean") showMean();
  plots.touch("classes");
});
onEvent("status", (event) => {
  if (event.status !== "Done") return;
  // The details and the list of files left out are the server's to write: take them from the finished page.
  fetch(location.href).then((answer) => answer.text()).then((text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const name of ["facts", "failures", "samples", "findings"]) part(name).replaceWith(document.adoptNode(part(name, fresh)));
    for (const grid of $$(".fv-thumbs")) cut(grid);
    part("next").hidden = false;
  });
});
for (const grid of $$(".fv-thumbs")) cut(grid);
watchAnalysis(() => job.status === "Done");
await plots.embed();
follow();
