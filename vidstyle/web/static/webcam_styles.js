// The styles a webcam is painted in: those built in and pictures of one's own, one of them or two mixed.

import { call, styles } from "./api.js";

const template = document.getElementById("style-template");

export class Styles {
  #grid;
  #second;
  #changed;
  #say;
  #filling = null;

  // grid: where they are shown; second: a select, for the one that is mixed in.
  constructor(grid, second, changed, say) {
    this.#grid = grid;
    this.#second = second;
    this.#changed = changed;
    this.#say = say;
  }

  // Asks for them once, and again only where that failed.
  fill() {
    return (this.#filling ??= this.#fill().catch((error) => { this.#filling = null; throw error; }));
  }

  async #fill() {
    for (const { name, picture } of await styles()) this.#add(name, name, picture);
    this.#grid.querySelector("input").checked = true;
    this.#grid.append(this.#sender());
  }

  // As the server wants to know it. share: of the second style.
  mixture(share) {
    const first = this.#grid.querySelector("input:checked").value, second = this.#second.value;
    if (!second || second === first) return [{ style: first, weight: 1 }];
    return [{ style: first, weight: 1 - share }, { style: second, weight: share }];
  }

  #add(value, name, picture) {
    const item = template.content.cloneNode(true);
    const input = item.querySelector("input");
    Object.assign(input, { value, name: "webcam-style" });
    item.querySelector("img").src = picture;
    item.querySelector("span").textContent = name;
    this.#grid.insertBefore(item, this.#grid.querySelector(".send-style"));
    this.#second.append(new Option(name, value));
    return input;
  }

  // A place for pictures of one's own, which become styles beside the others.
  #sender() {
    const label = document.createElement("label"), file = document.createElement("input");
    const plus = document.createElement("div"), words = document.createElement("span");
    label.className = "style send-style";
    Object.assign(file, { type: "file", accept: "image/*", className: "cover", id: "webcam-own" });
    plus.className = "own";
    plus.textContent = "+";
    plus.setAttribute("aria-hidden", "true");
    words.textContent = "your own";
    file.addEventListener("input", (event) => event.stopPropagation());
    file.addEventListener("change", () => this.#send(file, words));
    label.append(file, plus, words);
    return label;
  }

  async #send(file, words) {
    const [picture] = file.files;
    if (!picture) return;
    this.#say();
    words.textContent = "sending …";
    try {
      const form = new FormData();
      form.set("picture", picture);
      const { style } = await call("/api/webcam/styles", { method: "POST", body: form });
      const input = this.#add(style, picture.name, URL.createObjectURL(picture));
      input.checked = true;
      input.focus();
      this.#changed();
    } catch (error) {
      this.#say(error.message);
    } finally {
      file.value = "";
      words.textContent = "your own";
    }
  }
}
