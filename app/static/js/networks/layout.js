// Where nodes and lines go: ELK's layered layout in a web worker, so that the page never waits for it.
import { ELK } from "../../vendor/elk.js";

const DEADLINE = 10_000; // ms; some graphs would keep ELK busy for minutes, and nothing else stops it
const HEAD = 24; // the head of a card, and of a block that is open
export const CARD = { width: 208, head: HEAD, row: 16 };
const BASIC = {
  "elk.algorithm": "layered", "elk.direction": "DOWN", "elk.hierarchyHandling": "INCLUDE_CHILDREN", "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.edgeCoords": "ROOT", "elk.json.shapeCoords": "ROOT", "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.spacing.nodeNodeBetweenLayers": "30", "elk.spacing.nodeNode": "28", "elk.layered.spacing.edgeNodeBetweenLayers": "14",
  "elk.spacing.edgeNode": "16", "elk.spacing.edgeEdge": "10", "elk.layered.spacing.edgeEdgeBetweenLayers": "10",
  "elk.padding": "[top=12,left=12,bottom=12,right=12]",
};
const LARGE = { "elk.layered.thoroughness": "3", "elk.layered.nodePlacement.strategy": "SIMPLE" };

let elk;

function engine() {
  const worker = new URL("../../vendor/elk-worker.min.js", import.meta.url).href;
  return (elk ||= new ELK({ workerUrl: worker }));
}

/** Start the worker before it is needed: its script is 1.6 MB. */
export const warm = () => engine();

/** How large the card of a node is, with so many rows of text below its head. */
export function size(node, detail) {
  if (node.type === "input" || node.type === "output") return { width: 132, height: 34 };
  const rows = (detail !== "names" && node.summary ? 1 : 0) + { all: 2, shapes: 1, names: 0 }[detail];
  return { width: CARD.width, height: HEAD + (rows ? rows * CARD.row + 8 : 6) };
}

function tree(picture, detail) {
  const made = new Map(picture.nodes.map((node) => [node.id, node.open
    ? { id: node.id, children: [], layoutOptions: { "elk.padding": `[top=${HEAD + 14},left=14,bottom=14,right=14]`, "elk.nodeSize.constraints": "MINIMUM_SIZE", "elk.nodeSize.minimum": `(${CARD.width},60)` } }
    : { id: node.id, ...size(node, detail) }]));
  const root = { id: "", children: [], layoutOptions: { ...BASIC, ...(picture.nodes.length > 250 ? LARGE : {}) } };
  for (const node of picture.nodes) (made.get(node.parent) || root).children.push(made.get(node.id));
  root.edges = picture.links.map((link, index) => ({ id: `e${index}`, sources: [link.source], targets: [link.target] }));
  return root;
}

function withinTime(work) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      elk?.terminateWorker();
      elk = null;
      reject(new Error("Placing so many nodes took too long. Close some blocks, or fold what is alike."));
    }, DEADLINE);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const kept = new Map(); // places by what they depend on: an undo, or another argument, moves nothing

/** Places of everything in a picture: `{width, height, nodes: Map(id -> {x, y, width, height}), links: [[{x, y}...]]}`. */
export async function layout(picture, detail) {
  const asked = tree(picture, detail), key = JSON.stringify(asked);
  const known = kept.get(key) || (await place(picture, asked));
  kept.delete(key);
  kept.set(key, known);
  if (kept.size > 20) kept.delete(kept.keys().next().value);
  return known;
}

async function place(picture, asked) {
  const placed = await withinTime(engine().layout(asked));
  const nodes = new Map(), links = picture.links.map(() => []);
  const walk = (item) => {
    for (const child of item.children || []) {
      nodes.set(child.id, { x: child.x, y: child.y, width: child.width, height: child.height });
      walk(child);
    }
    for (const edge of item.edges || []) {
      links[Number(edge.id.slice(1))] = (edge.sections || []).flatMap((part) => [part.startPoint, ...(part.bendPoints || []), part.endPoint]);
    }
  };
  walk(placed);
  return { width: placed.width, height: placed.height, nodes, links };
}
