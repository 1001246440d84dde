// The page that compares runs: its address is its state; runs and curves come from the server, the plot and the table show them.
import { $, $$, debounced, part, toast, Refusal } from "../dom.js";
import { adding } from "./adding.js";
import { better, columns, csv, isShare, sorted } from "./columns.js";
import { askCurves, askRuns } from "./data.js";
import { filter, said } from "./filter.js";
import { groupsOf, picture } from "./picture.js";
import { Plot } from "./plot.js";
import { place } from "./scale.js";
import { keep, read } from "./state.js";
import { Table } from "./table.js";

const OFTEN = 150; // ms between two pictures while curves come
const EVERY = 5000; // ms between two looks at runs that go on
const USUAL = ["val/accuracy", "val/loss", "train/loss"];
const FEW = 20; // runs on the page of nobody's choice: the newest
const LIVE = ["Running", "Waiting", "Initialized"];
const holder = $("#compare");
const state = read(location);
let known = { runs: [], options: [], curves: {}, common: {}, missing: [] };
const curves = new Map();

const plot = new Plot(part("plot"), {
  hover: tell, pick: (id) => pin(id),
  zoom: (range) => { state.zoom = range; changed(); loadCurves(); },
});
const table = new Table(part("table"), {
  sort: (key) => { state.sort = state.sort === key ? `-${key}` : state.sort === `-${key}` ? "" : key; changed(); },
  pin, hide: (id) => { toggle(state.hide, id); changed(); },
  colour: (id, ink) => { state.colours[id] = ink; changed(); },
  over: (id) => plot.mark(id),
});

function toggle(list, id) {
  const at = list.indexOf(id);
  if (at < 0) list.push(id); else list.splice(at, 1);
}

function pin(id) {
  if (!known.runs.some((run) => run.id === id)) return; // the mean of a group
  toggle(state.pin, id);
  changed();
}

// -- what is shown ----------------------------------------------------------------------------------------------

/** The state has changed: remember it in the address and show it. */
function changed() {
  keep(state);
  show();
}

const show = () => { show.waiting ||= requestAnimationFrame(() => { show.waiting = 0; draw(); }); };
/** While curves come part by part: the plot alone, a few times a second. */
const showSome = () => { showSome.waiting ||= setTimeout(() => { showSome.waiting = 0; draw(false); }, OFTEN); };

function draw(whole = true) {
  const meant = filter(state.q), found = known.runs.filter(meant), hidden = new Set(state.hide);
  const groups = groupsOf(known.runs, state.by), now = picture(found.filter((run) => !hidden.has(run.id)), curves, groups, state, known.runs);
  const share = isShare(state.curve), label = `${state.curve} of ${now.lines.length} ${state.mean && state.by ? "groups" : "runs"} over the ${state.x}`;
  plot.show(now.lines, now.bands, { axis: state.x, log: state.y === "log", clip: state.clip, zoom: state.zoom, share, label });
  if (!whole) return;
  const all = columns(known.options, state.curve, curves);
  const order = sorted(found, all, state.sort), pinned = new Set(state.pin);
  table.show([...order.filter((run) => pinned.has(run.id)), ...order.filter((run) => !pinned.has(run.id))], all, state.sort, (run) => ({ ink: now.ink(run), pinned: pinned.has(run.id), hidden: hidden.has(run.id) }));
  words(found, now);
  legend(found, groups, hidden);
  controls();
}

function words(found, now) {
  const many = known.runs.length;
  part("count").textContent = many ? `${many} ${many === 1 ? "run" : "runs"}${state.runs.length || following() ? "" : ", the newest"}${following() ? `, ${following()}` : ""}` : "Nothing to compare yet: add runs.";
  part("shown").textContent = found.length === many ? "" : `${found.length} of ${many} match`;
  $("#keep").hidden = !(found.length < many || state.hide.length);
  const notes = [];
  if (now.without.length && many) notes.push(`${now.without.length === found.length ? "None" : `${now.without.length}`} of them ${now.without.length === 1 ? "has" : "have"} ${now.why}.`.replace("None of them have no", "None of them has a"));
  if (known.missing.length) notes.push(`${known.missing.length} of the address's runs are gone, or not yours to see.`);
  part("note").textContent = notes.join(" ") || "Drag to look closer, double-click for all; click a line to pin it.";
}

