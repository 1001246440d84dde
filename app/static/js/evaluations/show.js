// The page of an evaluation: the matrix grows while images are judged; afterwards everything of the report.
import { $, $$ } from "../dom.js";
import { follow, holder, job, onEvent } from "../job.js";
import { figure, percent, thousands } from "../words.js";
import { cut } from "../thumbs.js";
import "./going_on.js";
import { classes } from "./classes.js";
import { Decision } from "./decision.js";
import { Gallery } from "./gallery.js";
import { Matrix } from "./matrix.js";
import { slices, sureness } from "./sureness.js";
import { View } from "./view.js";

const { address } = holder.dataset;
let { about } = job;
const gallery = about ? new Gallery(address, about.classes) : null;
const view = new View(document.getElementById("matrix"), (row, column) => gallery?.open([row, column], true), job.report?.orders);
view.confused = job.report?.confused;
if (gallery) gallery.onOpen = (cell) => view.mark(cell);

function kpi(name, text) { const place = $(`[data-kpi="${name}"]`); if (place) place.textContent = text; }

function soFar(tally) {
  if (!about || !tally) return;
  if (tally.labelled) kpi("accuracy", percent(tally.right / tally.labelled, 2));
  if (tally.loss !== undefined) kpi("loss", figure(tally.loss));
  kpi("images", thousands(tally.done));
  kpi("unreadable", tally.unreadable ? `${thousands(tally.unreadable)} not readable` : "\u00a0");
  if (tally.matrix && tally.labelled) view.set(Matrix.dense(about.classes, tally.matrix));
}

onEvent("artifact", (event) => {
  if (event.name === "evaluation") about = event.value;
  if (event.name === "tally") soFar(event.value);
});
onEvent("status", (event) => { if (event.status === "Done") setTimeout(() => location.reload(), 500); });

if (job.report) {
  const matrix = job.report.labelled ? await Matrix.read(about.classes, `${address}/cells`) : null;
  view.chosen = gallery.cell;
  if (matrix) view.set(matrix);
  else document.getElementById("matrix").dataset.empty = "None of the images has a known class, so there is nothing to compare with.";
  if (job.report.labelled) {
    classes(job.report, about.classes, (cell) => gallery.open(cell, true));
    sureness(job.report);
    slices(job.report);
    new Decision(address, job.report.classes);
  } else if (!new URLSearchParams(location.search).has("show")) {
    document.querySelector('[data-part="show"]').value = "all";
    document.querySelector('[data-part="sort"]').value = "surest";
  }
} else soFar(job.tally);
if (gallery && (job.report || job.tally?.done)) gallery.load();
for (const grid of $$("#twins .fv-thumbs")) cut(grid);
follow();
