// A confusion matrix of up to about 50 classes as a real table: it can be read aloud, copied and walked through by keyboard.
import { make } from "../dom.js";
import { percent } from "../words.js";
import { colour, onColour, written } from "./matrix.js";

/** Draw ``matrix`` into ``holder``; ``pick(row, column)`` is called for a cell that is chosen. */
export function table(holder, matrix, { show, order, pick, chosen }) {
  const many = matrix.size > 12;
  const head = make("tr", {}, make("th", { textContent: "" }), ...order.map((cls) => make("th", { scope: "col", textContent: matrix.names[cls], title: matrix.names[cls] })));
  if (!matrix.signed) head.append(make("th", { scope: "col", textContent: "Accuracy" }));
  const body = make("tbody");
  for (const row of order) {
    const line = make("tr", {}, make("th", { scope: "row", textContent: matrix.names[row], title: matrix.names[row] }));
    for (const column of order) line.append(cell(matrix, row, column, { show, pick, chosen }));
    if (!matrix.signed) line.append(make("td", { className: "ev-total", textContent: percent(matrix.accuracy(row), many ? 0 : 2) }));
    body.append(line);
  }
  holder.replaceChildren(make("table", { className: `ev-matrix${many ? " ev-many" : ""}` }, make("caption", { className: "visually-hidden", textContent: "Confusion matrix: rows are true classes, columns are what the model says" }), make("thead", {}, head), body));
}

function cell(matrix, row, column, { show, pick, chosen }) {
  const count = matrix.at(row, column), ink = colour(matrix, row, column, show);
  const said = `${matrix.names[row]} taken for ${matrix.names[column]}: ${count} images`;
  const button = make("button", { type: "button", textContent: written(matrix, row, column, show), title: said });
  button.setAttribute("aria-label", said);
  button.addEventListener("click", () => pick(row, column));
  const place = make("td", {}, button);
  if (count) Object.assign(place.style, { backgroundColor: `rgb(${ink})`, color: onColour(ink) });
  else button.className = "ev-zero";
  if (chosen && chosen[0] === row && chosen[1] === column) place.dataset.chosen = "";
  return place;
}
