// A grid of thumbnails cut from one sprite; a click shows the record in the dialog, in which arrow keys go on to the next.
import { $, $$, toast } from "./dom.js";

export function cut(grid) {
  const { sprite, columns, rows } = grid.dataset;
  $$(".fv-thumb i", grid).forEach((thumb, index) => {
    const column = index % columns, row = Math.floor(index / columns);
    thumb.style.backgroundImage = `url("${sprite}")`;
    thumb.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
    thumb.style.backgroundPosition = `${columns > 1 ? (column * 100) / (columns - 1) : 0}% ${rows > 1 ? (row * 100) / (rows - 1) : 0}%`;
  });
}

let shown = null; // the thumbnail whose record the dialog shows

async function show(thumb) {
  const address = new URL(thumb.href);
  address.searchParams.set("part", "1");
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok) { toast("This record cannot be shown.", true); return; }
  $("#viewer-body").innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
  shown = thumb;
  if (!$("#viewer").open) $("#viewer").showModal();
}

document.addEventListener("click", (event) => {
  const thumb = event.target.closest("a.fv-thumb[href*='/record/']");
  if (!thumb || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return; // a new tab is the page itself
  event.preventDefault();
  show(thumb);
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !$("#viewer").open || !shown?.isConnected) return;
  const all = $$("a.fv-thumb", shown.closest(".fv-thumbs"));
  const next = all[all.indexOf(shown) + step];
  if (next) { event.preventDefault(); show(next); }
});
