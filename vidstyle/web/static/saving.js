// Pictures and recordings of the webcam, saved by the browser; the server keeps none.

const KINDS = ["video/mp4;codecs=avc1.42E01F", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];

export function save(blob, ending) {
  const now = new Date(), local = new Date(now - now.getTimezoneOffset() * 60_000);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `vidstyle-${local.toISOString().slice(0, 19).replace("T", "-").replaceAll(":", ".")}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export class Recording {
  #recorder;
  #parts = [];
  #ticking;

  // onTick is told how long it is, every second. An Error where the browser cannot record.
  constructor(stream, onTick) {
    if (!window.MediaRecorder) throw new Error("This browser cannot record; take a newer one");
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    this.#recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 4_000_000 });
    this.#recorder.ondataavailable = ({ data }) => { if (data.size) this.#parts.push(data); };
    this.#recorder.start(1000);
    const began = Date.now();
    const tick = () => {
      const seconds = Math.floor((Date.now() - began) / 1000);
      onTick(`● ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
    };
    tick();
    this.#ticking = setInterval(tick, 1000);
  }

  // Ends it and saves it.
  async stop() {
    clearInterval(this.#ticking);
    if (this.#recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => { this.#recorder.onstop = resolve; });
      this.#recorder.stop();
      await stopped;
    }
    const type = this.#recorder.mimeType.split(";")[0];
    if (this.#parts.length) save(new Blob(this.#parts, { type }), type === "video/mp4" ? "mp4" : "webm");
  }
}
