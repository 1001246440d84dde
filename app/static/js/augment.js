// The model form's previews: images of the dataset as augmentation changes them, and its classes under sampler and weights.
import { $, Refusal, debounced, make, part, post } from "./dom.js";
import { cutOut, tileSide, unpacked } from "./sheet.js";
import { figure, thousands } from "./words.js";

const form = document.getElementById("model-form");
const PAUSE = 60, IMAGES = 5, DRAWS = 6, MOST_CLASSES = 12;

/** Keeps one card up to date: one request at a time, the latest state of the form last. */
function follow(card, url, fields, show) {
  const state = part("state", card);
  let busy = false, again = false, sent = "";
  const refresh = async (force = false) => {
    const values = fields(), now = new URLSearchParams(values).toString();
    if (!force && now === sent) return;
    if (busy) { again = true; return; }
    [busy, sent] = [true, now];
    const slow = setTimeout(() => { state.textContent = "Drawing …"; }, 500);
    try {
      const found = await post(url, values);
      clearTimeout(slow);
      if (found.error) state.textContent = found.error;
      else { state.textContent = ""; await show(found); }
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      state.textContent = problem.message;
    } finally {
      clearTimeout(slow);
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };
  return refresh;
}

/** The values of a card's own fields, with the dataset, the crop and what else is asked. */
function valuesOf(card, more = {}) {
  const sent = new FormData(form), kept = new FormData();
  for (const input of card.querySelectorAll("[name]")) kept.set(input.name, sent.getAll(input.name).at(-1) ?? "");
  for (const [name, value] of Object.entries({ dataset: form.elements.dataset.value, ...more })) kept.set(name, value);
  return kept;
}

function augmentation(card) {
  const rows = part("rows", card), others = part("others", card), words = part("words", card);
  let draw = 0;
  const look = () => ({
    crop_size: form.elements.crop_size?.value ?? "", "preview-images": IMAGES, "preview-draws": DRAWS, "preview-draw": draw,
    "preview-cell": Math.min(160, Math.round(tileSide(rows) * devicePixelRatio)),
  });
  const show = async (found) => {
    await unpacked(found.sheet);
    const sheet = { url: found.sheet, cell: found.cell, columns: DRAWS + 1, rows: found.rows.length }, tile = tileSide(rows);
    rows.replaceChildren(...found.rows.map((row, down) => make("div", { className: "fv-augmented-row" },
      picture(cutOut(sheet, found.record, 0, down, tile), row.class),
      ...row.cells.map((shares, across) => picture(cutOut(sheet, found.thumb, across + 1, down, tile), ...shares.map((one) => named(one, row.class)))))));
    rows.hidden = others.hidden = words.hidden = false;
  };
  const refresh = follow(card, card.dataset.preview, () => valuesOf(card, look()), show);
  others.addEventListener("click", () => { draw += 1; refresh(); });
  return refresh;
}

/** A class with its share, where it is not simply the image's own. */
const named = (one, own) => (one.share > 0.995 && one.class === own ? "" : `${Math.round(one.share * 100)} % ${one.class}`);

function picture(image, ...lines) {
  const shown = lines.filter(Boolean);
  return make("div", { className: "fv-prep-tile", title: shown.join(", ") }, make("span", {}, image), ...shown.map((line) => make("small", { textContent: line })));
}

function balance(card) {
  const table = part("table", card), body = $("tbody", table);
  const show = ({ classes }) => {
    const sorted = [...classes].sort((a, b) => b.images - a.images);
    const half = Math.floor(MOST_CLASSES / 2), few = sorted.length > MOST_CLASSES;
    const shown = few ? [...sorted.slice(0, half), null, ...sorted.slice(-half)] : sorted;
    const most = Object.fromEntries(["images", "shown", "weight"].map((name) => [name, Math.max(...classes.map((one) => one[name]), 1e-9)]));
    body.replaceChildren(...shown.map((one) => (one ? line(one, most) : gap(sorted.length - 2 * half))));
    table.hidden = false;
  };
  return follow(card, card.dataset.balance, () => valuesOf(card), show);
}

function line(one, most) {
  const cell = (name, text) => make("td", { className: "text-end" }, text, Object.assign(make("i"), { style: `width: ${(100 * one[name]) / most[name]}%` }));
  return make("tr", {}, make("td", { textContent: one.class }), cell("images", thousands(one.images)), cell("shown", thousands(one.shown)), cell("weight", figure(one.weight, 3)));
}

const gap = (count) => make("tr", {}, Object.assign(make("td", { className: "text-secondary", textContent: `… ${thousands(count)} more …` }), { colSpan: 4 }));

if (form) {
  const refreshes = [augmentation(document.getElementById("augmentation")), balance(document.getElementById("balance"))];
  const soon = debounced(() => { for (const refresh of refreshes) refresh(); }, PAUSE);
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  soon();
}
