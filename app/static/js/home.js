// The home page: live rows, the machine, selecting jobs, aborting and deleting them.
import { $, $$, debounced, deletion, make, part, post, root, setProgress, setStatus, toast, Refusal } from "./dom.js";
import { bytes, duration, percent } from "./words.js";

const refreshTable = (key) => window.htmx.ajax("GET", location.href, { target: `#table-${key}`, swap: "outerHTML" });
const refreshRunning = debounced(() => window.htmx.ajax("GET", `${root}/jobs/running`, { target: "#running", swap: "innerHTML" }), 150);
const refreshTables = debounced(() => { for (const table of $$("[data-table]")) refreshUnlessPicked(table); }, 400);
const LIVE = ["Running", "Waiting", "Initialized"];

/** A table in which somebody is ticking boxes is not pulled away from under the hand. */
function refreshUnlessPicked(table) {
  if (!$("[data-pick]:checked", table)) refreshTable(table.dataset.table);
}

function spark(values) {
  const points = (values || []).filter((value) => Number.isFinite(value));
  if (points.length < 2) return "";
  const low = Math.min(...points), span = Math.max(...points) - low || 1;
  return `M${points.map((value, i) => `${((i * 100) / (points.length - 1)).toFixed(1)},${(22 - (20 * (value - low)) / span).toFixed(1)}`).join("L")}`;
}

function showRow(row, job) {
  setStatus(part("status", row), job.broken ? "Broken" : job.status);
  setProgress(part("progress", row), job.fraction);
  const going = part("going", row);
  if (going) going.hidden = job.status !== "Running";
  const eta = part("eta", row), reason = part("reason", row), line = part("spark", row);
  if (eta) eta.textContent = job.eta !== null && job.status === "Running" ? `about ${duration(job.eta)} left` : "\u00a0";
  if (reason) reason.textContent = job.reason ? ` · ${job.reason}` : "";
  if (line) line.replaceChildren(...(spark(job.summary?.sparkline) ? [path(spark(job.summary.sparkline))] : []));
  const elapsed = part("elapsed", row);
  if (elapsed && job.elapsed !== null) elapsed.textContent = duration(job.elapsed);
}

function path(d) {
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", d);
  return line;
}

function onRows({ rows, removed = [] }) {
  let changed = removed.length > 0;
  for (const job of rows) {
    const shown = $$(`[data-job="${CSS.escape(job.id)}"]`);
    for (const row of shown) showRow(row, job);
    const listed = shown.some((row) => "live" in row.dataset);
    if (listed !== LIVE.includes(job.status)) changed = true;
  }
  if (!changed) return;
  if ($(".fv-hero")) { location.reload(); return; } // the first job of all: the welcome gives way to the lists
  refreshRunning();
  refreshTables();
}

function bar(label, fraction, words) {
  const fill = make("b");
  fill.style.width = `${Math.round((fraction || 0) * 100)}%`;
  return make("div", { className: "fv-bar" }, make("span", { textContent: label }), make("i", {}, fill), make("span", { textContent: words }));
}

const of = ({ memory_used: used, memory_total: total }) => `${(used / 1e9).toFixed(1)} of ${bytes(total)}`;

function device(title, note, bars, more = "") {
  const head = make("div", { className: "fv-device-head" }, make("b", { textContent: title }), make("span", { className: "text-secondary", textContent: note }));
  return make("div", { className: "fv-device" }, head, ...bars, ...(more ? [make("div", { className: "fv-sub", textContent: more })] : []));
}

function showMachine(machine) {
  const devices = (machine.gpus || []).map((gpu) => device(
    `GPU ${gpu.index} · ${gpu.name}`, [gpu.temperature !== null && `${gpu.temperature} °C`, gpu.job ? "in use" : "free"].filter(Boolean).join(" · "),
    [bar("Load", gpu.load, percent(gpu.load, 0)), bar("Memory", gpu.memory_used / gpu.memory_total, of(gpu))],
    gpu.foreign?.length ? `Also used by ${gpu.foreign.map((p) => [p.user, p.name].filter(Boolean).join(": ") || `process ${p.pid}`).join(", ")}` : ""));
  const cpu = machine.cpu || {};
  if (cpu.load !== undefined) {
    devices.push(device(`CPU · ${cpu.count} cores`, machine.gpus?.length ? "" : "No GPU found: jobs run on the CPU",
      [bar("Load", cpu.load, percent(cpu.load, 0)), bar("Memory", cpu.memory_used / cpu.memory_total, of(cpu))]));
  }
  if (machine.stale) devices.push(device("Scheduler", "", [], "No word from the scheduler for a while: jobs wait until it is back."));
  $("#devices").replaceChildren(...devices);
}

function showSelected(section) {
  const picked = $$("[data-pick]:checked", section).length;
  const tools = $(".fv-selected", section);
  tools.hidden = picked === 0;
  $("[data-count]", tools).textContent = picked;
}

async function bulk(section, action) {
  const rows = $$("[data-pick]:checked", section).map((box) => box.closest("tr"));
  const asked = action === "delete" ? await deletion(rows.map((row) => row.dataset.job)) : {};
  if (!asked) return;
  const fields = new URLSearchParams({ action, ...asked });
  for (const row of rows) fields.append("ids", row.dataset.job);
  try {
    const answer = await post(`${root}/jobs/bulk`, fields);
    if (answer.done) toast(`${answer.done} ${action === "delete" ? "deleted" : "being stopped"}.`);
    for (const sentence of answer.refused.slice(0, 3)) toast(sentence, true);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
  }
  for (const box of $$("[data-pick]:checked", section)) box.checked = false;
  await refreshTable($("[data-table]", section).dataset.table);
  showSelected(section);
  refreshRunning();
}

document.addEventListener("change", (event) => {
  const section = event.target.closest("section.card");
  if (!section || !$("[data-table]", section)) return;
  if (event.target.matches("[data-all]")) for (const box of $$("[data-pick]", section)) box.checked = event.target.checked;
  if (event.target.matches("[data-all], [data-pick]")) showSelected(section);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-bulk]");
  if (button) bulk(button.closest("section.card"), button.dataset.bulk);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-compare]");
  if (!button) return;
  const ids = $$("[data-pick]:checked", button.closest("section.card")).map((box) => box.value);
  location.href = `${button.dataset.compare}#runs=${ids.join(",")}`;
});
document.addEventListener("htmx:afterSettle", () => { for (const section of $$("section.card")) if ($(".fv-selected", section)) showSelected(section); });
document.addEventListener("foveal:rows", (event) => onRows(event.detail));
document.addEventListener("foveal:home", (event) => onRows({ rows: event.detail.rows }));
document.addEventListener("foveal:machine", (event) => showMachine(event.detail));
showMachine(JSON.parse($("[data-machine]").dataset.machine));
