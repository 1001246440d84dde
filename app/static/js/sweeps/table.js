// The table of a sweep's models: sorted by any column, the best marked.
import { make, setProgress, setStatus } from "../dom.js";
import { figure } from "../words.js";

const status = (trial) => {
  const pill = make("span", { className: "status" });
  setStatus(pill, trial.pruned && trial.status === "Done" ? "Stopped early" : trial.status);
  const cell = make("td", { className: "sw-status" }, pill);
  if (trial.status === "Waiting") cell.title = trial.reason;
  const said = trial.pruned || (["Done", "Waiting"].includes(trial.status) ? "" : trial.reason);
  if (said) cell.append(make("div", { className: trial.status === "Error" ? "fv-reason" : "fv-sub", textContent: said }));
  if (trial.status === "Running") {
    const bar = make("div", { className: "progress progress-sm", role: "progressbar", ariaLabel: "Progress" }, make("div", { className: "progress-bar" }));
    setProgress(bar, trial.fraction);
    cell.append(bar);
  }
  return cell;
};

/** The columns: {name, label, of(trial), cell(trial)}. */
export function columnsOf(sweep, scales, result) {
  const link = (trial) => make("a", { href: document.getElementById("job").dataset.model.replace("ID", trial.id), textContent: `${trial.number}`, title: trial.name });
  const text = (words) => make("td", { className: "fv-num text-nowrap", textContent: words });
  return [
    { name: "number", label: "Model", of: (trial) => trial.number, cell: (trial) => {
      const cell = make("td", { className: "text-nowrap" }, link(trial));
      if (trial.id === sweep.best) cell.append(make("span", { className: "sw-mark ms-2", textContent: "best" }));
      return cell;
    } },
    ...sweep.varied.map((axis, i) => ({ name: axis.name, label: axis.label, of: (trial) => trial.values[axis.name], cell: (trial) => text(trial.values[axis.name] === undefined ? "" : scales[i].words(trial.values[axis.name])) })),
    { name: "status", label: "Status", of: (trial) => trial.status, cell: status },
    { name: "best", label: `Best ${result.label}`, of: (trial) => trial.best, cell: (trial) => text(trial.best === null ? "–" : result.words(trial.best)) },
    { name: "last", label: "Last", of: (trial) => trial.last, cell: (trial) => text(trial.last === null ? "–" : result.words(trial.last)) },
    { name: "epoch", label: "Epoch", of: (trial) => trial.epoch, cell: (trial) => text(trial.epoch === null ? "–" : figure(trial.epoch, 4)) },
  ];
}

/** Models in the order of a column; those that have nothing there come last. */
export function sorted(trials, column, down) {
  const gone = (value) => value === null || value === undefined;
  return [...trials].sort((one, other) => {
    const [a, b] = [column.of(one), column.of(other)];
    if (gone(a) || gone(b)) return Number(gone(a)) - Number(gone(b)) || one.number - other.number;
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    return (down ? -order : order) || one.number - other.number;
  });
}

/** Fill the table; ``keeps(trial)`` says which are not faded, ``onSort(name)`` hears of a head that was clicked. */
export function fill(table, columns, trials, { sort, down, keeps, onSort }) {
  table.tHead.replaceChildren(make("tr", {}, ...columns.map((column) => {
    const button = make("button", { type: "button", textContent: column.label });
    button.addEventListener("click", () => onSort(column.name));
    const head = make("th", {}, button);
    if (column.name === sort) head.ariaSort = down ? "descending" : "ascending";
    return head;
  })));
  table.tBodies[0].replaceChildren(...trials.map((trial) => {
    const row = make("tr", { className: keeps(trial) ? "" : "sw-out" }, ...columns.map((column) => column.cell(trial)));
    row.dataset.trial = trial.id;
    return row;
  }));
}
