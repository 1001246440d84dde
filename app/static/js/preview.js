// The dataset form's preview: the visitor's own images in every resize mode, drawn anew with every keystroke.
import { $, $$, Refusal, ask, debounced, make, part } from "./dom.js";
import { cutOut, tileSide, unpacked } from "./sheet.js";
import { bytes, thousands } from "./words.js";

const card = document.getElementById("preview"), form = card.closest("form");
const rows = part("rows", card), state = part("state", card), others = part("others", card);
const COUNT = 6, PAUSE = 20, LOOK_AGAIN = 600;
let draw = 0, busy = false, again = false, source = "", stop = new AbortController();

const SOURCE = [...form.elements].filter((item) => item.closest('[aria-label="Source"]')).map((item) => item.name).filter(Boolean);
const sourceNow = () => SOURCE.map((name) => form.elements[name].value).join("\n");

const cell = () => Math.min(160, Math.round(tileSide(rows) * devicePixelRatio));

function fields(more = {}) {
  const sent = new FormData(form);
  for (const name of ["fill", "jpeg_quality"]) sent.set(name, form.elements[name].value); // also where they are hidden
  const look = { "preview-draw": draw, "preview-count": COUNT, "preview-cell": cell(), ...more };
  for (const [name, value] of Object.entries(look)) sent.set(name, value);
  return sent;
}

/** One request at a time; what changed meanwhile is asked for afterwards. Another source ends the one under way. */
async function refresh() {
  if (!form.elements.folder.value.trim()) return clear("Choose a folder, and some of its images appear here.");
  if (sourceNow() !== source) {
    stop.abort();
    source = sourceNow();
    draw = 0;
  } else if (busy) {
    again = true;
    return;
  }
  const mine = (stop = new AbortController());
  busy = true;
  rows.setAttribute("aria-busy", "true");
  try {
    await show(await ask(card.dataset.preview, { method: "POST", body: fields(), signal: mine.signal }), mine);
  } catch (problem) {
    if (mine === stop) complain(problem);
  } finally {
    if (mine === stop) {
      busy = false;
      rows.removeAttribute("aria-busy");
      if (again) { again = false; refresh(); }
    }
  }
}

function clear(text) {
  stop.abort();
  [busy, again, source] = [false, false, ""];
  state.textContent = text;
  rows.hidden = others.hidden = true;
}

function complain(problem) {
  if (!(problem instanceof Refusal)) throw problem;
  state.textContent = problem.message;
}

async function show(found, mine) {
  if (found.error) {
    const label = $(`[data-field="${found.field}"] .form-label`, form);
    state.textContent = label ? `${label.textContent}: ${found.error}` : found.error;
    return;
  }
  if (found.note) {
    state.textContent = found.note;
    rows.hidden = others.hidden = true;
    return;
  }
  if (!found.ready) {
    state.textContent = `Looking through the folder: ${thousands(found.seen)} images so far …`;
    setTimeout(() => { if (mine === stop) refresh(); }, LOOK_AGAIN);
    return;
  }
  await unpacked(found.sheet);
  if (mine !== stop) return;
  state.textContent = found.pictures.length ? `${thousands(found.images)} images` : "No image was found.";
  rows.hidden = !found.pictures.length;
  others.hidden = found.images <= found.pictures.length;
  const sheet = { url: found.sheet, cell: found.cell, columns: found.pictures.length, rows: found.modes.length + 1 };
  const tile = tileSide(rows);
  $('[data-row="originals"]', rows).replaceChildren(...found.pictures.map((one, column) => original(one, sheet, column, tile)));
  found.modes.forEach((mode, index) => showMode(mode, index + 1, found, sheet, tile));
}

function original(one, sheet, column, tile) {
  const inside = one.error ? one.error : cutOut(sheet, one.thumb, column, 0, tile);
  return make("div", { className: "fv-prep-tile", title: `${one.path}${one.error ? `: ${one.error}` : ""}` },
    make("span", {}, inside), make("small", { textContent: one.class || "\u00a0" }),
    make("small", { textContent: one.error ? "cannot be read" : `${one.width}×${one.height}` }), make("small", { textContent: one.error ? "" : bytes(one.bytes) }));
}

function showMode(mode, row, found, sheet, tile) {
  const line = $(`[data-mode="${mode.name}"]`, rows);
  const chosen = mode.name === form.elements.resize_mode.value;
  line.toggleAttribute("data-chosen", chosen);
  $(".fv-prep-head", line).setAttribute("aria-pressed", String(chosen));
  const nothing = mode.records.every((record) => !record.bytes);
  for (const small of $$("[data-encoding]", line)) {
    small.toggleAttribute("data-chosen", small.dataset.encoding === found.encoding);
    $("[data-size]", small).textContent = nothing ? "–" : bytes(mode.database[small.dataset.encoding]);
  }
  $("[data-row]", line).replaceChildren(...mode.records.map((record, column) => {
    if (!record.bytes) {
      return make("div", { className: "fv-prep-tile", title: record.error || "" }, make("span", { textContent: record.error ? "left out" : "–" }));
    }
    const words = `${mode.title}, ${found.pictures[column].class}: ${bytes(record.bytes[found.encoding])}`;
    const button = make("button", { type: "button", className: "fv-prep-tile", title: words, onclick: () => enlarge(mode.name, column, words) },
      make("span", {}, cutOut(sheet, found.thumb, column, row, tile)), make("small", { textContent: bytes(record.bytes[found.encoding]) }));
    button.setAttribute("aria-label", `${words}. Show in full`);
    return button;
  }));
}

/** The record in full, as it would be stored. */
async function enlarge(mode, number, words) {
  const answer = await fetch(card.dataset.picture, { method: "POST", body: fields({ resize_mode: mode, "preview-picture": number }) });
  if (!answer.ok) { state.textContent = "This image cannot be shown."; return; }
  const url = URL.createObjectURL(await answer.blob()), viewer = document.getElementById("viewer");
  const image = make("img", { src: url, alt: words, onload: () => URL.revokeObjectURL(url) });
  $("#viewer-body").replaceChildren(make("div", { className: "fv-prep-full" }, image, make("div", { className: "fv-sub", textContent: words })));
  viewer.showModal();
}

function choose(mode) {
  form.elements.resize_mode.value = mode;
  form.elements.resize_mode.dispatchEvent(new Event("change", { bubbles: true }));
}

const soon = debounced(refresh, PAUSE);
form.addEventListener("input", soon);
form.addEventListener("change", soon);
new MutationObserver(soon).observe(document.getElementById("understood"), { childList: true });
others.addEventListener("click", () => { draw += 1; soon(); });
for (const head of $$("button.fv-prep-head", rows)) head.addEventListener("click", () => choose(head.parentElement.dataset.mode));
document.getElementById("viewer").addEventListener("click", (event) => { if (event.target.id === "viewer") event.target.close(); });
refresh();
