// The page of alerts: notifications of this browser are switched on by a click, and only then asked for.
import { $, part } from "./dom.js";
import { disable, enable, possible, wanted } from "./notify.js";

const card = $("#browser-alerts"), words = part("words", card), toggle = part("toggle", card);

function show(refused = false) {
  toggle.hidden = !possible();
  if (!possible()) { words.textContent = "This browser shows no notifications here: it wants https, or the server on this very machine."; return; }
  if (refused || Notification.permission === "denied") words.textContent = "This browser was told not to show notifications of this page; its settings can change that.";
  toggle.hidden = Notification.permission === "denied";
  toggle.textContent = wanted() ? "Switch off" : "Switch on";
  toggle.setAttribute("aria-pressed", String(wanted()));
}

toggle.addEventListener("click", async () => {
  if (wanted()) { disable(); show(); return; }
  show(!(await enable()));
});
show();
