// Two evaluations of the same images: the difference of their matrices, and the images mended, broken and flipped.
import { $$, pageData } from "../dom.js";
import "../thumbs.js";
import { Gallery } from "./gallery.js";
import { Matrix } from "./matrix.js";
import { View } from "./view.js";

const holder = document.getElementById("comparison"), about = pageData("about");
const { address, beforeAddress, before } = holder.dataset;
document.querySelector('[data-part="show"]').value = "all";
document.querySelector('[data-part="show"]').hidden = true;
const gallery = new Gallery(address, about.classes, { before, kind: new URLSearchParams(location.search).get("kind") || "fixed" });
const view = new View(document.getElementById("matrix"), (row, column) => gallery.open([row, column], true));
const [now, then] = await Promise.all([Matrix.read(about.classes, `${address}/cells`), Matrix.read(about.classes, `${beforeAddress}/cells`)]);
if (now && then) view.set(now.less(then));
for (const button of $$("[data-kind]")) {
  button.addEventListener("click", () => {
    for (const other of $$("[data-kind]")) other.classList.toggle("active", other === button);
    gallery.more.kind = button.dataset.kind;
    gallery.page = 1;
    gallery.load();
  });
}
gallery.load();
