// The explorer: pages turn without loading anew (the next one is fetched ahead), and images are chosen for what is to be done.
import { $, $$, make, part } from "./dom.js";
import { askToLeaveOut } from "./leave_out.js";
import { cut } from "./thumbs.js";
import { thousands } from "./words.js";

const explorer = $("#explorer"), view = $("#view"), filter = $("#filter");
const ahead = new Map(); // address -> promise of its page
const key = () => `foveal:picked:${explorer.dataset.dataset}:${$("#page").dataset.split}`;
let picked = new Set();
let last = null; // the box ticked last: with Shift all between are

// -- turning pages ----------------------------------------------------------------------------------------------

function fetchPage(address) {
  if (!ahead.has(address)) {
    const url = new URL(address, location.href);
    url.searchParams.set("part", "1");
    ahead.set(address, fetch(url).then((answer) => (answer.ok ? answer.text() : null)).catch(() => null));
    if (ahead.size > 12) ahead.delete(ahead.keys().next().value);
  }
  return ahead.get(address);
}

async function go(address, push = true) {
  view.setAttribute("aria-busy", "true");
  const text = await fetchPage(address);
  view.removeAttribute("aria-busy");
  if (text === null) { location.href = address; return; } // the page itself says what is wrong
  if (push) history.pushState(null, "", address);
  view.innerHTML = text; // our own page part; values in it are escaped by the server
  ready();
}

function ready() {
  for (const grid of $$(".fv-thumbs", view)) cut(grid);
  picked = new Set(JSON.parse(sessionStorage.getItem(key()) || "[]"));
  for (const box of $$(".fv-pick", view)) box.checked = picked.has(Number(box.value));
  last = null;
  showPicked();
  const next = $('[data-turn="1"]', view);
  if (next?.href) (window.requestIdleCallback || setTimeout)(() => fetchPage(next.href).then(prefetchSprite));
}

function prefetchSprite(text) {
  const found = text?.match(/data-sprite="([^"]+)"/);
  if (found) new Image().src = make("textarea", { innerHTML: found[1] }).value;
}

view.addEventListener("click", (event) => {
  const link = event.target.closest(".pagination a[href], .fv-selection a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href);
});
window.addEventListener("popstate", () => location.reload()); // the filter above must agree with the page
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog[open]") || event.altKey || event.ctrlKey || event.metaKey) return;
  if ($("#viewer").open) return;
  const turn = { ArrowLeft: "-1", ArrowRight: "1" }[event.key];
  const link = turn && $(`[data-turn="${turn}"]`);
  if (link?.href) go(link.href);
});
view.addEventListener("change", (event) => {
  if (!event.target.matches("[data-goto]")) return;
  const page = Math.min(Math.max(1, Math.round(event.target.value) || 1), Number(event.target.max));
  go(event.target.dataset.goto.replace("PAGE", page));
});
filter.addEventListener("change", (event) => {
  if (event.target.type !== "search") submit();
});
filter.addEventListener("submit", (event) => { event.preventDefault(); submit(); });

function submit() {
  const fields = [...new FormData(filter)].filter(([, value]) => value !== "");
  location.href = `${filter.action}?${new URLSearchParams(fields)}`;
}

// -- choosing ---------------------------------------------------------------------------------------------------

view.addEventListener("click", (event) => {
  const box = event.target.closest(".fv-pick");
  if (box) pick(box, event.shiftKey);
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act) ({ clear, download, "leave-out": leaveOut })[act]();
});

function pick(box, through) {
  const boxes = $$(".fv-pick", view), here = boxes.indexOf(box), from = through && last !== null ? last : here;
  for (const each of boxes.slice(Math.min(from, here), Math.max(from, here) + 1)) {
    each.checked = box.checked;
    picked[box.checked ? "add" : "delete"](Number(each.value));
  }
  last = here;
  sessionStorage.setItem(key(), JSON.stringify([...picked]));
  showPicked();
}

function clear() {
  sessionStorage.removeItem(key());
  picked.clear();
  for (const box of $$(".fv-pick", view)) box.checked = false;
  showPicked();
}

function showPicked() {
  part("picked", view).hidden = $('[data-act="clear"]', view).hidden = !picked.size;
  part("picked", view).textContent = `${thousands(picked.size)} chosen`;
  part("what", view).textContent = picked.size ? "Download chosen" : "Download all";
  view.classList.toggle("fv-picking", picked.size > 0);
}

/** The fields that mean what is chosen, or the whole view where nothing is. */
function meant() {
  const asked = new URLSearchParams($("#page").dataset.view.split("?")[1]);
  const fields = picked.size ? [["at", [...picked].join("-")]] : [...asked].filter(([name]) => !["job_id", "db"].includes(name));
  return [["split", $("#page").dataset.split], ...fields];
}

function download() {
  const { split } = $("#page").dataset;
  const form = make("form", { method: "post", action: explorer.dataset.download.replace("SPLIT", split), hidden: true });
  const asked = new URL($("#page").dataset.view, location.href).searchParams;
  if (!picked.size) form.action += `?${asked}`;
  form.append(...meant().map(([name, value]) => make("input", { type: "hidden", name, value })));
  document.body.append(form);
  form.submit();
  form.remove();
}

function leaveOut() {
  const count = picked.size || Number($("#page").dataset.total);
  askToLeaveOut(`${thousands(count)} image${count === 1 ? " is" : "s are"} left out.`, meant());
}

ready();
