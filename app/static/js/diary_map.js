// The data map on a canvas: confidence over variability, coloured by the share of right answers; a picture on hover, a click for the record.
import { $, make, pageData, part } from "./dom.js";
import { gradient, place } from "./heatmap.js";
import { percent, thousands } from "./words.js";

const MARGIN = { left: 44, right: 14, top: 24, bottom: 34 }; // px around the dots
const NEAR = 9; // px within which a dot is meant
const TOP = 0.52; // the standard deviation of a share is at most a half
const RED = "#d55e00", SHADES = ["#00224e", "#3b496c", "#707173", "#a59c74", "#fee838"];
const holder = $("#diary-map"), canvas = part("canvas"), tip = part("tip"), classes = pageData("map-classes");
let points = [], told = null;

const dark = () => document.documentElement.dataset.bsTheme === "dark";
const shade = (share) => SHADES[Math.min(SHADES.length - 1, Math.floor(place(share, [0, 1], "share") * SHADES.length))];

function draw(found) {
  const width = canvas.clientWidth, height = canvas.clientHeight, sharp = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: width * sharp, height: height * sharp });
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  const x = (value) => MARGIN.left + (value / TOP) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => height - MARGIN.bottom - value * (height - MARGIN.top - MARGIN.bottom);
  axes(pen, x, y);
  const label = part("class").value, only = part("only").checked;
  points = found.numbers.flatMap((number, i) => {
    if ((label !== "" && found.labels[i] !== Number(label)) || (only && !found.suspicious[i])) return [];
    return [{ x: x(found.variability[i]), y: y(found.confidence[i]), number, right: found.right[i], label: found.labels[i], suspicious: found.suspicious[i], confidence: found.confidence[i] }];
  });
  const size = points.length > 8000 ? 1.5 : 2.5;
  pen.globalAlpha = 0.75;
  for (const point of points) {
    pen.fillStyle = shade(point.right);
    pen.fillRect(point.x - size, point.y - size, 2 * size, 2 * size);
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = RED;
  for (const point of points) {
    if (!point.suspicious) continue;
    pen.beginPath();
    pen.arc(point.x, point.y, 5, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function axes(pen, x, y) {
  pen.strokeStyle = pen.fillStyle = dark() ? "#8a97ab" : "#667382";
  pen.lineWidth = 0.5;
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "right";
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    pen.globalAlpha = 0.5;
    pen.beginPath();
    pen.moveTo(x(0), y(value));
    pen.lineTo(x(TOP), y(value));
    pen.stroke();
    pen.globalAlpha = 1;
    pen.fillText(percent(value, 0), x(0) - 6, y(value) + 4);
  }
  pen.textAlign = "center";
  for (const value of [0.1, 0.2, 0.3, 0.4, 0.5]) pen.fillText(percent(value, 0), x(value), y(0) + 15);
  pen.textAlign = "right";
  pen.fillText("variability", x(TOP), y(0) + 29);
  pen.textAlign = "left";
  pen.fillText("confidence", 4, y(1) - 11);
  pen.lineWidth = 1.2;
}

function nearest(event) {
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  let best = null, least = NEAR * NEAR;
  for (const point of points) {
    const far = (point.x - x) ** 2 + (point.y - y) ** 2 - (point.suspicious ? 9 : 0);
    if (far < least) [best, least] = [point, far];
  }
  return best;
}

canvas.addEventListener("pointermove", (event) => {
  const point = nearest(event);
  tip.hidden = !point;
  if (!point || point.number === told) return;
  told = point.number;
  const picture = make("img", { src: `${holder.dataset.sprite}?at=${point.number}`, alt: "" });
  tip.replaceChildren(picture, make("div", { textContent: classes[point.label] }), make("div", { className: "fv-sub", textContent: `right ${percent(point.right, 0)}, sure ${percent(point.confidence, 0)}` }));
  tip.style.left = `${Math.min(point.x + 16, canvas.clientWidth - 130)}px`;
  tip.style.top = `${Math.min(Math.max(point.y - 50, 0), canvas.clientHeight - 150)}px`;
});
canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
canvas.addEventListener("click", (event) => {
  const point = nearest(event);
  if (point) location.href = holder.dataset.record.replace(/0$/, point.number);
});

const found = await (await fetch(holder.dataset.places)).json();
const shown = found.numbers.length;
part("count").textContent = shown < found.total ? `${thousands(shown)} of ${thousands(found.total)} images` : `${thousands(shown)} images`;
const bar = make("i");
bar.style.background = gradient("share");
part("scale").replaceChildren("never right", bar, "always right");
part("class").addEventListener("change", () => draw(found));
part("only").addEventListener("change", () => draw(found));
document.addEventListener("foveal:theme", () => draw(found));
new ResizeObserver(() => draw(found)).observe(canvas);
