// The part of the page with the webcam: its picture goes to the server by WebRTC and comes back painted.

import { sentence } from "./api.js";
import { Call } from "./call.js";
import { microphone } from "./microphone.js";
import { Styles } from "./webcam_styles.js";
import { save, Recording } from "./saving.js";

const at = (id) => document.getElementById(id);
const look = at("look"), painted = at("painted"), camera = at("camera");
const RETRIES = 10, LONGEST = 8000;

const styles = new Styles(at("webcam-styles"), at("second"), wish, (text) => say("webcam-style-error", text));
let stream = null, call = null, recording = null, tries = 0, retry = 0, asked = false;
let there = false, brushes = false;  // a picture has come back; one was painted

function say(id, text = "") {
  at(id).textContent = text && sentence(text);
  at(id).hidden = !text;
}

// off: no camera; waiting: on the way; live: the painted picture is there.
function become(state, words = "") {
  at("stage").dataset.state = state;
  at("stage-words").textContent = words;
  at("webcam-switch").textContent = state === "off" ? "Turn the camera on" : "Turn it off";
  at("webcam-switch").classList.toggle("main", state === "off");
  at("snapshot").disabled = at("record").disabled = state !== "live";
  at("webcam-figures").hidden = state !== "live";
  camera.hidden = state === "off" || !at("show-camera").checked;
}

// How it shall be painted now.
function wanted() {
  return {
    styles: styles.mixture(at("share").value / 100),
    strength: at("webcam-strength").value / 100,
    temporal: look.elements.level.value,
    keep_color: at("webcam-keep-color").checked,
  };
}

// Tells the server, once for all that changes until the next frame is drawn.
function wish() {
  for (const id of ["share", "webcam-strength"]) at(`${id}-value`).textContent = `${at(id).value} %`;
  at("share").disabled = !at("second").value;
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; call?.wish(wanted()); });
}

const size = () => {
  const [width, height] = look.elements.size.value.split("x").map(Number);
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30, max: 30 } };
};

async function turnOn() {
  say("webcam-error");
  say("webcam-note");
  become("waiting", "Waiting for the camera …");
  const turn = (turnOn.turn = Symbol());
  try {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("The browser gives a camera only to pages from localhost or over https; open the page by such an address");
    if (!window.RTCPeerConnection) throw new Error("This browser has no WebRTC, or it is switched off; take another browser, or switch it on");
    const id = at("cameras").value;
    const taken = await navigator.mediaDevices.getUserMedia({ video: { ...size(), ...(id && { deviceId: { exact: id } }) } });
    if (turn !== turnOn.turn) return taken.getTracks().forEach((track) => track.stop());
    stream = taken;
    stream.getVideoTracks()[0].addEventListener("ended", () => turnOff("The camera is gone; connect it, then turn it on again"));
    camera.srcObject = stream;
    camera.play().catch(() => {});
    listCameras();
    await styles.fill(); // whoever is quick may be here before them
    if (turn !== turnOn.turn) return;
    say("webcam-style-error");
    tries = 0;
    connect();
  } catch (error) {
    if (turn === turnOn.turn) turnOff(ofCamera(error));
  }
}

function ofCamera(error) {
  return {
    NotAllowedError: "The camera may not be used: allow it for this page, beside its address in the browser, then turn it on again",
    NotFoundError: "No camera was found; connect one, then turn it on again",
    NotReadableError: "The camera does not start; another program may be using it",
    OverconstrainedError: "That camera is not here any more; choose another one",
  }[error.name] ?? error.message;
}

async function connect() {
  become("waiting", tries ? "The connection is lost; trying again …" : "Preparing the brushes …");
  there = brushes = false;
  const now = call = new Call(stream, wanted());
  now.onPicture = (picture) => { painted.srcObject = picture; painted.play().catch(() => {}); };
  now.onFigures = showFigures;
  now.onError = (text) => say("webcam-note", text);
  now.onEnd = (why) => { if (now === call) turnOff(why); };
  now.onLoss = () => { if (now === call) again(); };
  try {
    await now.begin();
    if (now === call) now.wish(wanted());
  } catch (error) {
    if (now !== call) return;
    if (tries) again();
    else turnOff(error.message);
  }
}

// The first picture of every connection may come before the first painting.
painted.addEventListener("playing", () => { if (call) { tries = 0; there = true; goLive(); } });

