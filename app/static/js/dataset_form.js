// The form of a new dataset: upload in pieces, and what the chosen folder or file was understood as.
import { $, debounced } from "./dom.js";
import { prepare } from "./form.js";
import { upload } from "./upload.js";
import { bytes } from "./words.js";

const form = document.getElementById("dataset-form");
const { folder, source } = form.elements;
const place = document.getElementById("understood");
const drop = document.getElementById("upload");
const bar = $("[data-bar]", drop), said = $("[data-said]", drop), picked = $("input", drop), stop = $("[data-stop]", drop);
const READ = form.dataset.reads.split(" ");
let named = Boolean(form.elements.name.value);
let turn = 0, sending = null, asked = "";

async function understand() {
  if (!folder.value.trim()) { turn += 1; asked = ""; place.replaceChildren(); delete form.dataset.kind; return; }
  const address = new URL(form.dataset.understand, location.href);
  for (const [name, value] of new FormData(form)) if (READ.includes(name) && value.trim()) address.searchParams.set(name, value.trim());
  if (address.href === asked) return;
  const mine = (turn += 1);
  asked = address.href;
  place.setAttribute("aria-busy", "true");
  const answer = await fetch(address).catch(() => null);
  if (mine !== turn) return;
  place.removeAttribute("aria-busy");
  if (!answer?.ok) { asked = ""; return; }
  place.innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
  form.dataset.kind = $("[data-kind]", place)?.dataset.kind || ""; // the style sheet hides what this kind has no use for
  if (!named) form.elements.name.value = folder.value.replace(/\/+$/, "").split("/").at(-1);
}

const soon = debounced(understand, 350);
for (const kind of ["input", "change"]) {
  form.addEventListener(kind, (event) => { if (READ.includes(event.target.name)) soon(); });
}
form.elements.name.addEventListener("input", () => { named = true; });
place.addEventListener("click", (event) => {
  const other = event.target.closest("[data-choose]");
  if (!other) return;
  source.value = other.dataset.choose;
  source.dispatchEvent(new Event("change", { bubbles: true }));
  source.focus();
});

function tell(share, sentence) {
  bar.firstElementChild.style.width = `${share * 100}%`;
  said.textContent = sentence;
}

async function take(file) {
  if (!file || sending) return;
  if (file.size > drop.dataset.limit * 1e6) {
    said.textContent = `${file.name} has ${bytes(file.size)}; at most ${drop.dataset.limit} MB are taken. Copy the images to the server instead.`;
    return;
  }
  sending = new AbortController();
  bar.hidden = stop.hidden = false;
  try {
    const path = await upload(file, drop.dataset.parts, (share, sentence) => tell(share, `${file.name}: ${sentence}`), sending.signal);
    if (!path) { said.textContent = "The upload was stopped."; return; }
    said.textContent = `${file.name} is on the server.`;
    if (!named) { form.elements.name.value = file.name.replace(/\.(zip|tgz|tbz2|txz|txt|csv|tsv|jsonl?|tar(\.\w+)?)$/i, ""); named = true; }
    folder.value = path;
    folder.dispatchEvent(new Event("change", { bubbles: true }));
  } catch (problem) {
    said.textContent = problem.message || "The upload broke off; choose the file again to go on.";
  } finally {
    bar.hidden = stop.hidden = true;
    sending = null;
  }
}

picked.addEventListener("change", () => { take(picked.files[0]); picked.value = ""; });
stop.addEventListener("click", (event) => { event.preventDefault(); sending?.abort(); });
window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });

for (const name of ["folder", "val_folder", "test_folder", "labels_file"]) form.elements[name].dataset.suggest += "?files=data";
prepare(form);
understand();
