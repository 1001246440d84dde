// The form of a new dataset: upload with progress, and what the chosen folder was understood as.
import { $, debounced } from "./dom.js";
import { prepare } from "./form.js";
import { bytes } from "./words.js";

const form = document.getElementById("dataset-form");
const folder = form.elements.folder;
const layout = form.elements.layout;
const drop = document.getElementById("upload");
const bar = $("[data-bar]", drop), said = $("[data-said]", drop), picked = $("input", drop);
let named = Boolean(form.elements.name.value);
let turn = 0;

async function understand() {
  const mine = (turn += 1), place = document.getElementById("understood");
  if (!folder.value.trim()) { place.replaceChildren(); return; }
  const address = new URL(form.dataset.understand, location.href);
  address.searchParams.set("folder", folder.value.trim());
  address.searchParams.set("layout", layout.value);
  const answer = await fetch(address).catch(() => null);
  if (mine !== turn || !answer?.ok) return;
  place.innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
  if (!named) form.elements.name.value = folder.value.replace(/\/+$/, "").split("/").at(-1);
}

const soon = debounced(understand, 350);
folder.addEventListener("input", soon);
folder.addEventListener("change", soon);
layout.addEventListener("change", soon);
form.elements.name.addEventListener("input", () => { named = true; });

function upload(file) {
  if (!file) return;
  if (file.size > drop.dataset.limit * 1e6) {
    said.textContent = `${file.name} has ${bytes(file.size)}; at most ${drop.dataset.limit} MB are taken. Copy the images to the server instead.`;
    return;
  }
  const request = new XMLHttpRequest(), sent = new FormData();
  sent.set("file", file);
  request.open("POST", drop.dataset.upload);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  bar.hidden = false;
  request.upload.addEventListener("progress", (event) => {
    const share = event.loaded / event.total;
    bar.firstElementChild.style.width = `${share * 100}%`;
    said.textContent = share < 1 ? `${file.name}: ${bytes(event.loaded)} of ${bytes(event.total)}` : `${file.name}: unpacking …`;
  });
  request.addEventListener("loadend", () => {
    bar.hidden = true;
    const answer = request.response || {};
    if (request.status !== 200 && request.status !== 201) {
      said.textContent = [answer.detail || "The upload broke off; is the server running?", answer.hint].filter(Boolean).join(" ");
      return;
    }
    said.textContent = `${file.name} is on the server.`;
    if (!named) { form.elements.name.value = file.name.replace(/\.(zip|tgz|tbz2|tar(\.\w+)?)$/i, ""); named = true; }
    folder.value = answer.path;
    understand();
  });
  request.send(sent);
}

picked.addEventListener("change", () => { upload(picked.files[0]); picked.value = ""; });
for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => { event.preventDefault(); upload(event.dataTransfer.files[0]); });

prepare(form);
understand();
