// Two classes that are confused: the images in between, the most undecided first.
import { $, pageData } from "../dom.js";
import "../thumbs.js";
import "./choose.js";
import { Gallery } from "./gallery.js";

const { address, between } = $("#pair").dataset;
const gallery = new Gallery(address, pageData("about").classes, { between });
gallery.pair = between.split("-").map(Number);
gallery.load();
