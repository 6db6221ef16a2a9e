// Pictures and recordings of the webcam, saved by the browser; the server keeps none.

// Containers, and codecs for picture and sound.
const KINDS = [["video/mp4", "avc1.42E01F", "mp4a.40.2"], ["video/webm", "vp9", "opus"], ["video/webm", "vp8", "opus"], ["video/webm"], ["video/mp4"]];

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
  #sound;

  // onTick is told how long it is, every second. sound: of a microphone, if any; it is closed at the end. An Error where
  // the browser cannot record.
  constructor(stream, onTick, sound = null) {
    if (!window.MediaRecorder) throw new Error("This browser cannot record; take a newer one");
    const kinds = KINDS.map(([file, ...codecs]) => (codecs.length ? `${file};codecs=${codecs.slice(0, sound ? 2 : 1)}` : file));
    const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
    const tracks = [...stream.getVideoTracks(), ...(sound?.tracks ?? [])];
    this.#recorder = new MediaRecorder(new MediaStream(tracks), { mimeType, videoBitsPerSecond: 4_000_000 });
    this.#sound = sound;
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

  // How late the painting is now, in milliseconds.
  follow(latency) {
    this.#sound?.follow(latency);
  }

  // Ends it and saves it.
  async stop() {
    clearInterval(this.#ticking);
    if (this.#recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => { this.#recorder.onstop = resolve; });
      this.#recorder.stop();
      await stopped;
    }
    this.#sound?.close();
    const type = this.#recorder.mimeType.split(";")[0];
    if (this.#parts.length) save(new Blob(this.#parts, { type }), type === "video/mp4" ? "mp4" : "webm");
  }
}
