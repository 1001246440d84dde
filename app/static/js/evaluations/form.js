// The form of a new evaluation: fields that belong together are shown together; an archive or a list may be uploaded.
import { $ } from "../dom.js";
import { prepare } from "../form.js";
import { upload } from "../upload.js";

const form = document.getElementById("evaluation-form"), drop = document.getElementById("upload");
const picked = $('input[type="file"]', drop), bar = $("[data-bar]", drop), said = $("[data-said]", drop);
const LIST = /\.(txt|csv|tsv)$/i;
let sending = false;

prepare(form);

/** Send a file, then fill in where it is: a list as a list, an unpacked archive as a folder. */
async function take(file) {
  if (!file || sending) return;
  if (file.size > drop.dataset.limit * 1e6) { said.textContent = `At most ${drop.dataset.limit} MB are taken; copy the images to the server instead.`; return; }
  sending = true;
  bar.hidden = false;
  try {
    const tell = (share, sentence) => { bar.firstElementChild.style.width = `${share * 100}%`; said.textContent = `${file.name}: ${sentence}`; };
    form.elements.path.value = await upload(file, drop.dataset.parts, tell, new AbortController().signal);
    form.elements.images.value = LIST.test(file.name) ? "list" : "folder";
    form.elements.images.dispatchEvent(new Event("change", { bubbles: true }));
    said.textContent = `${file.name} is on the server.`;
  } catch (problem) {
    said.textContent = problem.message || "The upload broke off; choose the file again to go on.";
  } finally {
    bar.hidden = true;
    sending = false;
  }
}

picked.addEventListener("change", () => { take(picked.files[0]); picked.value = ""; });
for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.remove("over"); });
drop.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
