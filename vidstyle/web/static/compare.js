// Before and after, one over the other, with a wipe.

import { clock } from "./words.js";

const template = document.getElementById("compare-template");
const APART = 0.25; // seconds by which the videos may differ while they play, and the one that follows is hurried or slowed

export class Compare {
  constructor(job) {
    this.figure = template.content.cloneNode(true).firstElementChild;
    const moving = !job.still && job.result.type.startsWith("video/");
    this.before = this.load("before", job, moving);
    this.after = this.load("after", job, moving);
    const stage = this.part("stage"), wipe = this.part("wipe");
    wipe.addEventListener("input", () => stage.style.setProperty("--wipe", `${wipe.value / 10}%`));
    this.part("controls").hidden = !moving;
    if (moving) this.drive();
  }

  part(name) { return this.figure.querySelector(`.compare-${name}`); }

  load(side, job, moving) {
    const media = document.createElement(moving ? "video" : "img");
    if (moving) Object.assign(media, { muted: true, playsInline: true, preload: "auto", loop: false });
    else media.alt = side;
    media.addEventListener("error", () => {
      const error = this.part("error");
      error.textContent = "This browser cannot show it here; download it to look at it.";
      error.hidden = false;
    });
    media.src = job[side];
    this.part(side).append(media);
    return media;
  }

  // The painted video leads; the other follows.
  drive() {
    const { before, after } = this;
    const play = this.part("play"), time = this.part("time"), sound = this.part("sound");
    const follow = () => {
      const behind = after.currentTime - before.currentTime;
      before.playbackRate = after.paused ? 1 : Math.min(1.5, Math.max(0.5, 1 + 2 * behind));
      if (!before.seeking && Math.abs(behind) > (after.paused ? 0.005 : APART)) before.currentTime = after.currentTime;
    };
    const show = () => {
      const length = after.duration || 0;
      if (length) time.value = (1000 * after.currentTime) / length;
      this.part("clock").textContent = `${clock(after.currentTime)} / ${clock(length)}`;
      play.textContent = after.paused ? "Play" : "Pause";
    };
    const step = () => {
      follow();
      show();
      if (!after.paused && this.figure.isConnected) requestAnimationFrame(step);
    };
    play.addEventListener("click", () => (after.paused ? after.play().catch(() => {}) : after.pause()));
    after.addEventListener("play", () => { before.play().catch(() => {}); step(); });
    before.addEventListener("seeked", () => after.paused && follow());
    after.addEventListener("pause", () => { before.pause(); follow(); show(); });
    for (const type of ["loadedmetadata", "timeupdate", "seeked"]) after.addEventListener(type, show);
    time.addEventListener("input", () => {
      after.currentTime = (time.value / 1000) * (after.duration || 0);
      follow();
    });
    sound.addEventListener("click", () => {
      after.muted = !after.muted;
      sound.setAttribute("aria-pressed", String(!after.muted));
    });
  }

  close() {
    for (const media of [this.before, this.after]) media.removeAttribute("src");
    this.figure.remove();
  }
}
