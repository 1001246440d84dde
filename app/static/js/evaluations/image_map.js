// The map of the images by a layer: colours, an area and its gallery, the same images at other checkpoints; all in the address.
import { $, $$, ask, make, pageData, part, toast } from "../dom.js";
import { COLOURS, Scatter, colourOf, within } from "../scatter.js";
import { join, on } from "../socket.js";
import { cut } from "../thumbs.js";
import { figure, percent, thousands } from "../words.js";
import "./choose.js";
import "./going_on.js";

const PAGE = 36, PLAY = 700; // thumbnails a page; ms between two checkpoints
const WORDS = {
  pca: (found) => `Left to right and bottom to top: the two directions in which the units of ${found.name} differ most, ${percent(found.explained[0] + found.explained[1], 0)} of all that differs.`,
  tsne: () => "Neighbours stay neighbours (t-SNE); how far apart groups lie means little.",
  through: (found) => `The same ${thousands(found.numbers.length)} images on the axes of the atlas's checkpoint, so that they can be followed.`,
};
const box = $("#image-map"), gallery = $("#circled"), classes = pageData("map-classes");
const given = new URLSearchParams(location.search);
const state = { area: areaOf(given.get("area")), moment: given.has("checkpoint") ? Number(given.get("checkpoint")) : null, page: 1 };
for (const name of ["colour", "class"]) if (given.has(name)) part(name).value = given.get(name);
let found = null, circled = [], playing = null;

const scatter = new Scatter(part("canvas"), part("tip"), {
  colour,
  tell: (index) => [make("img", { src: `${box.dataset.sprite}?at=${found.numbers[index]}`, alt: "" }), make("div", { textContent: said(index) })],
  pick: (index) => { location.href = address(index); },
  circle: (area) => { state.area = area; state.page = 1; show(); },
});

function areaOf(text) {
  const values = (text || "").split(",").map(Number);
  if (values.length < 6 || values.some((value) => !Number.isFinite(value))) return null;
  return Array.from({ length: Math.floor(values.length / 2) }, (_, at) => [values[2 * at], values[2 * at + 1]]);
}

const at = () => Math.min(Math.max(state.moment ?? found.places.length - 1, 0), found.places.length - 1);
const answer = (index) => found.predicted[at()][index];
const address = (index) => box.dataset.record.replace(/0$/, found.numbers[index]);
const right = (index) => (found.labels[index] < 0 ? null : found.labels[index] === answer(index));

function colour(index) {
  const by = part("colour").value;
  if (by === "class") return colourOf(found.labels[index]);
  if (by === "predicted") return colourOf(answer(index));
  return right(index) === null ? "#8492a6" : right(index) ? COLOURS[0] : COLOURS[1];
}

function said(index) {
  const label = found.labels[index], told = classes[answer(index)];
  return label < 0 ? `says ${told}` : label === answer(index) ? told : `${classes[label]} → ${told}`;
}

async function load() {
  const method = part("method").value;
  try {
    found = await ask(`${box.dataset.places}&method=${method}`);
  } catch (error) {
    toast(error.message, true);
    return;
  }
  const moments = found.checkpoints.length;
  part("through").hidden = moments < 2;
  $("#moment").max = Math.max(0, moments - 1);
  part("words").textContent = `${WORDS[method](found)} Draw around some to see them below; a click shows one.`;
  part("count").textContent = thousands(found.numbers.length);
  show();
}

/** Draw what is chosen, and keep it in the address. */
function show() {
  const wanted = part("class").value, numbers = found.labels.map((_, index) => index);
  const chosen = wanted === "" ? null : numbers.filter((index) => found.labels[index] === Number(wanted));
  const frame = found.places.length > 1 ? found.places.flat() : found.places[0];
  scatter.area = state.area;
  scatter.set(found.places[at()], chosen, frame);
  circled = state.area ? within(found.places[at()], state.area).filter((index) => wanted === "" || found.labels[index] === Number(wanted)) : [];
  if (found.checkpoints.length) {
    const moment = found.checkpoints[at()];
    $("#moment").value = at();
    part("moment").textContent = `Epoch ${figure(moment.epoch)}`;
  }
  keys();
  thumbs();
  remember();
}

function remember() {
  const values = { ...Object.fromEntries(["method", "colour", "class"].map((name) => [name, part(name).value])), checkpoint: found.checkpoints.length && state.moment !== null ? state.moment : "", area: state.area ? state.area.flat().join(",") : "" };
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) if (value === "" || value === "pca") query.delete(name); else query.set(name, value);
  history.replaceState(null, "", `?${query}`);
}

