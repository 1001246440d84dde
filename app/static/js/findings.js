// The findings of the doctor: thumbnails, the dialog for a new version, and the page once an analysis under way is done.
import { $$ } from "./dom.js";
import { watchAnalysis } from "./analysis.js";
import { askToLeaveOut } from "./leave_out.js";
import { cut } from "./thumbs.js";

for (const grid of $$(".fv-thumbs")) cut(grid);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-leave-out]");
  if (button) askToLeaveOut(button.dataset.words, [["leave", button.dataset.leaveOut]]);
});
watchAnalysis();
