// The microphone's sound for a recording; it does not leave the browser.

const LONGEST = 5, CALM = 0.5; // seconds: of delay at most; in which two thirds of a change are made, which bends tones

// As much later as the painting is, in milliseconds, which `follow` is told anew when that changes.
export async function microphone(latency) {
  const taken = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const late = new DelayNode(context, { delayTime: Math.min(latency / 1000, LONGEST), maxDelayTime: LONGEST });
  const out = new MediaStreamAudioDestinationNode(context);
  new MediaStreamAudioSourceNode(context, { mediaStream: taken }).connect(late).connect(out);
  return {
    tracks: out.stream.getAudioTracks(),
    follow(latency) {
      late.delayTime.setTargetAtTime(Math.min(latency / 1000, LONGEST), context.currentTime, CALM);
    },
    close() {
      taken.getTracks().forEach((track) => track.stop());
      context.close();
    },
  };
}
