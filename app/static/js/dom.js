// Small helpers for pages: finding elements, making them, asking the server, telling the visitor.
export const root = document.body.dataset.root || "";
export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
export const part = (name, within = document) => within.querySelector(`[data-part="${name}"]`);

/** An element with properties and children; text is never read as HTML. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** An SVG element; attributes and children that are null or undefined are left out, text is never read as markup. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The page's own data, which the server wrote as JSON into a script element. */
export const pageData = (id) => JSON.parse(document.getElementById(id).textContent);

/** A refusal of the server, as the sentence it answered with. */
export class Refusal extends Error {
  constructor(problem, status) {
    super([problem.errors?.[0]?.message || problem.detail || problem.title || "The server refused.", problem.hint].filter(Boolean).join(" "));
    this.problem = problem;
    this.status = status;
  }
}

/** Ask the server; the answer's JSON, or a Refusal with its sentence. */
export async function ask(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch {
    throw new Refusal({ detail: "The server cannot be reached. Is it running?" }, 0);
  }
  const json = (answer.headers.get("Content-Type") || "").includes("json");
  const said = json ? await answer.json() : { detail: `The server answered ${answer.status}.` };
  if (!answer.ok || !json) throw new Refusal(said, answer.status);
  return said;
}

export const post = (url, fields = {}) => ask(url, { method: "POST", body: fields instanceof FormData ? fields : new URLSearchParams(fields) });

/** A short message in the corner; a bad one stays longer. */
export function toast(text, bad = false) {
  const box = make("div", { className: `fv-toast${bad ? " bad" : ""}`, textContent: text, role: bad ? "alert" : "status" });
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), bad ? 9000 : 4000);
}

/** Ask "really?" in a dialog; true where the visitor says so. */
export function confirmed(title, text, yes = "Delete") {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-title").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  document.getElementById("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Ask whether jobs and what was made of them are to be deleted: fields for the request, or null where they are not. */
export async function deletion(ids) {
  try {
    const { title, text, along } = await ask(`${root}/jobs/ask/deletion?${new URLSearchParams(ids.map((id) => ["ids", id]))}`);
    return (await confirmed(title, text)) ? (Object.keys(along).length ? { along: "1" } : {}) : null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
    return null;
  }
}

/** Call ``work`` once after calls have stopped for ``wait`` ms. */
export function debounced(work, wait) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), wait);
  };
}

export function setProgress(element, fraction) {
  if (!element) return;
  const percent = Math.min(100, Math.max(0, fraction * 100));
  element.setAttribute("aria-valuenow", Math.floor(percent));
  element.firstElementChild.style.width = `${percent.toFixed(2)}%`;
}

const COLOURS = { Running: "blue", Waiting: "yellow", Paused: "azure", Done: "green", Error: "red", Broken: "red" };

/** Make a status pill say ``status``. */
export function setStatus(pill, status) {
  if (!pill) return;
  pill.className = `status status-${COLOURS[status] || "secondary"}`;
  const dot = make("span", { className: `status-dot${status === "Running" ? " status-dot-animated" : ""}` });
  pill.replaceChildren(dot, status);
}