const following = () => [["group", "group"], ["tag", "tagged"], ["dataset", "trained on"], ["text", "matching"]].filter(([key]) => state[key] && !state.runs.length).map(([key, word]) => `${word} ${state[key]}`).join(", ");

/** One button for each group: its colour, how many runs, the best value; a click hides or shows its runs. */
function legend(found, groups, hidden) {
  const box = part("groups"), direction = better(state.curve);
  box.hidden = !state.by;
  if (!state.by) return;
  box.replaceChildren(...[...groups.values].map(([value, ink]) => {
    const runs = found.filter((run) => groups.of(run) === value), shown = runs.some((run) => !hidden.has(run.id));
    const best = runs.map((run) => (direction > 0 ? run.curves[state.curve]?.max : run.curves[state.curve]?.min)).filter((number) => Number.isFinite(number));
    const button = document.createElement("button"), dot = document.createElement("i"), bold = document.createElement("b");
    Object.assign(button, { type: "button", className: "fv-legend", title: "Show or hide these runs" });
    button.setAttribute("aria-pressed", String(shown));
    dot.className = "fv-ink";
    dot.style.background = ink;
    const mean = best.reduce((sum, number) => sum + number, 0) / best.length;
    bold.textContent = direction && best.length ? `best ${plot.said(direction > 0 ? Math.max(...best) : Math.min(...best), 4)}${best.length > 1 ? `, mean ${plot.said(mean, 4)}` : ""}` : "";
    button.append(dot, `${said(value) || "none"} · ${runs.length}`, bold);
    button.addEventListener("click", () => {
      const ids = new Set(runs.map((run) => run.id));
      state.hide = shown ? [...new Set([...state.hide, ...ids])] : state.hide.filter((id) => !ids.has(id));
      changed();
    });
    return button;
  }));
}

function tell(line, index, x, y) {
  const tip = part("tip");
  tip.hidden = !line;
  if (!line) return;
  const facts = [[state.curve, plot.said(line.y[index], 4)], [state.x, place(line.x[index], state.x)]];
  const run = known.runs.find((item) => item.id === line.id);
  for (const { name, title } of run ? known.options.slice(0, 8) : []) if (run.options[name] !== null) facts.push([title, said(run.options[name])]);
  const list = document.createElement("dl"), name = document.createElement("b");
  name.textContent = line.name;
  for (const [word, value] of facts) for (const [tag, text] of [["dt", word], ["dd", value]]) list.append(Object.assign(document.createElement(tag), { textContent: text }));
  tip.replaceChildren(name, list);
  const box = part("plot").getBoundingClientRect(), left = box.left + x + 18;
  tip.style.left = `${left + tip.offsetWidth > innerWidth - 8 ? Math.max(4, box.left + x - tip.offsetWidth - 18) : left}px`;
  tip.style.top = `${Math.max(4, Math.min(box.top + y + 12, innerHeight - tip.offsetHeight - 8))}px`;
}

// -- data -------------------------------------------------------------------------------------------------------

let turn = 0;
async function loadRuns() {
  const choice = state.runs.length ? { ids: state.runs } : { group: state.group, tag: state.tag, dataset: state.dataset, text: state.text, limit: following() ? Number(holder.dataset.most) : FEW };
  known = await ask(() => askRuns(holder.dataset.runs, choice)) || known;
  const names = Object.keys(known.curves);
  if (!state.curve && names.length) state.curve = USUAL.find((name) => names.includes(name)) || names[0];
  choices();
  if (state.runs.length) keep(state);
  show();
}

/** The chosen curve of all runs, or of those named. */
async function loadCurves(ids = known.runs.filter((run) => run.curves[state.curve]).map((run) => run.id), whole = true) {
  const mine = whole ? (turn += 1) : turn;
  let fresh = whole;
  const view = { curve: state.curve, axis: state.x, first: state.zoom?.[0], last: state.zoom?.[1], smooth: state.smooth };
  await ask(() => askCurves(holder.dataset.curves, ids, view, (found) => {
    if (fresh) curves.clear();
    fresh = false;
    for (const [id, curve] of found) curves.set(id, curve);
    showSome();
  }, () => mine === turn));
  if (mine !== turn) return;
  if (fresh) curves.clear();
  show();
}

async function ask(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
    return null;
  }
}

setInterval(async () => {
  const live = known.runs.filter((run) => LIVE.includes(run.status));
  if (document.hidden || !live.length) return;
  await loadRuns();
  const going = new Set(live.map((run) => run.id));
  loadCurves(known.runs.filter((run) => going.has(run.id) && run.curves[state.curve]).map((run) => run.id), false);
}, EVERY);

