// What the pages about the inside of a model ask the server, and how values and pictures come back.
import { ask, pageData } from "../dom.js";

export const data = document.getElementById("inside-data") ? pageData("inside-data") : null;
const { api } = data.urls;
const encoded = (layer) => encodeURIComponent(layer);

export const checkpoint = () => document.getElementById("checkpoint").value;

const query = (values) => new URLSearchParams(Object.entries({ checkpoint: checkpoint(), ...values }).filter(([, value]) => value !== undefined && value !== null)).toString();

export const listLayers = () => ask(`${api}/units?${query({})}`);
export const weights = (layer, values) => ask(`${api}/layers/${encoded(layer)}/weights?${query(values)}`);
export const weightsPicture = (layer, values) => `${api}/layers/${encoded(layer)}/weights.png?${query(values)}`;
export const weightsFile = (layer, unit) => `${api}/layers/${encoded(layer)}/weights.npy?${query({ unit })}`;
export const layerUrl = (layer) => data.urls.layer.replace("LAYER", encoded(layer));

const json = (url, body) => ask(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ checkpoint: checkpoint(), ...body }) });

export const visualize = (body) => json(`${api}/visualizations`, body);
export const cancel = (body) => json(`${api}/visualizations/cancel`, body);

/** Ask about the chosen image: a file is sent as it is, a record by its place in the dataset. */
export function aboutImage(path, image, body) {
  const clean = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined && value !== null));
  if (image.record) return json(`${api}/${path}`, { ...clean, record: image.record });
  const form = new FormData();
  form.set("image", image.file);
  form.set("checkpoint", checkpoint());
  for (const [name, value] of Object.entries(clean)) form.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  return ask(`${api}/${path}`, { method: "POST", body: form });
}

export const png = (base64) => `data:image/png;base64,${base64}`;

/** The values of a .npy file (float32, as base64) with their shape. */
export function npy(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const start = 10 + new DataView(bytes.buffer).getUint16(8, true);
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, start));
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").filter((part) => part.trim()).map(Number);
  return { shape, values: new Float32Array(bytes.buffer.slice(start)) };
}

/** A number in about four characters. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 100000) ? value.toExponential(1) : Number(value.toPrecision(3)).toString();
}
