// The client of the ELK layout, whose work is done by vendor/elk-worker.min.js in a web worker; bundled by vendor.mjs.
export { default as ELK } from "elkjs/lib/elk-api.js";
