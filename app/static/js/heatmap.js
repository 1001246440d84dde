// Heat maps on canvas: values [layers][columns] in colours that are even for every eye, at any number of layers.
// Cividis (Nuñez, Anderton, Renslow 2018) in nine stops; red and blue for signed values.
const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];
const SIGNED = ["#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"];
const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** 256 colours as packed ABGR words for a Uint32Array over image data. */
function table(stops) {
  const colours = stops.map(parse), words = new Uint32Array(256);
  for (let i = 0; i < 256; i += 1) {
    const place = (i / 255) * (colours.length - 1), left = Math.min(Math.floor(place), colours.length - 2), share = place - left;
    const [red, green, blue] = [0, 1, 2].map((c) => Math.round(colours[left][c] * (1 - share) + colours[left + 1][c] * share));
    words[i] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return words;
}
const TABLES = { log: table(CIVIDIS), share: table(CIVIDIS), signed: table(SIGNED) };
const GONE = { log: 0x00000000, share: 0x00000000, signed: 0x00000000 };

/** How a statistic is coloured: on a log scale, as a share from 0 to 1, or signed. */
export const kindOf = (statistic) => ({ mean: "signed", zeros: "share", dead: "share", saturated: "share", gradient_zeros: "share" })[statistic] || "log";

/** The range of the colours: 2nd to 98th hundredth of what is shown, so that one outlier does not grey out the rest. */
export function rangeOf(values, kind) {
  if (kind === "share") return [0, 1];
  const step = Math.max(1, Math.floor(values.length / 20000)), sample = [];
  for (let i = 0; i < values.length; i += step) {
    const value = values[i];
    if (Number.isFinite(value) && (kind !== "log" || value > 0)) sample.push(value);
  }
  if (!sample.length) return [kind === "log" ? 1e-6 : -1, 1];
  sample.sort((a, b) => a - b);
  const low = sample[Math.floor(sample.length * 0.02)], high = sample[Math.ceil(sample.length * 0.98) - 1];
  if (kind === "signed") { const most = Math.max(Math.abs(low), Math.abs(high)) || 1; return [-most, most]; }
  return low === high ? [low / 2, high * 2] : [low, high];
}

/** Where a value lies in a range, 0..1; NaN where there is none. */
export function place(value, [low, high], kind) {
  if (Number.isNaN(value)) return NaN;
  if (kind === "log") return value <= 0 ? 0 : Math.min(1, Math.max(0, Math.log(value / low) / Math.log(high / low)));
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

export const gradient = (kind) => `linear-gradient(to right, ${(kind === "signed" ? SIGNED : CIVIDIS).join(", ")})`;

/** Paint the rows named by ``rows`` (indices) of values [layers][columns] on a canvas of ``height`` pixels a row. */
export function paint(canvas, { values, columns, rows, kind, range, height }) {
  const image = new ImageData(Math.max(1, columns), Math.max(1, rows.length)), words = new Uint32Array(image.data.buffer), colours = TABLES[kind];
  rows.forEach((row, y) => {
    for (let x = 0; x < columns; x += 1) {
      const at = place(values[row * columns + x], range, kind);
      words[y * columns + x] = Number.isNaN(at) ? GONE[kind] : colours[Math.round(at * 255)];
    }
  });
  const aside = new OffscreenCanvas(image.width, image.height);
  aside.getContext("2d").putImageData(image, 0, 0);
  const ratio = window.devicePixelRatio || 1, width = canvas.parentElement.clientWidth - (canvas.previousElementSibling?.offsetWidth || 0);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${rows.length * height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(rows.length * height * ratio);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(aside, 0, 0, canvas.width, canvas.height);
}
