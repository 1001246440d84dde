// Sending a file in pieces: what broke off goes on where it stopped, also after the page was closed.
import { bytes, duration } from "./words.js";

const PIECE = 8 << 20, PATIENCE = 60, TRIES = 40;
const wait = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

class Refused extends Error {}

async function ask(address, method, body, headers = {}) {
  const answer = await fetch(address, { method, body, headers: { Accept: "application/json", ...headers } });
  const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const sentence = [said.detail || "The server did not take it.", said.hint].filter(Boolean).join(" ");
  throw Object.assign(answer.status >= 500 && answer.status !== 507 ? new Error(sentence) : new Refused(sentence), { status: answer.status });
}

/** One piece with progress; fetch cannot tell how much of a body has gone, XMLHttpRequest can. */
function send(address, piece, moved, stopping) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.timeout = PATIENCE * 1000;
    request.upload.addEventListener("progress", (event) => moved(event.loaded));
    request.addEventListener("load", () => {
      if (request.status < 300) return done(request.response);
      const sentence = [request.response?.detail, request.response?.hint].filter(Boolean).join(" ");
      failed(Object.assign(request.status === 409 || request.status >= 500 ? new Error(sentence) : new Refused(sentence), { status: request.status }));
    });
    for (const kind of ["error", "timeout", "abort"]) request.addEventListener(kind, () => failed(new Error(kind)));
    stopping.addEventListener("abort", () => request.abort(), { once: true });
    request.send(piece);
  });
}

/** Upload a file to `parts` (the address of begun uploads); `tell(share, sentence)` hears how it goes. Answers its path. */
export async function upload(file, parts, tell, stopping) {
  const key = [file.name, file.size, file.lastModified].join("|");
  const begun = await ask(parts, "POST", JSON.stringify({ filename: file.name.slice(-255), size: file.size, key }), { "Content-Type": "application/json" });
  const address = `${parts}/${begun.id}`, start = performance.now(), from = begun.offset;
  let offset = begun.offset, failures = 0;
  const show = (sent) => {
    const rate = (sent - from) / ((performance.now() - start) / 1000), left = rate > 0 ? (file.size - sent) / rate : NaN;
    tell(sent / file.size, `${bytes(sent)} of ${bytes(file.size)}${Number.isFinite(left) && left > 1 ? `, ${duration(left)} left` : ""}`);
  };
  if (offset) tell(offset / file.size, `Going on at ${bytes(offset)} of ${bytes(file.size)}`);
  while (offset < file.size) {
    try {
      const piece = file.slice(offset, offset + PIECE);
      ({ offset } = await send(`${address}?offset=${offset}`, piece, (loaded) => show(offset + loaded), stopping));
      failures = 0;
      show(offset);
    } catch (problem) {
      if (stopping.aborted) { await ask(address, "DELETE").catch(() => null); return null; }
      if (problem instanceof Refused || (failures += 1) > TRIES) throw problem;
      tell(offset / file.size, "The connection broke off; trying again …");
      await wait(Math.min(10, failures));
      const now = await ask(address, "GET").catch((error) => { if (error instanceof Refused) throw error; return null; });
      if (now) offset = now.offset;
    }
  }
  tell(1, "Checking and unpacking …");
  return (await ask(`${address}/finish`, "POST")).path;
}
