// The two colour maps of values, as the server has them (models/units/colours.py): signed from blue to orange, else growing.
const STOPS = {
  signed: ["#0b3c6f", "#2f7fbf", "#9fcbe6", "#f7f7f7", "#f6c48f", "#d9731f", "#7a3300"],
  growing: ["#03051a", "#35255d", "#7d2a6b", "#c73e4c", "#f0825f", "#f6c9a2", "#faebdd"],
};
const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function table(stops) {
  const colours = stops.map(parse), rows = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i += 1) {
    const place = (i / 255) * (colours.length - 1), left = Math.min(Math.floor(place), colours.length - 2), share = place - left;
    for (let c = 0; c < 3; c += 1) rows[3 * i + c] = Math.round(colours[left][c] * (1 - share) + colours[left + 1][c] * share);
  }
  return rows;
}
export const TABLES = { signed: table(STOPS.signed), growing: table(STOPS.growing) };

/** Where a value is in its table. */
export const place = (value, limit, kind) => Math.max(0, Math.min(255, Math.round((kind === "signed" ? (value / limit + 1) / 2 : value / limit) * 255)));

/** A legend: a bar of colours between its two ends. */
export function drawLegend(box, kind, limit, short) {
  box.hidden = kind === "colour" || !kind;
  if (box.hidden) return;
  const canvas = document.createElement("canvas");
  canvas.width = 256; canvas.height = 1;
  const context = canvas.getContext("2d"), picture = context.createImageData(256, 1);
  for (let i = 0; i < 256; i += 1) picture.data.set([...TABLES[kind].subarray(3 * i, 3 * i + 3), 255], 4 * i);
  context.putImageData(picture, 0, 0);
  box.replaceChildren(kind === "signed" ? `−${short(limit)}` : "0", canvas, `${kind === "signed" ? "+" : ""}${short(limit)}`);
}
