// The image that is looked at: dropped, pasted, chosen, or a record of the model's dataset (then in the address too).
import { $, ask, part } from "../dom.js";
import { data } from "./api.js";

const box = document.getElementById("given");
let image = null, heard = () => {};

/** {file} or {record: {split, index}}, with ``words`` for people; null where none is chosen yet. */
export const chosen = () => image;
export const onChosen = (listener) => { heard = listener; };

function choose(next, remember = true) {
  image = next;
  const address = new URL(location.href);
  for (const name of ["split", "index"]) {
    if (next.record) address.searchParams.set(name, next.record[name]);
    else address.searchParams.delete(name);
  }
  if (remember) history.replaceState(history.state, "", address);
  heard(image);
}

const fromFile = (file) => { if (file) choose({ file, words: file.name || "pasted" }); };
export const chooseRecord = (split, index, name = "") => choose({ record: { split, index: Number(index) }, words: `${name ? `${name}, ` : ""}record ${index} of ${split}` });

/** Any record of the validation images (of test or training ones where there are none). */
export async function anyRecord() {
  for (const split of ["val", "test", "train"]) {
    const url = data.urls.records?.replace("SPLIT", split);
    const first = url && (await ask(url).catch(() => null));
    if (!first?.total) continue;
    const { records } = await ask(`${url}?page=${1 + Math.floor(Math.random() * first.pages)}`);
    const record = records[Math.floor(Math.random() * records.length)];
    return chooseRecord(split, record.index, record.class);
  }
  return undefined;
}

/** The image that the address names, or any of the dataset. */
export async function first() {
  const asked = new URLSearchParams(location.search);
  if (asked.has("index") && asked.has("split")) return chooseRecord(asked.get("split"), asked.get("index"));
  return anyRecord();
}

if (box) {
  const drop = $(".fv-drop", box), picked = $("input[type=file]", box);
  picked.addEventListener("change", () => { fromFile(picked.files[0]); picked.value = ""; });
  for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); fromFile(event.dataTransfer.files[0]); });
  document.addEventListener("paste", (event) => fromFile([...(event.clipboardData?.files || [])].find((item) => item.type.startsWith("image/"))));
  part("from-dataset", box)?.addEventListener("click", anyRecord);
}
