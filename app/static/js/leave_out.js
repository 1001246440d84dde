// The dialog in which a new version without some images is ordered; the form's fields say which.
import { make, part } from "./dom.js";

/** Show the dialog; ``fields`` are [name, value] of what is left out, ``words`` a sentence about it. */
export function askToLeaveOut(words, fields) {
  part("leave-out-words").textContent = words;
  part("leave-out-fields").replaceChildren(...fields.map(([name, value]) => make("input", { type: "hidden", name, value })));
  document.getElementById("leave-out").showModal();
}
