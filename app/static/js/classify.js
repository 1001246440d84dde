// Asking the model about one image: dropped, pasted, chosen, a server path, or a record of its dataset.
import { $, ask, make, part, Refusal } from "./dom.js";
import { onEvent } from "./job.js";
import { percent } from "./words.js";

const card = document.getElementById("classify");
const drop = $(".fv-drop", card);
const picked = $("input[type=file]", drop);
let turn = 0;

function guess({ class: name, probability }) {
  const fill = make("u"), bar = make("i", {}, fill);
  fill.style.width = `${probability * 100}%`;
  return make("div", { className: "fv-guess" }, make("span", { textContent: name }), make("b", { textContent: percent(probability, 2) }), bar);
}

function show(answer, original, words) {
  part("answer", card).hidden = false;
  const image = part("original", card);
  image.closest("figure").hidden = !original;
  if (original) image.src = original;
  part("original-words", card).textContent = words;
  part("seen", card).src = answer.seen;
  part("guesses", card).replaceChildren(...answer.predictions.map(guess));
  part("took", card).textContent = `${answer.checkpoint} · ${(answer.seconds * 1000).toFixed(answer.seconds < 0.1 ? 1 : 0)} ms in the network's process`;
}

/** Send one image; only the answer to the latest question is shown. */
async function classify(fields, original, words) {
  const mine = (turn += 1), form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("checkpoint", part("choose-checkpoint", card).value);
  part("classify-error", card).textContent = "";
  card.setAttribute("aria-busy", "true");
  last = () => classify(fields, original, words);
  try {
    const answer = await ask(card.dataset.url, { method: "POST", body: form });
    if (mine === turn) show(answer, original, words);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (mine === turn) {
      part("answer", card).hidden = true;
      part("classify-error", card).textContent = error.message;
    }
  } finally {
    if (mine === turn) card.removeAttribute("aria-busy");
  }
}
let last;

let address;
function classifyFile(file) {
  if (!file) return;
  if (address) URL.revokeObjectURL(address);
  address = URL.createObjectURL(file);
  classify({ image: file }, address, file.name || "pasted");
}

function classifyRecord(split, index, name) {
  const original = card.dataset.image?.replace("SPLIT", split).replace(/0$/, index);
  return classify({ split, index }, original, `${name ? `${name}, ` : ""}record ${index} of ${split}`);
}

/** Any image of the validation split (of training, where there is none). */
async function anyRecord() {
  for (const split of ["val", "test", "train"]) {
    const url = card.dataset.records.replace("SPLIT", split);
    const first = await ask(url).catch(() => null);
    if (!first?.total) continue;
    const page = 1 + Math.floor(Math.random() * first.pages);
    const { records } = page === 1 ? first : await ask(`${url}?page=${page}`);
    const record = records[Math.floor(Math.random() * records.length)];
    return classifyRecord(split, record.index, record.class);
  }
  part("classify-error", card).textContent = "The dataset has no images to choose from.";
  return undefined;
}

picked.addEventListener("change", () => { classifyFile(picked.files[0]); picked.value = ""; });
for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => { event.preventDefault(); classifyFile(event.dataTransfer.files[0]); });
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files || [])].find((item) => item.type.startsWith("image/"));
  if (file) classifyFile(file);
});
part("path-form", card).addEventListener("submit", (event) => {
  event.preventDefault();
  const path = event.target.elements.path.value.trim();
  if (path) classify({ path }, null, path);
});
part("from-dataset", card)?.addEventListener("click", anyRecord);
part("choose-checkpoint", card).addEventListener("change", () => last?.());

onEvent("checkpoint", (event) => {
  part("not-ready", card).hidden = true;
  part("ready", card).hidden = false;
  const choose = part("choose-checkpoint", card);
  if (![...choose.options].some((option) => option.value === event.name)) {
    choose.options[0].after(make("option", { value: event.name, textContent: event.name }));
  }
});

const asked = new URLSearchParams(location.search);
if (asked.has("index") && card.dataset.ready) classifyRecord(asked.get("split"), asked.get("index"), "");
