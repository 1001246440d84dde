// What the networks page asks of the server: drawing, measuring, editing, saving; all of it the public REST API.
import { ask, root } from "../dom.js";

const api = `${root}/api/v1/networks`;
const send = (path, body, more = {}) => ask(`${api}/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...more });

export const draw = (body) => send("graph", body);
export const measure = (body, signal) => send("measure", body, { signal });
export const edit = (body) => send("edit", body);
export const outline = (body) => send("outline", body);
export const drawFile = (body) => send("files/draw", body);
export const outlineFile = (body) => send("files/outline", body);
export const compare = (body) => send("compare", body);
export const save = (body) => send("saved", body);
export const saveVersion = (id, body) => send(`saved/${id}/versions`, body);
export const version = (id, number) => ask(`${api}/saved/${id}/versions/${number}`);
export const layers = () => ask(`${api}/layers`);

const read = new Map();
/** torch's docstring of a layer, asked for once. */
export function documentation(op) {
  if (!read.has(op)) read.set(op, ask(`${api}/layers/${encodeURIComponent(op)}`).then((found) => found.text));
  read.get(op).catch(() => read.delete(op));
  return read.get(op);
}
