// Probe images through a training: a slider over its validations, with keys and a play button; live while it trains.
import { $, ask, make, part, svg } from "./dom.js";
import { colour, Matrix, onColour, written } from "./evaluations/matrix.js";
import { figure, percent, thousands } from "./words.js";

const holder = $("#probe"), slider = part("slider"), play = part("play");
const EVERY = 4000; // ms between two looks at a training under way
const FRAME = 450; // ms a validation is shown while playing
const SHOWN = 3; // classes under an image
const cache = new Map(); // step -> promise of that validation
let known = null, cards = [], timer = null;

const fetchOne = (step) => {
  if (!cache.has(step)) {
    cache.set(step, ask(holder.dataset.one.replace(/0\.json$/, `${step}.json`)));
    if (cache.size > 400) cache.delete(cache.keys().next().value);
  }
  return cache.get(step);
};
const address = (step) => holder.dataset.picture.replace(/0\.png$/, `${step}.png`);

/** A cell of a sprite as the background of an element. */
function cut(element, url, index, columns, rows) {
  const column = index % columns, row = Math.floor(index / columns);
  element.style.backgroundImage = `url("${url}")`;
  element.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
  element.style.backgroundPosition = `${columns > 1 ? (column * 100) / (columns - 1) : 0}% ${rows > 1 ? (row * 100) / (rows - 1) : 0}%`;
}

/** Cards are made once; a validation only fills them. */
function build() {
  cards = known.probes.map((probe, index) => {
    const thumb = make(holder.dataset.record ? "a" : "i", { title: `Record ${probe.index}, ${probe.class}` }), maps = make("i");
    if (holder.dataset.record) Object.assign(thumb, { href: holder.dataset.record.replace(/0$/, probe.index), ariaLabel: `Record ${probe.index}, class ${probe.class}` });
    if (known.sprite) cut(thumb, known.sprite.url, index, known.sprite.columns, known.sprite.rows);
    const bars = Array.from({ length: SHOWN }, () => {
      const words = make("span"), share = make("span", { className: "fv-num" }), ink = make("u");
      return { row: make("div", { className: "fv-probe-bar-row" }, ink, words, share), words, share, ink };
    });
    const line = svg("polyline"), mark = svg("line", { y1: 0, y2: 24 });
    const curve = svg("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", role: "img", "aria-label": "Probability of its own class over the training" }, line, mark);
    const card = make("div", { className: "fv-probe" }, make("div", { className: "fv-probe-pair" }, thumb, maps), make("div", { className: "fv-probe-name", textContent: probe.class, title: probe.class }), ...bars.map((bar) => bar.row), curve);
    return { card, maps, bars, line, mark };
  });
  part("probes").replaceChildren(...cards.map(({ card }) => card));
  part("layer").textContent = known.layer ? `Layer ${known.layer}${known.units.length ? `, ${known.units.length} units` : ""}` : "";
}

const placeOf = (index) => (known.validations.length > 1 ? (index / (known.validations.length - 1)) * 100 : 50);

function curves() {
  cards.forEach(({ line }, probe) => {
    line.setAttribute("points", known.validations.map(({ own }, index) => `${placeOf(index).toFixed(2)},${(24 - 24 * (own[probe] ?? 0)).toFixed(2)}`).join(" "));
  });
}

let turn = 0;
async function show() {
  const index = Number(slider.value), at = known.validations[index], mine = (turn += 1);
  if (!at) return;
  part("place").textContent = `epoch ${figure(at.epoch, 4)}, step ${thousands(at.step)}`;
  slider.setAttribute("aria-valuetext", part("place").textContent);
  history.replaceState(null, "", `#step=${at.step}`);
  const found = await fetchOne(at.step).catch(() => null);
  if (!found || mine !== turn) return;
  part("right").textContent = `${at.right} of ${known.probes.length} right`;
  cards.forEach((card, probe) => fill(card, known.probes[probe], found.answers[probe], found, index, probe));
  matrix(found.matrix);
  const next = known.validations[index + 1];
  if (next) fetchOne(next.step).then(() => { new Image().src = address(next.step); }).catch(() => {});
}

