// The explorer: thumbnails cut from one sprite, the full record in a dialog, arrow keys to turn the page.
import { $, $$, toast } from "./dom.js";

const grid = $(".fv-thumbs");
if (grid) {
  const { sprite, columns, rows } = grid.dataset;
  $$(".fv-thumb i", grid).forEach((thumb, index) => {
    const column = index % columns, row = Math.floor(index / columns);
    thumb.style.backgroundImage = `url("${sprite}")`;
    thumb.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
    thumb.style.backgroundPosition = `${columns > 1 ? (column * 100) / (columns - 1) : 0}% ${rows > 1 ? (row * 100) / (rows - 1) : 0}%`;
  });
  grid.addEventListener("click", async (event) => {
    const thumb = event.target.closest(".fv-thumb");
    if (!thumb) return;
    const answer = await fetch(thumb.dataset.record);
    if (!answer.ok) { toast("This record cannot be shown.", true); return; }
    $("#viewer-body").innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
    $("#viewer").showModal();
  });
}

$("#filter").addEventListener("change", (event) => {
  if (event.target.name === "db") $("#filter").elements.label.disabled = false;
  event.currentTarget.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog[open]") || event.altKey || event.ctrlKey || event.metaKey) return;
  if ($("#viewer").open) return;
  const turn = { ArrowLeft: "-1", ArrowRight: "1" }[event.key];
  const link = turn && $(`[data-turn="${turn}"]`);
  if (link?.href) location.href = link.href;
});
