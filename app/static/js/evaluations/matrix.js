// A confusion matrix as a model: sparse counts, totals, orders, colours and words; no page in here.
export class Matrix {
  /** ``entries`` are [row, column, count ...] in one flat list. */
  constructor(names, entries) {
    this.names = names;
    this.size = names.length;
    this.cells = new Map();
    this.rows = new Float64Array(this.size);
    this.columns = new Float64Array(this.size);
    this.largest = 0;
    for (let at = 0; at < entries.length; at += 3) {
      const [row, column, count] = [entries[at], entries[at + 1], entries[at + 2]];
      this.cells.set(row * this.size + column, count);
      this.rows[row] += count;
      this.columns[column] += count;
      this.largest = Math.max(this.largest, Math.abs(count));
    }
  }

  static dense(names, counts) {
    return new Matrix(names, counts.flatMap((line, row) => line.flatMap((count, column) => (count ? [row, column, count] : []))));
  }

  static async read(names, address) {
    const answer = await fetch(address);
    if (!answer.ok) return null;
    return new Matrix(names, new Int32Array(await answer.arrayBuffer()));
  }

  /** This one less another. */
  less(other) {
    const entries = [];
    for (const key of new Set([...this.cells.keys(), ...other.cells.keys()])) {
      const count = (this.cells.get(key) || 0) - (other.cells.get(key) || 0);
      if (count) entries.push(Math.floor(key / this.size), key % this.size, count);
    }
    return Object.assign(new Matrix(this.names, entries), { signed: true });
  }

  at(row, column) { return this.cells.get(row * this.size + column) || 0; }
  accuracy(row) { return this.rows[row] ? this.at(row, row) / this.rows[row] : null; }

  /** The value of a cell as "counts", "rows" or "columns" show it; null where nothing can be said. */
  value(row, column, show) {
    const count = this.at(row, column);
    if (show === "counts") return count;
    const total = show === "rows" ? this.rows[row] : this.columns[column];
    return total ? count / total : null;
  }

  /** How strongly a cell is coloured, 0 to 1; the root makes few errors visible beside many right answers. */
  strength(row, column, show) {
    if (this.signed) return Math.sqrt(Math.abs(this.at(row, column)) / (this.largest || 1));
    const share = this.value(row, column, show === "columns" ? "columns" : "rows") || 0;
    return share ** (this.size > 50 ? 0.25 : 0.5);
  }

  /** Whether a cell is good news: a right answer, or in a difference more of them and fewer errors. */
  good(row, column) {
    const diagonal = row === column;
    return this.signed ? (this.at(row, column) > 0) === diagonal : diagonal;
  }
}

const INKS = { light: { good: [0, 114, 178], bad: [213, 94, 0], ground: [255, 255, 255] }, dark: { good: [86, 180, 233], bad: [230, 159, 0], ground: [38, 38, 38] } };
export const theme = () => document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";

/** Colours of text and ground where an element stands, as the browser has worked them out (a canvas knows no variables). */
export function papers(element) {
  const card = element.closest(".card") || document.body;
  return { ink: getComputedStyle(card).color, ground: getComputedStyle(card).backgroundColor };
}

/** The colour of a cell as [red, green, blue]. */
export function colour(matrix, row, column, show) {
  const inks = INKS[theme()], ink = matrix.good(row, column) ? inks.good : inks.bad, strength = matrix.strength(row, column, show);
  return ink.map((part, index) => Math.round(inks.ground[index] + (part - inks.ground[index]) * strength));
}

/** Black or white, whichever is read better on a colour. */
export const onColour = ([red, green, blue]) => (0.299 * red + 0.587 * green + 0.114 * blue > 150 ? "#10151c" : "#ffffff");

/** A cell's figure as it is written. */
export function written(matrix, row, column, show) {
  const value = matrix.value(row, column, show);
  if (value === null) return "–";
  if (show === "counts") return (matrix.signed && value > 0 ? "+" : "") + value.toLocaleString("en-US");
  if (value === 0) return "0";
  const text = (value * 100).toFixed(value < 0.1 ? 1 : 0);
  return value < 1 && Number(text) >= 100 ? "99.9" : text;
}
