// The microphone's sound for a recording; it does not leave the browser.

const WAY = 0.06; // seconds that a picture is on its way, beside its time on the server: two encoders, two decoders

// As much later as the painting is, of which the server tells its part in milliseconds.
export async function microphone(latency) {
  const taken = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const late = new DelayNode(context, { delayTime: WAY + latency / 1000, maxDelayTime: 5 });
  const out = new MediaStreamAudioDestinationNode(context);
  new MediaStreamAudioSourceNode(context, { mediaStream: taken }).connect(late).connect(out);
  return {
    tracks: out.stream.getAudioTracks(),
    close() {
      taken.getTracks().forEach((track) => track.stop());
      context.close();
    },
  };
}
