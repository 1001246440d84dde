// The drawing: cards and lines as SVG, so that they take the page's colours, can be focused and can be exported.
import { svg } from "../dom.js";
import { CARD } from "./layout.js";
import { rows, spoken } from "./figures.js";

const FOREIGN = new Set(["export", "onnx"]); // files of other programs
const NEAR = 16; // how close to a line the pointer must be to mean it, pixels

const words = (text, x, y, kind, anchor) => svg("text", { x, y, class: kind, "text-anchor": anchor }, text);

/** `text` cut to about `most` characters. */
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const COLOURS = [
  [/Conv|Fold/, "conv"], [/Linear|Bilinear|Embedding/, "linear"], [/Norm/, "norm"], [/Pool|Upsample|interpolate|pixel_shuffle/i, "pool"],
  [/Dropout|dropout/, "drop"], [/^(add|sub|mul|div|cat|concat|stack)$/, "join"],
  [/ReLU|GELU|SiLU|Sigmoid|Tanh|Softmax|swish|ELU|Mish|relu|gelu|silu|sigmoid|tanh|softmax|elu|mish/i, "active"],
];

/** Where nothing can be edited, all is locked, and the kinds say more. */
function tint(node, editable) {
  if (node.locked && editable) return "locked";
  if (node.container || node.run) return "block";
  return COLOURS.find(([pattern]) => pattern.test(node.title))?.[1] || "other";
}

