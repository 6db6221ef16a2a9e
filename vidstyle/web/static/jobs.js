// The list of jobs, as the server tells of them.

import { cancel, remove, sentence } from "./api.js";
import { Compare } from "./compare.js";
import { about, megabytes } from "./words.js";

const list = document.getElementById("jobs");
const part = document.getElementById("job-part");
const template = document.getElementById("job-template");
const said = document.getElementById("said");
const connection = document.getElementById("connection");
const over = new Set(["done", "failed", "cancelled"]);

export function startJobs() {
  const cards = new Map();

  function show(job) {
    if (job.gone) { drop(job.id); return; }
    let card = cards.get(job.id);
    if (!card) {
      card = new Card(job, () => drop(job.id));
      cards.set(job.id, card);
      list.prepend(card.item);
    }
    card.show(job);
    part.hidden = false;
  }

  function drop(id) {
    const card = cards.get(id);
    if (!card) return;
    const held = card.item.contains(document.activeElement);
    const next = card.item.nextElementSibling ?? card.item.previousElementSibling;
    card.close();
    cards.delete(id);
    part.hidden = !list.children.length;
    if (held) (next?.querySelector(".job-buttons > :not([hidden])") ?? document.getElementById("file")).focus();
  }

  const source = new EventSource("/api/events");
  source.addEventListener("open", () => { connection.hidden = true; });
  source.addEventListener("error", () => { connection.hidden = false; });
  source.addEventListener("jobs", (event) => {
    const all = JSON.parse(event.data);
    for (const id of [...cards.keys()]) if (!all.some((job) => job.id === id)) drop(id);
    for (const job of all.reverse()) show(job);
  });
  source.addEventListener("job", (event) => show(JSON.parse(event.data)));

  return { show, uploading };
}

// A card for a file that is being sent.
function uploading(name, style) {
  const item = template.content.cloneNode(true).firstElementChild;
  const part = (name) => item.querySelector(`.job-${name}`);
  item.dataset.state = "sending";
  part("name").textContent = name;
  part("style").textContent = `in ${style}`;
  part("state").textContent = "Sending …";
  for (const name of ["compare", "download", "remove"]) part(name).hidden = true;
  list.prepend(item);
  document.getElementById("job-part").hidden = false;
  item.scrollIntoView({ block: "nearest" });
  return {
    progress: (share) => {
      part("progress").value = share;
      part("state").textContent = share < 1 ? `Sending: ${Math.floor(100 * share)} %` : "Sent; a moment …";
    },
    onCancel: (stop) => part("cancel").addEventListener("click", stop),
    close: () => { item.remove(); document.getElementById("job-part").hidden = !list.children.length; },
  };
}

class Card {
  constructor(job, onRemoved) {
    this.item = template.content.cloneNode(true).firstElementChild;
    this.item.dataset.id = job.id;
    this.part("name").textContent = job.name;
    this.part("style").textContent = words(job);
    this.part("cancel").addEventListener("click", () => this.ask(() => cancel(job.id)));
    this.part("remove").addEventListener("click", () => this.ask(async () => { await remove(job.id); onRemoved(); }));
    this.part("compare").addEventListener("click", () => this.compare());
    for (const button of this.item.querySelectorAll("button, a")) button.setAttribute("aria-label", `${button.textContent}: ${job.name}`);
  }

  part(name) { return this.item.querySelector(`.job-${name}`); }

  show(job) {
    if (this.job && this.job.state !== job.state && over.has(job.state)) said.textContent = `${job.name}: ${state(job)}`;
    if (this.job?.state !== job.state) document.dispatchEvent(new Event("queue"));
    this.job = job;
    this.item.dataset.state = job.state;
    this.part("state").textContent = state(job);
    const held = document.activeElement === this.part("cancel");
    this.part("cancel").hidden = over.has(job.state);
    this.part("remove").hidden = !over.has(job.state);
    this.part("download").hidden = !job.result;
    this.part("compare").hidden = !(job.before && job.after);
    if (job.result) this.part("download").href = job.result.url;
    if (held && over.has(job.state)) this.part("remove").focus();
    const bar = this.part("progress");
    bar.hidden = over.has(job.state);
    bar.setAttribute("aria-label", `Progress: ${job.name}`);
    if (job.state === "running" && job.frames && job.total) bar.value = Math.min(1, job.frames / job.total);
    else if (job.state === "waiting") bar.value = 0;
    else bar.removeAttribute("value");
    this.part("notes").replaceChildren(...job.notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    }));
  }

  async ask(action) {
    try {
      await action();
    } catch (error) {
      this.part("state").textContent = error.message;
    }
  }

  compare() {
    const button = this.part("compare");
    if (this.view) {
      this.view.close();
      this.view = null;
    } else {
      this.view = new Compare(this.job);
      this.part("view").append(this.view.figure);
    }
    button.setAttribute("aria-expanded", Boolean(this.view));
  }

  close() {
    this.view?.close();
    this.item.remove();
  }
}

function words(job) {
  const extras = [`in ${job.style}`];
  if (job.strength < 1) extras.push(`${Math.round(100 * job.strength)} %`);
  if (job.keep_color) extras.push("own colours");
  if (job.temporal === "off") extras.push("not steadied");
  if (job.temporal === "best") extras.push("steadiest");
  return extras.join(" · ");
}

function state(job) {
  if (job.state === "waiting") return job.position ? `Waiting; ${job.position} before it` : "Waiting; it is next";
  if (job.state === "failed") return sentence(job.error);
  if (job.state === "cancelled") return "Cancelled.";
  if (job.state === "done") {
    const facts = [`Done in ${about(job.ended - job.started)}`, `${job.size[0]}×${job.size[1]}`, megabytes(job.result.bytes)];
    if (!job.still) facts.splice(1, 0, `${job.frames} frame${job.frames === 1 ? "" : "s"}`);
    return facts.join(" · ");
  }
  if (!job.frames) return "Starting …";
  if (job.total && job.frames >= job.total) return "Finishing …";
  const facts = [`Painting: ${job.frames}${job.total ? ` of ${job.total}` : ""} frames`, `${job.fps.toFixed(1)} a second`];
  if (job.eta !== null) facts.push(`about ${about(job.eta)} to go`);
  return facts.join(" · ");
}
