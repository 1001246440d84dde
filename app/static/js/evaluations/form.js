// The form of a new evaluation: fields that belong together are shown together, paths are completed.
import { prepare } from "../form.js";

prepare(document.getElementById("evaluation-form"));
