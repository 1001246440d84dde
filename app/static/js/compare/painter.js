// A worker that draws lines on the canvas it was given: however many there are, the page itself never waits for them.
import { across, down } from "./scale.js";

let canvas, lines = [], bands = [], view, waiting = false;

self.onmessage = ({ data }) => {
  if (data.canvas) canvas = data.canvas;
  if (data.lines) ({ lines, bands } = data);
  if (data.view) ({ view } = data);
  if (waiting || !canvas || !view) return;
  waiting = true; // several messages in a row are one picture
  setTimeout(() => { waiting = false; draw(); }, 0);
};

function draw() {
  const { width, height, ratio, map, box } = view, pen = canvas.getContext("2d");
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  pen.scale(ratio, ratio);
  pen.beginPath();
  pen.rect(box.left, box.top, box.width, box.height);
  pen.clip();
  pen.lineJoin = "round";
  for (const band of bands) fill(pen, band, map);
  for (const line of lines) stroke(pen, line, map);
  self.postMessage({ drawn: lines.length });
}

/** A line with gaps where a value is no number (or none that a log scale has); a lone point is a dot. */
function stroke(pen, { x, y, ink, thick, alpha }, map) {
  pen.strokeStyle = ink;
  pen.fillStyle = ink;
  pen.lineWidth = thick;
  pen.globalAlpha = alpha;
  pen.beginPath();
  let down_ = false;
  for (let i = 0; i < x.length; i += 1) {
    const good = Number.isFinite(y[i]) && (!map.log || y[i] > 0);
    if (!good) { down_ = false; continue; }
    const px = across(map, x[i]), py = down(map, y[i]);
    if (down_) pen.lineTo(px, py);
    else {
      pen.moveTo(px, py);
      if (!Number.isFinite(y[i + 1] ?? NaN)) pen.fillRect(px - 2, py - 2, 4, 4);
    }
    down_ = true;
  }
  pen.stroke();
}

/** Between two lines over the same places. */
function fill(pen, { x, least, most, ink }, map) {
  const known = [...x.keys()].filter((i) => Number.isFinite(least[i]) && (!map.log || least[i] > 0));
  pen.fillStyle = ink;
  pen.globalAlpha = 0.16;
  pen.beginPath();
  for (const i of known) pen.lineTo(across(map, x[i]), down(map, most[i]));
  for (const i of known.reverse()) pen.lineTo(across(map, x[i]), down(map, least[i]));
  pen.fill();
}
