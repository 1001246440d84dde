// A confusion matrix as a PNG file, drawn with its names and figures at a size that prints well.
import { make } from "../dom.js";
import { colour, onColour, papers, written } from "./matrix.js";

export async function png(matrix, { show, order }, name) {
  const few = matrix.size <= 60, cell = few ? 44 : Math.max(1, Math.floor(2000 / matrix.size)), margin = few ? 150 : 20;
  const canvas = make("canvas", { width: margin + cell * matrix.size + 20, height: margin + cell * matrix.size + 20 });
  const paper = canvas.getContext("2d");
  const { ink, ground } = papers(document.getElementById("matrix"));
  paper.fillStyle = ground;
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.textBaseline = "middle";
  order.forEach((row, down) => order.forEach((column, across) => {
    if (!few && !matrix.at(row, column)) return;
    const paint = colour(matrix, row, column, show), [x, y] = [margin + across * cell, margin + down * cell];
    paper.fillStyle = `rgb(${paint})`;
    paper.fillRect(x, y, few ? cell - 1 : cell, few ? cell - 1 : cell);
    if (!few) return;
    paper.fillStyle = matrix.at(row, column) ? onColour(paint) : ink;
    paper.globalAlpha = matrix.at(row, column) ? 1 : 0.35;
    paper.font = "13px system-ui, sans-serif";
    paper.textAlign = "center";
    paper.fillText(written(matrix, row, column, show), x + cell / 2, y + cell / 2, cell - 4);
    paper.globalAlpha = 1;
  }));
  if (few) names(paper, matrix, order, { cell, margin, ink });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function names(paper, matrix, order, { cell, margin, ink }) {
  paper.fillStyle = ink;
  paper.font = "13px system-ui, sans-serif";
  order.forEach((cls, index) => {
    const middle = margin + (index + 0.5) * cell;
    paper.textAlign = "right";
    paper.fillText(matrix.names[cls], margin - 8, middle, margin - 12);
    paper.save();
    paper.translate(middle, margin - 8);
    paper.rotate(-Math.PI / 2);
    paper.textAlign = "left";
    paper.fillText(matrix.names[cls], 0, 0, margin - 12);
    paper.restore();
  });
}
