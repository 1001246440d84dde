// Notifications of this browser: one of the visitor's jobs has ended while a page is open, here or in another tab.
import { root } from "./dom.js";

const KEY = "foveal-notify", ENDS = { Done: "is done", Error: "has failed" };
const me = document.body.dataset.user;
const before = new Map(); // job -> status as last heard

export const possible = () => "Notification" in window && window.isSecureContext;
export const wanted = () => possible() && localStorage.getItem(KEY) === "on" && Notification.permission === "granted";

/** Ask for the permission; only a click may do that. True where it is given. */
export async function enable() {
  const given = (await Notification.requestPermission()) === "granted";
  localStorage.setItem(KEY, given ? "on" : "off");
  return given;
}
export const disable = () => localStorage.setItem(KEY, "off");

function hear(rows, first = false) {
  for (const row of rows) {
    const was = before.get(row.id);
    before.set(row.id, row.status);
    if (first || was === undefined || was === row.status || !ENDS[row.status] || row.owner !== me || !wanted()) continue;
    const told = new Notification(`${row.name} ${ENDS[row.status]}`, { body: row.error || "", tag: `foveal-${row.id}-${row.finished}` }); // the tag: several tabs show it once
    told.addEventListener("click", () => { window.focus(); location.href = `${root}/${row.type}s/${row.id}`; });
  }
}

document.addEventListener("foveal:home", ({ detail }) => hear(detail.rows, before.size === 0));
document.addEventListener("foveal:rows", ({ detail }) => hear(detail.rows));