function keys() {
  const legend = (text, ink) => { const place = make("i", { className: "fv-ink" }); place.style.background = ink; return make("span", { className: "fv-legend" }, place, text); };
  const by = part("colour").value;
  const items = by === "right" ? [legend("right", COLOURS[0]), legend("wrong", COLOURS[1])] : classes.length > COLOURS.length ? [] : classes.map((name, cls) => legend(name, colourOf(cls)));
  if (found.labels.includes(-1) && by !== "predicted") items.push(legend("class not known", "#8492a6"));
  part("keys").replaceChildren(...items);
  if (!items.length) part("keys").textContent = `${classes.length} classes share ${COLOURS.length} colours; choose a class above to see it alone.`;
}

function thumbs() {
  gallery.hidden = !state.area;
  if (!state.area) return;
  const pages = Math.max(1, Math.ceil(circled.length / PAGE));
  state.page = Math.min(state.page, pages);
  const shown = circled.slice((state.page - 1) * PAGE, state.page * PAGE), columns = Math.ceil(Math.sqrt(shown.length));
  const wrong = circled.filter((index) => right(index) === false).length;
  part("circled-title").textContent = `${thousands(circled.length)} circled`;
  part("circled-words").textContent = circled.length ? `${most()}${wrong ? `; ${thousands(wrong)} are taken for something else` : ""}.` : "No image lies there.";
  const grid = part("thumbs", gallery);
  grid.replaceChildren(...shown.map(thumb));
  Object.assign(grid.dataset, { sprite: `${box.dataset.sprite}?at=${shown.map((index) => found.numbers[index]).join("-")}`, columns, rows: Math.ceil(shown.length / Math.max(1, columns)) });
  if (shown.length) cut(grid);
  part("pager", gallery).hidden = pages < 2;
  part("range", gallery).textContent = `${thousands((state.page - 1) * PAGE + 1)}–${thousands((state.page - 1) * PAGE + shown.length)} of ${thousands(circled.length)}`;
  for (const button of $$("[data-turn]", gallery)) button.disabled = state.page + Number(button.dataset.turn) < 1 || state.page + Number(button.dataset.turn) > pages;
}

/** The classes of the circled images in words, most frequent first. */
function most() {
  const counts = new Map();
  for (const index of circled) counts.set(found.labels[index], (counts.get(found.labels[index]) || 0) + 1);
  const sorted = [...counts].sort((one, other) => other[1] - one[1]);
  const words = sorted.slice(0, 4).map(([cls, count]) => `${classes[cls] ?? "not known"} (${thousands(count)})`).join(", ");
  return sorted.length > 4 ? `${words} and ${sorted.length - 4} more classes` : words;
}

function thumb(index) {
  const sure = found.confidence ? percent(found.confidence[index], found.confidence[index] > 0.995 ? 2 : 0) : "";
  const link = make("a", { href: address(index), className: "fv-thumb", title: said(index) }, make("i"), make("span", { textContent: said(index) }), make("span", { textContent: sure }));
  link.dataset.right = String(right(index) ?? true);
  return link;
}

function play() {
  if (playing) { clearInterval(playing); playing = null; return; }
  if (at() === found.places.length - 1) state.moment = -1;
  playing = setInterval(() => {
    state.moment = (state.moment ?? -1) + 1;
    show();
    if (state.moment >= found.places.length - 1) { clearInterval(playing); playing = null; }
  }, PLAY);
}

part("method").addEventListener("change", () => { state.area = null; load(); });
for (const name of ["colour", "class"]) part(name).addEventListener("change", show);
$("#moment").addEventListener("input", (event) => { state.moment = Number(event.target.value); show(); });
part("play").addEventListener("click", play);
part("clear").addEventListener("click", () => { state.area = null; show(); });
for (const button of $$("[data-turn]", gallery)) button.addEventListener("click", () => { state.page += Number(button.dataset.turn); thumbs(); });
load();

// What was asked for more is shown when it is there.
let seq = Number(box.dataset.seq);
function news({ job, events = [] }) {
  if (job !== box.dataset.job) return;
  for (const event of events.filter((one) => one.seq > seq)) {
    seq = event.seq;
    const phase = part("phase");
    if (event.kind === "progress" && phase) phase.textContent = event.phase || phase.textContent;
    if (event.kind === "status" && ["Done", "Error", "Running"].includes(event.status)) setTimeout(() => location.reload(), 400);
  }
}
on("update", news);
join(`job:${box.dataset.job}`, () => ({ seq, counts: {} }), news);