function fill({ card, maps, bars, mark }, probe, answers, found, index, number) {
  card.dataset.right = String(answers[0]?.index === probe.label);
  bars.forEach(({ row, words, share, ink }, place) => {
    const answer = answers[place];
    row.hidden = !answer;
    if (!answer) return;
    row.classList.toggle("own", answer.index === probe.label);
    words.textContent = answer.class;
    share.textContent = percent(answer.probability, 0);
    ink.style.width = `${100 * (answer.probability ?? 0)}%`;
  });
  if (found.maps) cut(maps, address(found.step), number, found.maps.columns, found.maps.rows);
  maps.hidden = !found.maps;
  for (const end of ["x1", "x2"]) mark.setAttribute(end, placeOf(index));
}

function matrix(counts) {
  if (!counts) { part("matrix").textContent = "With more than 50 classes no matrix is kept at each validation; evaluate the model to see it."; return; }
  const names = known.classes, model = Matrix.dense(names, counts);
  const head = make("tr", {}, make("th"), ...names.map((name) => make("th", { scope: "col", textContent: name, title: name })), make("th", { textContent: "Accuracy" }));
  const rows = names.map((name, row) => {
    const cells = names.map((other, column) => {
      const count = model.at(row, column), ink = colour(model, row, column, "rows");
      const cell = make("td", { textContent: written(model, row, column, "counts"), title: `${name} taken for ${other}`, className: count ? "" : "ev-zero" });
      if (count) Object.assign(cell.style, { backgroundColor: `rgb(${ink})`, color: onColour(ink) });
      return cell;
    });
    return make("tr", {}, make("th", { scope: "row", textContent: name, title: name }), ...cells, make("td", { className: "ev-total", textContent: percent(model.accuracy(row), 1) }));
  });
  part("matrix").replaceChildren(make("table", { className: `ev-matrix ev-plain${names.length > 12 ? " ev-many" : ""}` }, make("thead", {}, head), make("tbody", {}, ...rows)));
}

// -- moving through time ----------------------------------------------------------------------------------------

function go(index) {
  const last = known.validations.length - 1;
  slider.value = Math.min(Math.max(index, 0), last);
  part("follow").checked = Number(slider.value) === last;
  return show();
}

function playing(on) {
  clearTimeout(timer);
  timer = null;
  const use = $("use", play), name = on ? "player-pause" : "player-play";
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  play.setAttribute("aria-label", on ? "Pause" : "Play");
  if (!on) return;
  if (Number(slider.value) >= known.validations.length - 1) go(0);
  const next = async () => {
    if (Number(slider.value) >= known.validations.length - 1) { playing(false); return; }
    await go(Number(slider.value) + 1);
    if (timer !== null) timer = setTimeout(next, FRAME);
  };
  timer = setTimeout(next, FRAME);
}

slider.addEventListener("input", () => { playing(false); go(Number(slider.value)); });
play.addEventListener("click", () => playing(timer === null));
part("follow").addEventListener("change", () => part("follow").checked && go(known.validations.length - 1));
document.addEventListener("keydown", (event) => {
  if (!known?.validations.length || event.target.closest("input, select, textarea, dialog[open]") || event.altKey || event.ctrlKey || event.metaKey) return;
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (move) { event.preventDefault(); playing(false); go(Number(slider.value) + move); }
  if (event.key === " " && !event.target.closest("button, a")) { event.preventDefault(); playing(timer === null); }
  if (event.key === "Home" || event.key === "End") { event.preventDefault(); playing(false); go(event.key === "Home" ? 0 : known.validations.length - 1); }
});
document.addEventListener("foveal:theme", () => known?.validations.length && show());

async function load() {
  const found = await ask(holder.dataset.overview).catch(() => null);
  if (!found) return;
  const fresh = !known || known.probes.length !== found.probes.length, before = known?.validations.length || 0;
  const cutBack = known?.validations.some(({ step }, index) => found.validations[index]?.step !== step);
  if (cutBack) cache.clear(); // it went on from an earlier step: what came after comes again
  known = found;
  const any = known.validations.length > 0;
  part("none").hidden = any;
  part("some").hidden = !any;
  if (!any) return;
  if (fresh) build();
  slider.max = known.validations.length - 1;
  if (fresh || cutBack || known.validations.length !== before) {
    curves();
    const asked = Number(new URLSearchParams(location.hash.slice(1)).get("step"));
    const place = fresh && asked ? known.validations.findIndex(({ step }) => step === asked) : -1;
    if (place >= 0) await go(place);
    else if (part("follow").checked) await go(known.validations.length - 1);
    else await show();
  }
}

await load();
if (!["Done", "Error", "Aborted"].includes(holder.dataset.status)) {
  part("following").hidden = false;
  setInterval(() => document.hidden || load(), EVERY);
}
