// The confusion matrix of the last validation on a model's page: redrawn at each one while the model trains.
import { make, pageData, part } from "../dom.js";
import { onEvent } from "../job.js";
import { figure, percent } from "../words.js";
import { colour, Matrix, onColour, written } from "./matrix.js";

const card = document.getElementById("confusion"), box = document.getElementById("matrix"), data = pageData("confusion-data");
let { classes } = data, last = data.confusion;

function draw() {
  if (!last || !classes.length) return;
  const matrix = Matrix.dense(classes, last.matrix), names = classes.map((name) => make("th", { scope: "col", textContent: name, title: name }));
  const rows = classes.map((name, row) => {
    const cells = classes.map((other, column) => {
      const ink = colour(matrix, row, column, "rows"), count = matrix.at(row, column);
      const cell = make("td", { textContent: written(matrix, row, column, "counts"), title: `${name} taken for ${other}`, className: count ? "" : "ev-zero" });
      if (count) Object.assign(cell.style, { backgroundColor: `rgb(${ink})`, color: onColour(ink) });
      return cell;
    });
    return make("tr", {}, make("th", { scope: "row", textContent: name, title: name }), ...cells, make("td", { className: "ev-total", textContent: percent(matrix.accuracy(row), 1) }));
  });
  box.replaceChildren(make("table", { className: `ev-matrix ev-plain${classes.length > 12 ? " ev-many" : ""}` }, make("thead", {}, make("tr", {}, make("th"), ...names, make("th", { textContent: "Accuracy" }))), make("tbody", {}, ...rows)));
  part("confusion-epoch").textContent = `epoch ${figure(last.epoch, 3)}`;
  card.hidden = false;
}

onEvent("artifact", (event) => {
  if (event.name === "model") classes = event.value.classes || classes;
  if (event.name === "confusion") { last = event.value; draw(); }
});
document.addEventListener("foveal:theme", draw);
draw();
