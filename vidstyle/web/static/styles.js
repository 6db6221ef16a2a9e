// The styles to choose from: those built in, and a picture of one's own.

import { styles } from "./api.js";

const grid = document.getElementById("styles");
const template = document.getElementById("style-template");
let own = null;

export async function fill() {
  for (const { name, picture } of await styles()) {
    const item = template.content.cloneNode(true);
    item.querySelector("input").value = name;
    item.querySelector("img").src = picture;
    item.querySelector("span").textContent = name;
    grid.append(item);
  }
  grid.querySelector("input").checked = true;
  grid.append(ownStyle());
}

// A radio button as the others are; choosing it, or dropping a picture on it, asks for the picture.
function ownStyle() {
  const item = template.content.cloneNode(true);
  const [label, radio, image, words] = ["label", "input", "img", "span"].map((tag) => item.querySelector(tag));
  const plus = document.createElement("div");
  const file = document.createElement("input");
  plus.className = "own";
  plus.textContent = "+";
  plus.setAttribute("aria-hidden", "true");
  image.before(plus);
  image.hidden = true;
  radio.value = "";
  radio.id = "own-style";
  words.textContent = "your own";
  Object.assign(file, { type: "file", accept: "image/*", hidden: true, id: "own-file" });
  label.after(file);
  item.append(file);

  const take = (picture) => {
    if (!picture) return;
    own = picture;
    radio.checked = true;
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(picture);
    image.hidden = false;
    plus.hidden = true;
    words.textContent = picture.name;
    grid.dispatchEvent(new Event("change", { bubbles: true }));
  };
  image.addEventListener("error", () => { image.hidden = true; plus.hidden = false; });
  radio.addEventListener("click", () => file.click());
  file.addEventListener("change", () => take(file.files[0]));
  label.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
  return item;
}

// {style: a name} or {picture: a File}; an Error where there is none.
export function chosen() {
  const name = grid.querySelector("input[name=style]:checked")?.value;
  if (name) return { style: name };
  if (own) return { picture: own };
  throw new Error("Choose the picture whose style it shall have.");
}
