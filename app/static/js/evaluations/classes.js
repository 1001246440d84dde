// The table of classes: precision, recall, F1 and areas, sortable; a row opens the images of its class.
import { $, make } from "../dom.js";
import { figure, percent, thousands } from "../words.js";

const SHOWN = 100;
const COLUMNS = [
  ["Class", "name"], ["Images", "support"], ["Accuracy (recall)", "recall"], ["Precision", "precision"], ["F1", "f1"], ["AUC", "auc"], ["AP", "ap"],
];

export function classes(report, names, open) {
  const box = document.getElementById("classes");
  let sort = "name", down = false, all = false;
  const value = (key, cls) => (key === "name" ? cls : report.classes[key]?.[cls] ?? -1);
  const cell = (key, cls) => {
    if (key === "name") { const button = make("button", { type: "button", className: "btn btn-link p-0 fv-break text-start", textContent: names[cls] }); button.addEventListener("click", () => open([cls, null])); return make("td", {}, button); }
    const found = report.classes[key]?.[cls];
    if (key === "support") return make("td", { className: "fv-num", textContent: thousands(found) });
    if (key === "auc" || key === "ap") return make("td", { className: "fv-num", textContent: figure(found) });
    const interval = report.classes[`${key}_interval`][cls], place = make("td", { className: "fv-num", textContent: percent(found) });
    if (found !== null && interval[0] !== null) place.append(" ", make("span", { className: "ev-pm", textContent: `± ${((interval[1] - interval[0]) * 50).toFixed(1)}`, title: `${percent(interval[0])} to ${percent(interval[1])}` }));
    return place;
  };
  const draw = () => {
    const columns = COLUMNS.filter(([, key]) => key === "name" || report.classes[key]);
    $("thead tr", box).replaceChildren(...columns.map(([title, key]) => {
      const button = make("button", { type: "button", textContent: title + (key === sort ? (down ? " ↓" : " ↑") : "") });
      button.addEventListener("click", () => { down = key === sort ? !down : false; sort = key; draw(); });
      const head = make("th", {}, button);
      if (key === sort) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      return head;
    }));
    const order = names.map((_, cls) => cls).sort((one, two) => (value(sort, one) - value(sort, two)) * (down ? -1 : 1) || one - two);
    const rows = order.slice(0, all ? order.length : SHOWN).map((cls) => make("tr", {}, ...columns.map(([, key]) => cell(key, cls))));
    if (!all && order.length > SHOWN) {
      const more = make("button", { type: "button", className: "btn btn-link p-0", textContent: `Show all ${thousands(order.length)} classes` });
      more.addEventListener("click", () => { all = true; draw(); });
      rows.push(make("tr", {}, make("td", { colSpan: columns.length }, more)));
    }
    $("tbody", box).replaceChildren(...rows);
  };
  draw();
}
