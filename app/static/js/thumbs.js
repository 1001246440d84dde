// A grid of thumbnails cut from one sprite; a click shows the full record in the dialog.
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

document.addEventListener("click", async (event) => {
  const thumb = event.target.closest(".fv-thumb");
  if (!thumb) return;
  const answer = await fetch(thumb.dataset.record).catch(() => null);
  if (!answer?.ok) { toast("This record cannot be shown.", true); return; }
  $("#viewer-body").innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
  $("#viewer").showModal();
});
