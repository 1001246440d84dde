// The explorer: thumbnails cut from one sprite, the full record in a dialog, arrow keys to turn the page.
import { $, $$ } from "./dom.js";
import { cut } from "./thumbs.js";

for (const grid of $$(".fv-thumbs")) cut(grid);

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
