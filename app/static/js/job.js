// What the pages of datasets and models share: following a job's news, its head, its log, and what may be done with it.
import { $, confirmed, deletion, make, pageData, part, post, setProgress, setStatus, toast, Refusal } from "./dom.js";
import { join, on } from "./socket.js";
import { clock, duration, percent, thousands } from "./words.js";

export const holder = document.getElementById("job");
export const job = pageData("job-data");
const LIVE = ["Running", "Waiting", "Initialized"];
const listeners = {};
let seq = job.seq;

/** Call ``work(event)`` for each event of a kind ("status", "metrics", "checkpoint", "artifact" ...). */
export const onEvent = (kind, work) => { (listeners[kind] ||= []).push(work); };

/** Follow the job; ``counts()`` says how many points of each curve the page has, ``onSeries(series)`` takes new ones. */
export function follow(counts = () => ({}), onSeries = () => {}) {
  const take = (news) => {
    if (news.error) { toast(news.error, true); return; }
    if (news.job !== job.id) return;
    for (const event of news.events) {
      if (event.seq <= seq) continue;
      seq = event.seq;
      for (const work of listeners[event.kind] || []) work(event);
    }
    seq = Math.max(seq, news.seq);
    onSeries(news.series);
  };
  on("update", take);
  on("gone", (news) => news.job === job.id && toast("This job is gone or no longer yours to see.", true));
  join(`job:${job.id}`, () => ({ seq, counts: counts() }), take);
}

// -- the head ---------------------------------------------------------------------------------------------------

function showProgress(progress) {
  const fraction = Math.min(progress.fraction || 0, 0.999);
  setProgress(part("progress"), fraction);
  part("percent").textContent = percent(fraction);
  if (progress.phase !== undefined) part("phase").textContent = progress.phase;
  part("rate").textContent = progress.rate ? `${thousands(progress.rate)} ${progress.unit || ""}/s` : "";
  part("eta").textContent = progress.eta !== undefined && progress.eta !== null ? `about ${duration(progress.eta)} left` : "";
}

function showStatus(event) {
  job.status = event.status;
  setStatus(part("status"), event.status);
  const live = LIVE.includes(event.status);
  part("going").hidden = !live;
  const abort = $('[data-do="abort"]');
  if (abort) abort.hidden = !live;
  part("error").hidden = !event.error;
  part("error-text").textContent = event.error || "";
  part("error-hint").textContent = event.hint || "";
  if (event.status === "Waiting") { part("phase").textContent = event.reason || "Waiting"; part("rate").textContent = part("eta").textContent = ""; }
  part("history").append(make("dt", { textContent: clock(event.time) }), make("dd", { textContent: event.status }));
  setTimeout(readLog, 600);
}

onEvent("progress", showProgress);
onEvent("status", showStatus);
onEvent("note", (event) => part("messages").append(make("p", { className: "mb-1", textContent: event.text })));
if (job.progress?.fraction !== undefined && LIVE.includes(job.status)) showProgress(job.progress);

// -- the log ----------------------------------------------------------------------------------------------------

async function readLog() {
  const pre = part("log");
  const answer = await fetch(pre.dataset.url).catch(() => null); // the connection's own notice says so
  if (!answer?.ok) return;
  const text = await answer.text();
  if (text === pre.textContent || !text) return;
  const atEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 20;
  pre.textContent = text;
  if (atEnd) pre.scrollTop = pre.scrollHeight;
}
part("log").scrollTop = part("log").scrollHeight;
setInterval(() => { if (!document.hidden && LIVE.includes(job.status)) readLog(); }, 3000);

// -- actions ----------------------------------------------------------------------------------------------------

async function act(button) {
  if (button.dataset.do === "edit") return $("#edit").showModal();
  const fields = button.dataset.do === "delete" ? await deletion([job.id]) : (await confirmed("Abort this job?", "What was saved so far stays.", "Abort")) ? {} : null;
  if (!fields) return undefined;
  try {
    const answer = await post(button.dataset.url, fields);
    if (answer.next) location.href = answer.next; else toast(answer.said);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
  }
  return undefined;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) act(button);
});

$("#edit-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const saved = await post(form.action, new FormData(form));
    part("name").textContent = saved.name;
    document.title = `${saved.name} · Foveal`;
    part("notes").textContent = form.elements.notes.value;
    $("#edit").close();
    toast("Saved.");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    part("edit-error").textContent = error.message;
  }
});