function goLive() {
  if (there && at("stage").dataset.state === "waiting" && (brushes || at("webcam-strength").value === "0")) become("live");
}

function again() {
  stopRecording("The connection was lost; what was recorded until then is saved");
  call.close();
  if (tries >= RETRIES) return turnOff("The connection to the server is lost; see whether it still runs, then turn the camera on again");
  become("waiting", "The connection is lost; trying again …");
  retry = setTimeout(connect, Math.min(LONGEST, 500 * 2 ** tries));
  tries += 1;
}

function turnOff(why = "") {
  turnOn.turn = null;
  clearTimeout(retry);
  stopRecording();
  call?.close();
  stream?.getTracks().forEach((track) => track.stop());
  call = stream = painted.srcObject = camera.srcObject = null;
  become("off", "The camera is off.");
  say("webcam-error", why);
}

async function listCameras() {
  const all = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  const used = stream?.getVideoTracks()[0]?.getSettings().deviceId;
  at("cameras-field").hidden = all.length < 2;
  at("cameras").replaceChildren(...all.map((device, number) => new Option(device.label || `camera ${number + 1}`, device.deviceId, false, device.deviceId === used)));
}

function showFigures(figures) {
  window.figures = figures; // for who measures
  const one = (number) => (number == null ? "–" : number.toFixed(number < 100 ? 1 : 0));
  at("figure-fps").textContent = `${one(figures.fps_in)} in, ${one(figures.fps_out)} out`;
  at("figure-drops").textContent = `${figures.drops} of ${figures.frames_in}`;
  at("figure-latency").textContent = `${one(figures.latency_p50)} ms, 95 %: ${one(figures.latency_p95)} ms`;
  recording?.follow(figures.late);
  brushes = figures.painted > 0;
  goLive();
}

function snapshot() {
  const canvas = document.createElement("canvas");
  canvas.width = painted.videoWidth;
  canvas.height = painted.videoHeight;
  canvas.getContext("2d").drawImage(painted, 0, 0);
  canvas.toBlob((blob) => { save(blob, "png"); say("webcam-note", "The snapshot is saved"); }, "image/png");
}

async function record() {
  if (recording) return stopRecording();
  const during = call;
  let sound = null;
  try {
    at("record").disabled = true; // while the browser asks for the microphone
    if (at("record-sound").checked) sound = await microphone(window.figures?.late ?? 0);
    if (call !== during || !there) return sound?.close();
    recording = new Recording(painted.srcObject, (clock) => { at("recording").textContent = clock; }, sound);
  } catch (error) {
    sound?.close();
    say("webcam-note", ofMicrophone(error));
  } finally {
    at("record").disabled = at("stage").dataset.state !== "live";
  }
  showRecording();
}

function ofMicrophone(error) {
  return {
    NotAllowedError: "The microphone may not be used: allow it for this page, beside its address in the browser, or record without sound",
    NotFoundError: "No microphone was found; connect one, or record without sound",
    NotReadableError: "The microphone does not start; another program may be using it",
  }[error.name] ?? error.message;
}

async function stopRecording(why = "The recording is saved") {
  const ended = recording;
  if (!ended) return;
  recording = null;
  showRecording();
  await ended.stop();
  say("webcam-note", why);
}

function showRecording() {
  at("recording").hidden = !recording;
  at("record").textContent = recording ? "Stop recording" : "Record";
  at("record").setAttribute("aria-pressed", String(Boolean(recording)));
}

at("webcam-switch").addEventListener("click", () => (at("stage").dataset.state === "off" ? turnOn() : turnOff()));
at("webcam-switch").disabled = false; // from now on it is heard
at("snapshot").addEventListener("click", snapshot);
at("record").addEventListener("click", record);
at("show-camera").addEventListener("change", () => { camera.hidden = !stream || !at("show-camera").checked; });
at("cameras").addEventListener("change", () => { turnOff(); turnOn(); });
look.addEventListener("submit", (event) => event.preventDefault());
look.addEventListener("input", (event) => {
  if (event.target.name === "size") stream?.getVideoTracks()[0].applyConstraints(size()).catch((error) => say("webcam-note", error.message));
  else wish();
});
addEventListener("hashchange", () => { if (location.hash !== "#webcam" && stream) turnOff(); });
addEventListener("pagehide", () => call?.close());
addEventListener("pageshow", (event) => { if (event.persisted) turnOff(); });

try {
  await styles.fill();
} catch (error) {
  say("webcam-style-error", error.message);
}
