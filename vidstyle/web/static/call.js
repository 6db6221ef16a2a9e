// One connection to the server: a camera's stream goes there, the painted one comes back.

import { call as ask } from "./api.js";

const GATHERING = 2000, SILENCE = 8000;
const CODECS = 40; // milliseconds of the browser's encoder, the server's decoder, and what waits between them

export class Call {
  // Told of what happens: the painted stream, figures every second, a wish that cannot be fulfilled, an end that the
  // server wants, a connection that is lost.
  onPicture = () => {};
  onFigures = () => {};
  onError = () => {};
  onEnd = () => {};
  onLoss = () => {};
  #peer = null;
  #channel = null;
  #session = "";
  #closed = false;
  #silence = 0;

  constructor(stream, wish) {
    this.stream = stream;
    this.first = wish;
  }

  // An Error whose message can be shown where it does not come about.
  async begin() {
    const { ice_servers: iceServers } = await ask("/api/webcam");
    if (this.#closed) return;
    const peer = (this.#peer = new RTCPeerConnection({ iceServers }));
    const channel = (this.#channel = peer.createDataChannel("wishes"));
    channel.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    channel.onclose = () => this.#lost();
    peer.onconnectionstatechange = () => { if (peer.connectionState === "failed") this.#lost(); };
    peer.ontrack = ({ track, receiver }) => {
      // Shown as soon as it is there: it is of now, not to be watched in peace.
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
      this.onPicture(new MediaStream([track]));
    };
    const [track] = this.stream.getVideoTracks();
    const { sender } = peer.addTransceiver(track, { streams: [this.stream], sendEncodings: [{ maxBitrate: 2_500_000 }] });
    await peer.setLocalDescription();
    // With every frame of another size the server would have to prepare for it.
    await sender.setParameters({ ...sender.getParameters(), degradationPreference: "maintain-resolution" }).catch(() => {});
    await gathered(peer);
    if (this.#closed) return;
    const { session, sdp } = await ask("/api/webcam/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ sdp: peer.localDescription.sdp, wish: this.first }),
    });
    this.#session = session;
    if (this.#closed) return this.#leave();
    await peer.setRemoteDescription({ type: "answer", sdp });
    this.#heard();
  }

  wish(wish) {
    if (this.#channel?.readyState === "open") this.#channel.send(JSON.stringify(wish));
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#silence);
    this.#peer?.close();
    this.#leave();
  }

  #hear({ stats, error, ended }) {
    if (this.#closed) return;
    this.#heard();
    if (stats) this.#late(stats).then((late) => { if (!this.#closed) this.onFigures({ ...stats, late }); });
    if (error) this.onError(error);
    if (ended) this.onEnd(ended);
  }

  // Milliseconds by which the painting is late in a recording, which takes it for as old as it was when it left the
  // server: what the camera's picture takes to get there, and its time with the painter.
  async #late({ latency_p50: painting }) {
    const pair = [...(await this.#peer.getStats()).values()].find((each) => each.type === "candidate-pair" && each.nominated);
    return CODECS + 500 * (pair?.currentRoundTripTime ?? 0) + (painting ?? 0);
  }

  // The server says something every second.
  #heard() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), SILENCE);
  }

  #lost() {
    if (!this.#closed) this.onLoss();
  }

  // Also while the page is being closed.
  #leave() {
    if (this.#session) fetch(`/api/webcam/sessions/${this.#session}`, { method: "DELETE", keepalive: true }).catch(() => {});
  }
}

// All addresses are in the offer; a server of addresses that does not answer is not waited for.
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, GATHERING);
    peer.addEventListener("icegatheringstatechange", () => { if (peer.iceGatheringState === "complete") resolve(); });
  });
}
