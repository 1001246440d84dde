// Keeping a network: saving versions, drafts that survive a closed tab, and going on to train it.
import { $, toast } from "../dom.js";
import * as server from "./server.js";

export class Saving {
  /** `data` is the page's; `code` the editor; `images()` what it is drawn for. */
  constructor(data, code, images) {
    Object.assign(this, { data, code, images });
    this.kept = code.file;
    this.key = `foveal:draft:${data.user}:${data.id || `new:${data.name || ""}`}`;
    this.dialog = document.getElementById("save-dialog");
    this.form = $("form", this.dialog);
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this._send(); });
    this._offerDraft();
    this.say();
  }

  get dirty() { return this.code.file !== this.kept; }

  /** The text has changed: keep a draft in this browser, and say whether there is something to save. */
  changed() {
    try {
      if (this.dirty) localStorage.setItem(this.key, JSON.stringify({ text: this.code.file, time: Date.now(), base: this.kept }));
      else localStorage.removeItem(this.key);
    } catch { /* a browser that keeps nothing loses only the draft */ }
    this.say();
  }

  say() {
    $("#save-state").textContent = this.dirty ? "Not saved" : this.data.id ? `Version ${this.data.version}` : this.data.name ? "From the library" : "";
  }

  _offerDraft() {
    let draft = null;
    try { draft = JSON.parse(localStorage.getItem(this.key) || "null"); } catch { localStorage.removeItem(this.key); }
    if (!draft || draft.text === this.kept) return;
    const box = document.getElementById("draft");
    box.hidden = false;
    $("[data-draft-time]", box).textContent = new Date(draft.time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
    $("[data-draft-use]", box).onclick = () => { this.code.replace(draft.text); box.hidden = true; };
    $("[data-draft-drop]", box).onclick = () => { localStorage.removeItem(this.key); box.hidden = true; };
  }

  /** Ask for a name (or a note on the version), then save; resolves to whether it was saved. */
  ask(afterwards = "") {
    this.afterwards = afterwards;
    const own = this.data.id && this.data.may.edit;
    this.form.elements.as.value = own ? "version" : "new";
    $("[data-as-version]", this.form).hidden = !own;
    this._choose();
    this.form.elements.name.value ||= this.data.id ? this.data.title : this.data.name ? `My ${this.data.title}` : "My network";
    $("[data-save-error]", this.form).textContent = "";
    this.dialog.showModal();
    this.form.elements[own ? "note" : "name"].select();
  }

  _choose() {
    const fresh = () => { for (const part of this.form.querySelectorAll("[data-only]")) part.hidden = part.dataset.only !== this.form.elements.as.value; };
    this.form.onchange = fresh;
    fresh();
  }

  async _send() {
    const source = this.code.file, fields = this.form.elements, error = $("[data-save-error]", this.form);
    error.textContent = "";
    try {
      if (fields.as.value === "version") await this._version(source, fields.note.value);
      else await this._new(source, fields);
    } catch (refusal) {
      error.textContent = refusal.message;
      return;
    }
    this.kept = source;
    localStorage.removeItem(this.key);
    this.changed();
    this.dialog.close();
    if (this.afterwards) location.assign(this.afterwards.replace("ID", this.data.id));
    else toast(`Saved as version ${this.data.version} of ${this.data.title}.`);
  }

  async _version(source, note) {
    const made = await server.saveVersion(this.data.id, { source, note, base: this.data.version, ...this.images() });
    this.data.version = made.number;
  }

  async _new(source, fields) {
    const made = await server.save({ source, name: fields.name.value, visibility: fields.visibility.value, begun_from: this.data.id || this.data.name || null, ...this.images() });
    Object.assign(this.data, { id: made.id, title: made.name, version: made.version, may: { ...this.data.may, edit: true } });
    this.key = `foveal:draft:${this.data.user}:${made.id}`;
    history.replaceState(null, "", this.data.pages.show.replace("NAME", made.id) + location.hash);
    document.getElementById("network-title").textContent = made.name;
    document.title = `${made.name} · Foveal`;
    for (const part of document.querySelectorAll("[data-when-saved]")) part.hidden = false;
  }

  /** The form of a new model with this network chosen; what is not saved is saved first. */
  train() {
    const to = this.data.pages.train;
    if (!this.dirty && (this.data.id || this.data.name)) location.assign(to.replace("ID", this.data.id || this.data.name));
    else this.ask(to);
  }
}