// -- controls ---------------------------------------------------------------------------------------------------

function fill(select, items, chosen) {
  const words = JSON.stringify([items, chosen]);
  if (select.dataset.has === words) return;
  select.dataset.has = words;
  select.replaceChildren(...items.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

/** What there is to choose from. */
function choices() {
  const names = Object.keys(known.curves).sort(), all = known.runs.length;
  if (state.curve && !names.includes(state.curve)) names.unshift(state.curve);
  fill($("#curve"), names.map((name) => [name, known.curves[name] === all ? name : `${name} (${known.curves[name] || 0})`]), state.curve);
  fill($("#by"), [["", "nothing"], ["group", "Group"], ["tag", "Tags"], ...known.options.map(({ name, title }) => [`option ${name}`, title])], state.by);
  part("common").replaceChildren(...Object.entries(known.common).filter(([, value]) => value !== null && value !== "").map(([name, value]) => {
    const box = document.createElement("div");
    box.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: said(value) }));
    return box;
  }));
}

function controls() {
  for (const key of ["x", "y"]) {
    for (const button of $$(`[data-${key}]`, $("#compare-controls"))) {
      const on = button.dataset[key] === state[key];
      button.classList.toggle("active", on);
      button.setAttribute("aria-pressed", String(on));
    }
  }
  $("#clip").checked = state.clip;
  $("#mean").checked = state.mean;
  $("#mean").disabled = !state.by;
  $("#smooth").value = state.smooth;
  $("#smooth-value").textContent = state.smooth ? state.smooth.toFixed(2) : "off";
  $("#whole").hidden = !state.zoom;
  if (document.activeElement !== $("#filter")) $("#filter").value = state.q;
}

$("#compare-controls").addEventListener("click", (event) => {
  const { x, y } = event.target.closest("button")?.dataset || {};
  if (x && x !== state.x) { const zoomed = state.zoom; state.x = x; state.zoom = null; changed(); if (zoomed) loadCurves(); }
  if (y) { state.y = y; changed(); }
});
$("#whole").addEventListener("click", () => { state.zoom = null; changed(); loadCurves(); });
$("#curve").addEventListener("change", (event) => { state.curve = event.target.value; state.zoom = null; changed(); loadCurves(); });
$("#by").addEventListener("change", (event) => { state.by = event.target.value; changed(); });
for (const name of ["clip", "mean"]) $(`#${name}`).addEventListener("change", (event) => { state[name] = event.target.checked; changed(); });
const again = debounced(() => loadCurves(), 250);
$("#smooth").addEventListener("input", (event) => { state.smooth = Number(event.target.value); changed(); again(); });
$("#filter").addEventListener("input", debounced((event) => { state.q = event.target.value.trim(); changed(); }, 120));
$("#keep").addEventListener("click", () => {
  const meant = filter(state.q), hidden = new Set(state.hide);
  choose(known.runs.filter((run) => meant(run) && !hidden.has(run.id)).map((run) => run.id));
  Object.assign(state, { q: "", hide: [] });
  $("#filter").value = "";
  changed();
});

/** Compare these runs from now on. */
async function choose(ids, more = {}) {
  Object.assign(state, { runs: ids, group: "", tag: "", dataset: "", text: "", ...more });
  keep(state);
  await loadRuns();
  await loadCurves();
}

$("#copy-link").addEventListener("click", async () => {
  if (!state.runs.length && !following()) { state.runs = known.runs.map((run) => run.id); keep(state); }
  await navigator.clipboard.writeText(location.href).then(() => toast("The link is copied."), () => toast("Copy the address of this page: it restores this comparison."));
});
document.addEventListener("click", async (event) => {
  const kind = event.target.closest("[data-export]")?.dataset.export;
  if (!kind) return;
  const found = sorted(known.runs.filter(filter(state.q)), columns(known.options, state.curve, curves), state.sort);
  const content = kind === "png" ? await plot.picture() : new Blob([csv(found, columns(known.options, state.curve, curves))], { type: "text/csv" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(content), download: `comparison.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
window.addEventListener("hashchange", () => location.reload());
document.addEventListener("foveal:theme", show);

adding(holder, () => known.runs.map((run) => run.id), choose);
await loadRuns();
await loadCurves();
