// The form: a file, a style, how strongly.

import { call, sentence, submit } from "./api.js";
import { chosen } from "./styles.js";
import { about, clock, megabytes } from "./words.js";

const at = (id) => document.getElementById(id);
const image = at("chosen-image"), video = at("chosen-video");
let file = null, seconds = 0;

export function startOrders(limits, jobs) {
  at("file-limits").textContent = `up to ${megabytes(limits.max_bytes)} and ${clock(limits.max_seconds)}`;
  at("keep").textContent = `Each is removed ${about(limits.keep)} after it ended, and all when the server ends.`;
  at("file").addEventListener("change", () => take(at("file").files[0], limits));
  at("strength").addEventListener("input", () => { at("strength-value").textContent = `${at("strength").value} %`; });
  at("order").addEventListener("submit", (event) => { event.preventDefault(); send(limits, jobs); });
  at("styles").addEventListener("change", () => say("style-error"));

  const drop = at("drop");
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => take(event.dataTransfer.files[0], limits));
  document.addEventListener("queue", showBusy);
  showBusy();
  take(at("file").files[0], limits); // chosen before all this was there
}

function say(id, text = "") {
  at(id).textContent = text;
  at(id).hidden = !text;
}

// What is wrong with a file, as far as the browser can tell.
function wrong(limits) {
  if (!file) return "Choose a video or a picture first.";
  if (!file.size) return `${file.name} is empty.`;
  if (file.size > limits.max_bytes) return `${file.name} has ${megabytes(file.size)}; at most ${megabytes(limits.max_bytes)} are taken here.`;
  if (/^(text|audio|font)\/|pdf|zip|officedocument|msword/.test(file.type) && file.type !== "text/vnd.trolltech.linguist") return `${file.name} is no video and no picture.`;
  if (seconds > limits.max_seconds) return `${file.name} is ${clock(seconds)} long; at most ${clock(limits.max_seconds)} are taken here.`;
  return "";
}

function take(given, limits) {
  if (!given) return;
  file = given;
  seconds = 0;
  say("order-error");
  say("file-error", wrong(limits));
  at("file-label").textContent = `${file.name}, ${megabytes(file.size)}`;
  at("file-limits").textContent = "Drop or choose another one to replace it.";
  for (const shown of [image, video]) {
    shown.hidden = true;
    if (shown.src) URL.revokeObjectURL(shown.src);
    shown.removeAttribute("src");
  }
  const still = file.type.startsWith("image/"), shown = still ? image : video;
  // What the browser cannot show may be painted all the same.
  shown.onload = shown.onloadeddata = () => { shown.hidden = false; };
  video.onloadedmetadata = () => { seconds = Number.isFinite(video.duration) ? video.duration : 0; say("file-error", wrong(limits)); };
  if (file.size) shown.src = URL.createObjectURL(file);
}

async function send(limits, jobs) {
  say("order-error");
  say("style-error");
  const problem = wrong(limits);
  if (problem) { say("file-error", problem); at("file").focus(); return; }
  let style;
  try {
    style = chosen();
  } catch (error) {
    say("style-error", error.message);
    at("own-style").focus();
    return;
  }
  if (style.picture && style.picture.size > limits.max_style_bytes) {
    say("style-error", `${style.picture.name} has ${megabytes(style.picture.size)}; at most ${megabytes(limits.max_style_bytes)} are taken as a style.`);
    return;
  }
  const sent = file;
  try {
    // Asked before, as a browser that is refused in the middle of sending does not read why.
    const { refusal } = await call("/api/limits");
    if (refusal) { say("order-error", sentence(refusal)); return; }
  } catch (error) {
    say("order-error", `${sent.name}: ${error.message}`);
    return;
  }
  const form = new FormData();
  form.set("strength", at("strength").value / 100);
  form.set("temporal", at("order").elements.temporal.value);
  form.set("keep_color", at("keep-color").checked);
  form.set("format", at("same-format").checked ? "same" : "mp4");
  if (style.style) form.set("style", style.style);
  else form.set("picture", style.picture);
  form.set("video", sent);

  const card = jobs.uploading(sent.name, style.style ?? style.picture.name);
  const [answer, stop] = submit(form, card.progress);
  const leave = (event) => event.preventDefault();
  addEventListener("beforeunload", leave);
  card.onCancel(stop);
  answer.then((job) => { card.close(); jobs.show(job); })
    .catch((error) => {
      card.close();
      if (error.name !== "AbortError") say("order-error", `${sent.name}: ${error.message}`);
    })
    .finally(() => removeEventListener("beforeunload", leave));
}

// How long the queue is, before one gets into it.
async function showBusy() {
  try {
    const { running, waiting } = await call("/api/limits");
    at("busy").textContent = waiting ? `${waiting} in the queue` : running ? "the painter is busy; yours would be next" : "";
  } catch { /* the line about the connection says it */ }
}
