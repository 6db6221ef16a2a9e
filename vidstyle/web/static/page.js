// Which part is shown, and the part that paints files.

import { fill as fillStyles } from "./styles.js";
import { limits } from "./api.js";
import { startOrders } from "./order.js";
import { startJobs } from "./jobs.js";

const parts = ["video", "webcam"];

function showPart() {
  const wanted = location.hash.slice(1);
  const shown = parts.includes(wanted) ? wanted : "video";
  for (const part of parts) {
    document.getElementById(part).hidden = part !== shown;
    const link = document.getElementById(`to-${part}`);
    if (part === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", () => { showPart(); scrollTo(0, 0); });
showPart();

// A file that is dropped beside its place is not opened by the browser.
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());

const jobs = startJobs();
const error = document.getElementById("order-error");
try {
  startOrders(await limits(), jobs);
  await fillStyles();
} catch (problem) {
  error.textContent = problem.message;
  error.hidden = false;
}
