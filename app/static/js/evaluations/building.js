// The page of an atlas while it is built: progress, and the atlas itself as soon as it is done.
import { follow, onEvent } from "../job.js";
import "./going_on.js";

onEvent("status", (event) => { if (event.status === "Done") setTimeout(() => location.reload(), 500); });
follow();