export class Drawing {
  /** `host` holds the SVG; `told` is called with ("node" | "link" | "open" | "nothing", id). Where it is `embedded` in a page that
   *  scrolls, the wheel is the page's until the drawing has the focus. */
  constructor(host, told, { embedded = false } = {}) {
    this.embedded = embedded;
    this.host = host;
    this.told = told;
    this.lines = svg("g", { class: "nw-lines" });
    this.cards = svg("g", { class: "nw-cards" });
    this.frames = svg("g", { class: "nw-frames" });
    this.world = svg("g", {}, this.frames, this.lines, this.cards);
    const head = svg("marker", { id: "nw-head", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z" }));
    this.svg = svg("svg", { class: "nw-svg" }, svg("defs", {}, head), this.world);
    host.append(this.svg);
    this.picture = { nodes: [], links: [] };
    this.places = { nodes: new Map(), links: [], width: 0, height: 0 };
    this.elements = new Map();
    this.cables = [];
    this.view = { x: 0, y: 0, scale: 1 };
    this._listen();
  }

  /** Draw a picture at its places: what is in sight at once, the rest in slices between frames, so that nothing waits for it. */
  async show(picture, places, look) {
    const anchor = this._anchor(), focused = document.activeElement?.closest?.(".nw-node")?.dataset.id;
    Object.assign(this, { picture, places, look, elements: new Map(), cables: [] });
    for (const group of [this.frames, this.cards, this.lines]) group.replaceChildren();
    this._keep(anchor);
    const nodes = picture.nodes.map((node) => [places.nodes.get(node.id), () => this._add(node)]);
    const links = picture.links.map((link, index) => [around(places.links[index]), () => this._join(link, index)]);
    if (!(await this._slices([...nodes, ...links]))) return false;
    if (focused) (this.elements.get(focused) || this.elements.values().next().value)?.focus({ preventScroll: true });
    return true;
  }

  /** New facts and problems on cards that stay where they are. */
  dress(look) {
    this.look = look;
    const nodes = this.picture.nodes.map((node) => [this.places.nodes.get(node.id), () => this._redo(node)]);
    const links = this.picture.links.flatMap((link, index) => (this.cables[index] ? [] : [[around(this.places.links[index]), () => this._join(link, index)]]));
    return this._slices([...nodes, ...links]);
  }

  /** Do what is in sight now, and the rest later; false where something else came in between. `complete` ends with the rest. */
  async _slices(work) {
    const mine = (this.turn = (this.turn || 0) + 1), first = [], rest = [];
    for (const [place, job] of work) (this._inSight(place) ? first : rest).push(job);
    const go = async (jobs, most) => {
      for (let at = 0; at < jobs.length;) {
        const end = performance.now() + 6;
        for (let done = 0; at < jobs.length && done < most && performance.now() < end; done += 1, at += 1) jobs[at]();
        if (at < jobs.length) await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
        if (this.turn !== mine) return false;
      }
      return true;
    };
    const seen = await go(first, 60);
    this.complete = seen ? go(rest, 24) : Promise.resolve(false);
    return seen;
  }

  _inSight(place) {
    const { x, y, scale } = this.view, box = this.box();
    return place && place.x * scale + x < box.width + 50 && (place.x + place.width) * scale + x > -50 && place.y * scale + y < box.height + 50 && (place.y + place.height) * scale + y > -50;
  }

  box() { return this.host.getBoundingClientRect(); }

  _add(node) {
    if (this.elements.has(node.id)) return;
    const element = this._node(node);
    this.elements.set(node.id, element);
    this._mark(node.id, element);
    (node.open ? this.frames : this.cards).append(element);
  }

  _redo(node) {
    const old = this.elements.get(node.id);
    if (!old) { this._add(node); return; }
    const fresh = this._node(node);
    old.setAttribute("class", fresh.getAttribute("class"));
    old.setAttribute("aria-label", fresh.getAttribute("aria-label"));
    old.replaceChildren(...fresh.childNodes);
    this._mark(node.id, old);
  }

  _join(link, index) {
    this.cables[index] = this._link(link, index);
    this.cables[index].classList.toggle("nw-selected", this.selected?.link === index);
    this.lines.append(this.cables[index]);
  }

  _mark(id, element) {
    const is = this.selected?.node === id;
    element.classList.toggle("nw-selected", is);
    element.setAttribute("tabindex", is || (!this.selected?.node && id === this.picture.nodes[0]?.id) ? 0 : -1);
    element.setAttribute("aria-pressed", is);
  }

  _node(node) {
    const place = this.places.nodes.get(node.id), { facts, problems, detail, own } = this.look, more = own?.(node); // own: {kind, rows, said}
    const fact = facts[node.id], wrong = problems.filter((problem) => problem.shown === node.id);
    const editable = !FOREIGN.has(this.picture.origin), padlock = node.locked && editable;
    const { width, height } = place, ends = node.type === "input" || node.type === "output";
    const group = svg("g", {
      class: `nw-node nw-${ends ? "end" : tint(node, editable)}${node.open ? " nw-open" : ""}${wrong.length ? " nw-wrong" : ""}${node.locked && editable ? " nw-lock" : ""}${more?.kind ? ` ${more.kind}` : ""}`,
      transform: `translate(${place.x} ${place.y})`, tabindex: -1, role: "button", "aria-label": more?.said ?? spoken(node, fact, wrong), "data-id": node.id,
    });
    const hint = [...wrong.map((problem) => problem.text), node.locked].filter(Boolean).join("\n");
    if (hint) group.append(svg("title", {}, hint));
    if (node.run || node.times > 1) for (const shift of [8, 4]) group.append(svg("rect", { class: "nw-behind", x: shift, y: shift, width, height, rx: 6 }));
    group.append(svg("rect", { class: "nw-body", width, height, rx: ends ? 17 : 6 }));
    if (ends) {
      group.append(words(`${node.label}${fact?.outputs?.length ? `  ${rows(node, fact, "shapes").at(-1)[0]}` : ""}`, width / 2, height / 2 + 4, "nw-name", "middle"));
      return group;
    }
    const folds = node.container || node.run, room = folds || padlock || wrong.length ? 150 : 170;
    group.append(svg("path", { class: "nw-top", d: `M0 ${CARD.head}V6a6 6 0 0 1 6-6h${width - 12}a6 6 0 0 1 6 6v${CARD.head - 6}z` }));
    const times = node.times > 1 ? ` ×${node.times}` : node.repeat && node.times === null ? ` ×${node.repeat.count}` : "";
    const label = cut(node.label, 20), title = cut(node.title, Math.max(4, Math.floor((room - (label + times).length * 6.6) / 5.6)));
    group.append(words(label + times, 9, 16.5, "nw-name"));
    if (title && title.toLowerCase() !== label.toLowerCase()) group.append(words(title, width - (folds ? 26 : padlock || wrong.length ? 24 : 9), 16.5, "nw-kind", "end"));
    if (folds) group.append(svg("g", { class: "nw-fold", "data-open": node.id }, svg("rect", { x: width - 22, y: 2, width: 20, height: 20, rx: 4 }), svg("path", { d: node.open ? `M${width - 17} 10l5 5 5-5` : `M${width - 14} 7l5 5-5 5` })));
    else if (wrong.length) group.append(words("!", width - 12, 17, "nw-bang", "middle"));
    else if (padlock) group.append(svg("path", { class: "nw-padlock", d: `M${width - 17} 11h10v7h-10zm2 0V8a3 3 0 0 1 6 0v3` }));
    if (!node.open) {
      (more?.rows || rows(node, fact, detail)).forEach(([left, right], index) => {
        const y = CARD.head + 15 + index * CARD.row;
        group.append(words(cut(left, 32), 9, y, "nw-fact"), words(right, width - 9, y, "nw-fact", "end"));
      });
    }
    return group;
  }

  _link(link, index) {
    const path = rounded(this.places.links[index]);
    const kind = `nw-link${link.uses.length || FOREIGN.has(this.picture.origin) ? "" : " nw-fixed"}`;
    return svg("g", { class: kind, "data-link": index, "data-from": link.source, "data-to": link.target }, svg("path", { class: "nw-wide", d: path }), svg("path", { class: "nw-wire", d: path, "marker-end": "url(#nw-head)" }));
  }

  /** Mark what is selected: {node} or {link: index}, or nothing; the node can be reached by the Tab key. */
  mark(selected) {
    this.selected = selected;
    for (const [id, element] of this.elements) this._mark(id, element);
    this.cables.forEach((cable, index) => cable.classList.toggle("nw-selected", selected?.link === index));
  }

  /** Mark what the pointer would drop on: {link} or {node}, or nothing. */
  aim(target) {
    this.cables.forEach((cable, index) => cable.classList.toggle("nw-aim", target?.link === index));
    for (const [id, element] of this.elements) element.classList.toggle("nw-aim", target?.node === id);
  }

  /** What is under a place of the window: a card, else the nearest line that something may be put on. */
  under(clientX, clientY) {
    const box = this.box();
    if (clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom) return null;
    const { x, y, scale } = this.view, point = { x: (clientX - box.left - x) / scale, y: (clientY - box.top - y) / scale };
    const far = this.picture.links.map((link, index) => (link.uses.length ? distance(this.places.links[index], point) : Infinity));
    const best = far.indexOf(Math.min(...far));
    if (best >= 0 && far[best] < NEAR / scale) return { link: best };
    const inside = this.picture.nodes.filter((node) => !node.open && holds(this.places.nodes.get(node.id), point)).at(-1);
    return inside ? { node: inside.id } : null;
  }

  focus(id) {
    const node = this.picture.nodes.find((item) => item.id === id);
    if (node && !this.elements.has(id)) this._add(node); // its slice has not come yet
    const element = this.elements.get(id);
    if (!element) return;
    this.bring(id);
    element.focus({ preventScroll: true });
  }

  /** Move the drawing so that a node is seen. */
  bring(id) {
    const place = this.places.nodes.get(id), box = this.box();
    if (!place || !box.width) return;
    const { scale } = this.view, left = place.x * scale + this.view.x, top = place.y * scale + this.view.y;
    const right = left + place.width * scale, bottom = top + Math.min(place.height, 120) * scale;
    if (left < 10 || right > box.width - 10) this.view.x = box.width / 2 - (place.x + place.width / 2) * scale;
    if (top < 10 || bottom > box.height - 10) this.view.y = box.height / 2 - (place.y + Math.min(place.height, 120) / 2) * scale;
    this._move();
  }

  /** Readable at first: the whole width if that is legible, the top of the network in sight. */
  begin() {
    const box = this.box();
    this.view.scale = Math.min(1, Math.max(0.55, (box.width - 24) / this.places.width));
    const entry = this.places.nodes.get(this.picture.nodes[0]?.id), middle = entry ? entry.x + entry.width / 2 : this.places.width / 2;
    const wide = this.places.width * this.view.scale > box.width;
    this.view.x = box.width / 2 - (wide ? middle : this.places.width / 2) * this.view.scale;
    this.view.y = 6;
    this._move();
  }

  fit() {
    const box = this.box();
    const scale = Math.min(1.2, (box.width - 20) / this.places.width, (box.height - 20) / this.places.height);
    this.view = { scale, x: (box.width - this.places.width * scale) / 2, y: (box.height - this.places.height * scale) / 2 };
    this._move();
  }

  zoom(factor, at) {
    const box = this.box(), point = at || { x: box.width / 2, y: box.height / 2 };
    const scale = Math.min(2.5, Math.max(0.03, this.view.scale * factor)), grown = scale / this.view.scale;
    this.view = { scale, x: point.x - (point.x - this.view.x) * grown, y: point.y - (point.y - this.view.y) * grown };
    this._move();
  }

  _move() {
    const { x, y, scale } = this.view;
    this.world.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(4)})`);
    this.svg.classList.toggle("nw-far", scale < 0.35);
  }

  /** A node that is to stay where it is on the screen when the picture changes. */
  _anchor() {
    const known = [this.selected?.node, ...this.picture.nodes.map((node) => node.id)].filter((id) => this.places.nodes.has(id));
    const box = this.box(), { y, scale } = this.view;
    const seen = known.find((id) => { const top = this.places.nodes.get(id).y * scale + y; return top > -20 && top < box.height; });
    return known.slice(0, 1).concat(seen ? [seen] : []).reverse().map((id) => ({ id, place: this.places.nodes.get(id) }));
  }

  _keep(anchors) {
    const kept = anchors.find(({ id }) => this.places.nodes.has(id));
    if (!kept) { this.begin(); return; }
    const now = this.places.nodes.get(kept.id);
    this.view.x += (kept.place.x + kept.place.width / 2 - now.x - now.width / 2) * this.view.scale;
    this.view.y += (kept.place.y - now.y) * this.view.scale;
    this._inReach();
    this._move();
  }

  /** What got smaller must not end up outside of the window. */
  _inReach() {
    const box = this.box(), { width, height } = this.places, { scale } = this.view;
    const within = (at, size, room) => (size <= room ? Math.min(Math.max(at, 6), room - size) : Math.min(Math.max(at, room - size - room / 2), room / 2));
    this.view.y = within(this.view.y, height * scale, box.height);
    if (width * scale > box.width || this.view.x < 0 || this.view.x + width * scale > box.width) this.view.x = within(this.view.x, width * scale, box.width);
  }

  _listen() {
    let pan = null;
    const touches = new Map();
    this.host.addEventListener("wheel", (event) => {
      if (this.embedded && !event.ctrlKey && !this.host.contains(document.activeElement)) return;
      event.preventDefault();
      const box = this.box();
      if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 200), { x: event.clientX - box.left, y: event.clientY - box.top });
      else { this.view.x -= event.shiftKey ? event.deltaY : event.deltaX; this.view.y -= event.shiftKey ? 0 : event.deltaY; this._move(); }
    }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => {
      touches.set(event.pointerId, event);
      pan = { x: event.clientX, y: event.clientY, moved: false, target: event.target, view: { ...this.view } };
    });
    const move = (event) => {
      if (!pan || !touches.has(event.pointerId)) return;
      if (touches.size === 2) { this._pinch(touches, event); pan.moved = true; return; }
      const dx = event.clientX - pan.x, dy = event.clientY - pan.y;
      if (!pan.moved && Math.hypot(dx, dy) < 4) return;
      pan.moved = true;
      this.view.x = pan.view.x + dx;
      this.view.y = pan.view.y + dy;
      this._move();
    };
    const up = (event) => {
      if (!touches.delete(event.pointerId) || !pan) return;
      if (!pan.moved && event.type === "pointerup") this._clicked(pan.target);
      if (!touches.size) pan = null;
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", up);
    this.svg.addEventListener("dblclick", (event) => { const id = event.target.closest(".nw-node")?.dataset.id; if (id) this.told("open", id); });
  }

  _pinch(touches, event) {
    const [a, b] = [...touches.values()], other = a.pointerId === event.pointerId ? b : a, before = touches.get(event.pointerId);
    const box = this.box();
    const spread = (one, two) => Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
    this.zoom(spread(event, other) / Math.max(1, spread(before, other)), { x: (event.clientX + other.clientX) / 2 - box.left, y: (event.clientY + other.clientY) / 2 - box.top });
    touches.set(event.pointerId, event);
  }

  _clicked(target) {
    const open = target.closest("[data-open]"), node = target.closest(".nw-node"), link = target.closest(".nw-link");
    if (open) this.told("open", open.dataset.open);
    else if (node) this.told("node", node.dataset.id);
    else if (link) this.told("link", Number(link.dataset.link));
    else this.told("nothing");
  }
}

/** A path through points with rounded corners. */
export function rounded(points) {
  if (!points || points.length < 2) return "";
  let path = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length - 1; i += 1) {
    const [before, here, after] = [points[i - 1], points[i], points[i + 1]];
    const near = (other) => {
      const length = Math.hypot(other.x - here.x, other.y - here.y), share = Math.min(6, length / 2) / (length || 1);
      return `${(here.x + (other.x - here.x) * share).toFixed(1)} ${(here.y + (other.y - here.y) * share).toFixed(1)}`;
    };
    path += `L${near(before)}Q${here.x} ${here.y} ${near(after)}`;
  }
  return `${path}L${points.at(-1).x} ${points.at(-1).y}`;
}

/** The box around a line. */
function around(points) {
  const xs = points.map((point) => point.x), ys = points.map((point) => point.y);
  return points.length ? { x: Math.min(...xs), y: Math.min(...ys), width: Math.max(...xs) - Math.min(...xs), height: Math.max(...ys) - Math.min(...ys) } : null;
}

const holds = (place, point) => point.x >= place.x && point.x <= place.x + place.width && point.y >= place.y && point.y <= place.y + place.height;

/** How far a point is from a line of several pieces. */
function distance(points, point) {
  let least = Infinity;
  for (let i = 1; i < (points || []).length; i += 1) {
    const [a, b] = [points[i - 1], points[i]], length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
    const share = length ? Math.max(0, Math.min(1, ((point.x - a.x) * (b.x - a.x) + (point.y - a.y) * (b.y - a.y)) / length)) : 0;
    least = Math.min(least, Math.hypot(point.x - a.x - share * (b.x - a.x), point.y - a.y - share * (b.y - a.y)));
  }
  return least;
}
